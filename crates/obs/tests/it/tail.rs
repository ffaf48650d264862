//! Tail keep in a whole service: which requests leave their traces, whole, beside the lines of the flight recorder.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use obs::config::{FlightRecorder, SamplerChoice, TraceTail};
use obs::testing::{FinishedSpan, Testing};
use tower::ServiceExt;
use tracing::Instrument;

const REQUESTS: u64 = 10_000;
const FAILURES: usize = 37;
/// The server span; `look_up`, and below it `audit`; two tasks, each with a query in it.
const SPANS: usize = 7;

/// Every so many fail, and one of them panics.
fn fails(id: u64) -> bool {
    id % 271 == 13
}

const PANICS: u64 = 13;

fn trace_id(id: u64) -> String {
    format!("{:032x}", 0xabcd_0000_0000_0000_u128 << 64 | u128::from(id + 1))
}

/// The caller's span, whose head did not record the trace.
fn caller(id: u64) -> String {
    format!("{:016x}", id + 1)
}

#[tracing::instrument]
async fn look_up(id: u64) {
    tracing::debug!("looking");
    tokio::task::yield_now().await;
    async { tokio::task::yield_now().await }.instrument(tracing::info_span!("audit")).await;
}

async fn order(Path(id): Path<u64>) -> StatusCode {
    metrics::histogram!("work_seconds").record(0.01);
    look_up(id).await;
    let task = |part: u64| {
        let work = async move { tracing::info_span!("query", part).in_scope(|| ()) };
        obs::spawn(work.instrument(tracing::info_span!("task", part)))
    };
    let (one, other) = (task(1), task(2));
    one.await.unwrap();
    other.await.unwrap();
    assert_ne!(id, PANICS, "no such order");
    if fails(id) { StatusCode::BAD_GATEWAY } else { StatusCode::OK }
}

async fn ask(app: Router, id: u64) {
    let request = Request::get(format!("/orders/{id}"))
        .header("traceparent", format!("00-{}-{}-00", trace_id(id), caller(id)))
        .header("x-request-id", format!("order-{id}"));
    let answer = tokio::spawn(app.oneshot(request.body(Body::empty()).unwrap())).await;
    assert_eq!(answer.is_err(), id == PANICS);
    if let Ok(answer) = answer {
        axum::body::to_bytes(answer.unwrap().into_body(), 1_000).await.unwrap();
    }
}

fn by_trace(spans: Vec<FinishedSpan>) -> BTreeMap<String, Vec<FinishedSpan>> {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for span in spans {
        all.entry(span.ids.trace_id.to_string()).or_default().push(span);
    }
    all
}

