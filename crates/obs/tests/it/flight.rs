//! The flight recorder in a whole service: which requests leave what was held, and that nothing else changes by it.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use obs::config::{FlightRecorder, SamplerChoice};
use obs::testing::{Line, Testing};
use tower::ServiceExt;

const REQUESTS: u64 = 1_000;

/// Every so many fail, and one panics.
fn fails(id: u64) -> bool {
    id % 97 == 13 || id == 500
}

#[tracing::instrument(level = "debug")]
async fn look_up(id: u64) -> u64 {
    tracing::debug!(rows = id, "looked up");
    tokio::task::yield_now().await;
    tracing::info!("found");
    let task = obs::spawn(async move { tracing::debug!(id, "in a task") });
    task.await.unwrap();
    id
}

async fn order(Path(id): Path<u64>) -> StatusCode {
    obs::current().set("order", id);
    look_up(id).await;
    tracing::debug!(password = "hunter2", "charged");
    assert_ne!(id, 500, "no such order");
    if fails(id) { StatusCode::BAD_GATEWAY } else { StatusCode::OK }
}

async fn run(sampler: SamplerChoice) -> Testing {
    let obs = obs::testing::builder("orders")
        .levels("info")
        .sampler(sampler)
        .flight_recorder(FlightRecorder::new())
        .start();
    let app = Router::new().route("/orders/{id}", get(order)).layer(obs.layer());
    for id in 0..REQUESTS {
        let request = Request::get(format!("/orders/{id}")).body(Body::empty()).unwrap();
        // One panics, as axum leaves panics to whoever polls.
        let answer = tokio::spawn(app.clone().oneshot(request)).await;
        assert_eq!(answer.is_err(), id == 500);
        if let Ok(answer) = answer {
            axum::body::to_bytes(answer.unwrap().into_body(), 1_000).await.unwrap();
        }
    }
    obs.requests_ended(REQUESTS).await;
    obs
}

/// The lines of each request, in their order, by the id of the request.
fn by_request(lines: Vec<Line>) -> BTreeMap<String, Vec<Line>> {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for line in lines {
        all.entry(line.request_id().unwrap().to_owned()).or_default().push(line);
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_the_requests_that_fail_leave_their_debug_lines_and_their_traces() {
    let obs = run(SamplerChoice::AlwaysOff).await;
    let requests = by_request(obs.lines());
    assert_eq!(requests.len() as u64, REQUESTS);
    let mut failed = Vec::new();
    for (request_id, lines) in &requests {
        let access = lines.last().unwrap();
        assert_eq!(access.message(), "request");
        let id = access.field("order").as_u64().unwrap();
        let messages: Vec<_> = lines.iter().map(|line| (line.level(), line.message())).collect();
        let held = [("DEBUG", "looked up"), ("DEBUG", "in a task"), ("DEBUG", "charged")];
        let mut expected = vec![("INFO", "found")];
        if fails(id) {
            failed.push((request_id.clone(), access.trace_id().unwrap()));
            expected.extend(held);
        }
        expected.push((if fails(id) { "ERROR" } else { "INFO" }, "request"));
        assert_eq!(messages, expected, "{id}");
        // The span is below what is written, so lines that are written show nothing of it.
        assert!(!lines[0].to_string().contains(r#""id":"#), "{}", lines[0]);
        if fails(id) {
            assert_eq!((lines[1].field("id"), lines[1].field("rows")), (&id.into(), &id.into()));
            assert_eq!(lines[1].field("recorded"), true);
            assert!(lines[3].to_string().contains(r#""password":"[redacted]""#));
        }
    }
    assert_eq!(failed.len() as u64, (0..REQUESTS).filter(|id| fails(*id)).count() as u64);
    // No head was sampled: what is exported are the server spans of those requests.
    let mut traces: Vec<_> = obs.spans().iter().map(|span| (span.name.clone(), span.ids.trace_id)).collect();
    let mut expected: Vec<_> =
        failed.iter().map(|(_, trace_id)| ("GET /orders/{id}".to_owned(), *trace_id)).collect();
    traces.sort();
    expected.sort();
    assert_eq!(traces, expected);
    assert_eq!(
        obs.value("obs_recorder_requests_total", &[("reason", "error")]),
        Some(failed.len() as f64 - 1.0)
    );
    assert_eq!(obs.value("obs_recorder_requests_total", &[("reason", "panic")]), Some(1.0));
    assert_eq!(obs.value("obs_recorder_lines_total", &[]), Some(3.0 * REQUESTS as f64));
    assert_eq!(obs.value("obs_recorder_bytes", &[]), Some(0.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_that_are_only_held_are_not_exported() {
    let obs = run(SamplerChoice::AlwaysOn).await;
    assert_eq!(obs.spans().len() as u64, REQUESTS);
    assert!(obs.spans().iter().all(|span| span.name == "GET /orders/{id}"));
    let debug = obs.lines().iter().filter(|line| line.level() == "DEBUG").count() as u64;
    assert_eq!(
        debug,
        3 * (0..REQUESTS).filter(|id| fails(*id)).count() as u64,
        "no head makes lines be written"
    );
}