fn attribute(span: &FinishedSpan, key: &str) -> String {
    format!("{:?}", span.attribute(key))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ten_thousand_requests_exactly_the_37_that_fail_leave_their_traces_and_their_debug_lines() {
    let obs = obs::testing::builder("orders")
        .levels("info")
        .sampler(SamplerChoice::ParentBased(0.0))
        .trace_tail(TraceTail::errors())
        .flight_recorder(FlightRecorder::new())
        .start();
    let app = Router::new().route("/orders/{id}", get(order)).layer(obs.layer());
    let workers: Vec<_> = (0..4)
        .map(|worker| {
            let app = app.clone();
            tokio::spawn(async move {
                for id in (worker..REQUESTS).step_by(4) {
                    ask(app.clone(), id).await;
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    obs.requests_ended(REQUESTS).await;

    let failed: BTreeSet<_> = (0..REQUESTS).filter(|id| fails(*id)).collect();
    assert_eq!(failed.len(), FAILURES);
    let traces = by_trace(obs.spans());
    assert_eq!(
        traces.keys().cloned().collect::<BTreeSet<_>>(),
        failed.iter().map(|id| trace_id(*id)).collect()
    );
    for id in &failed {
        whole(&traces[&trace_id(*id)], *id);
    }
    // What the flight recorder dumped is of the same requests, by the ids that were sent.
    let dumped = obs.lines().into_iter().filter(|line| line.level() == "DEBUG");
    let dumped: BTreeSet<_> = dumped
        .map(|line| (line.trace_id().unwrap().to_string(), line.request_id().unwrap().to_owned()))
        .collect();
    assert_eq!(dumped, failed.iter().map(|id| (trace_id(*id), format!("order-{id}"))).collect());

    let value = |name: &str, labels: &[(&str, &str)]| obs.value(name, labels).unwrap();
    let waited = (REQUESTS * (SPANS as u64 - 1)) as f64;
    let kept = (FAILURES * (SPANS - 1)) as f64;
    assert_eq!(value("obs_tail_spans_total", &[]), waited);
    assert_eq!(value("obs_tail_spans_kept_total", &[]), kept);
    assert_eq!(value("obs_tail_spans_dropped_total", &[("reason", "verdict")]), waited - kept);
    assert_eq!(value("obs_tail_roots_kept_total", &[("reason", "error")]), FAILURES as f64 - 1.0);
    assert_eq!(value("obs_tail_roots_kept_total", &[("reason", "panic")]), 1.0);
    assert_eq!(value("obs_tail_roots_dropped_total", &[]), (REQUESTS - FAILURES as u64) as f64);
    assert_eq!(value("obs_tail_bytes", &[]), 0.0);
    exemplars(&obs, &failed);
}

/// All spans of one request are there, each below the one it was opened in.
fn whole(spans: &[FinishedSpan], id: u64) {
    let mut names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    names.sort_unstable();
    let expected = ["GET /orders/{id}", "audit", "look_up", "query", "query", "task", "task"];
    assert_eq!(names, expected, "{id}");
    let find = |span_id| spans.iter().find(|span| Some(span.ids.span_id) == span_id);
    for span in spans {
        let above = find(span.parent_id()).map(|parent| parent.name.as_str());
        let expected = match span.name.as_str() {
            "audit" => Some("look_up"),
            "query" => Some("task"),
            "look_up" | "task" => Some("GET /orders/{id}"),
            _ => None,
        };
        assert_eq!(above, expected, "{}", span.name);
        assert!(!span.ids.flags.is_sampled(), "the caller's decision is what it was");
    }
    let root = spans.iter().find(|span| span.name == expected[0]).unwrap();
    assert_eq!(root.parent_id().unwrap().to_string(), caller(id));
    let reason = if id == PANICS { "panic" } else { "error" };
    assert_eq!(attribute(root, "obs.kept"), format!("Some(Str({reason:?}))"));
    assert_eq!(attribute(root, "obs.sampled.head"), "Some(Bool(false))");
}

/// In the middle of a request nobody knows whether it is kept; its own duration points at traces that are there.
fn exemplars(obs: &Testing, failed: &BTreeSet<u64>) {
    let scrape = obs.recorder().render(obs_metrics::Format::OpenMetrics);
    let scrape = String::from_utf8(scrape.to_vec()).unwrap();
    let kept: BTreeSet<_> = failed.iter().map(|id| trace_id(*id)).collect();
    let mut own = 0;
    for line in scrape.lines().filter(|line| line.contains("# {trace_id=\"")) {
        assert!(!line.starts_with("work_seconds"), "{line}");
        let pointed_at = line.split("trace_id=\"").nth(1).unwrap().split('"').next().unwrap();
        assert!(kept.contains(pointed_at), "{line}");
        own += usize::from(line.starts_with("http_request_duration_seconds"));
    }
    assert!(own > 0, "{scrape}");
}

#[tokio::test]
async fn what_is_slow_is_kept_with_what_it_leaves_running() {
    let tail = TraceTail::default().slow(Duration::from_millis(50));
    let obs = obs::testing::builder("orders").sampler(SamplerChoice::AlwaysOff).trace_tail(tail).start();
    let end = Arc::new(tokio::sync::Notify::new());
    let (left, told) = tokio::sync::mpsc::unbounded_channel();
    let wait = {
        let end = Arc::clone(&end);
        move |Path(millis): Path<u64>| {
            let (end, left) = (Arc::clone(&end), left.clone());
            async move {
                let work = async move { end.notified().await }.instrument(tracing::info_span!("left behind"));
                left.send(obs::spawn(work)).unwrap();
                let begun = std::time::Instant::now();
                while begun.elapsed() < Duration::from_millis(millis) {
                    tokio::task::yield_now().await;
                }
            }
        }
    };
    let app = Router::new().route("/wait/{millis}", get(wait)).layer(obs.layer());
    for millis in [0, 60] {
        let request = Request::get(format!("/wait/{millis}")).body(Body::empty()).unwrap();
        let answer = app.clone().oneshot(request).await.unwrap();
        axum::body::to_bytes(answer.into_body(), 1_000).await.unwrap();
    }
    obs.requests_ended(2).await;
    let names = || obs.spans().into_iter().map(|span| span.name).collect::<Vec<_>>();
    assert_eq!(names(), ["GET /wait/{millis}"], "the slow one, whose work goes on");
    let mut told = told;
    let tasks = [told.recv().await.unwrap(), told.recv().await.unwrap()];
    tokio::task::yield_now().await;
    end.notify_waiters();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(
        names(),
        ["GET /wait/{millis}", "left behind"],
        "it follows its request, and so does the other's"
    );
    assert_eq!(obs.span("left behind").parent_id(), Some(obs.span("GET /wait/{millis}").ids.span_id));
}

#[test]
fn jobs_outside_of_requests_are_judged_at_their_own_end() {
    let obs = obs::testing::builder("orders")
        .sampler(SamplerChoice::AlwaysOff)
        .trace_tail(TraceTail::errors())
        .start();
    let _entered = obs.enter();
    for fails in [false, true] {
        tracing::info_span!("job", fails).in_scope(|| {
            tracing::info_span!("step").in_scope(|| tracing::info!("at work"));
            if fails {
                tracing::error!("the disk is full");
            }
        });
    }
    let names: Vec<_> = obs.spans().into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["step", "job"]);
    assert_eq!(attribute(&obs.span("job"), "obs.kept"), "Some(Str(\"error\"))");
}
