//! `obs::testing` as its users write it: a test reads exactly what it caused, whatever runs beside it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use obs_core::{Clock, Timestamp};
use tower::ServiceExt;

use crate::process;

#[tracing::instrument]
async fn find(id: u64) -> u64 {
    obs::current().set("user", id);
    tracing::info!("found");
    metrics::histogram!("find_seconds").record(0.003);
    let task = obs::spawn(async move { tracing::info!(id, "in a task") });
    task.await.unwrap();
    let thread = obs::spawn_blocking(move || metrics::counter!("found", "id" => id.to_string()).increment(1));
    thread.await.unwrap();
    id
}

fn app(obs: &obs::testing::Testing) -> Router {
    let user = async |Path(id): Path<u64>| find(id).await.to_string();
    Router::new().route("/users/{id}", get(user)).layer(obs.layer())
}

async fn get_user(app: &Router, id: u64) {
    let request = Request::get(format!("/users/{id}")).body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_reads_lines_spans_and_numbers_of_one_request() {
    let obs = obs::testing::start("users");
    get_user(&app(&obs), 7).await;
    obs.requests_ended(1).await;

    let (access, found, task) = (obs.line("request"), obs.line("found"), obs.line("in a task"));
    assert_eq!(found.field("user"), 7);
    assert_eq!(
        (access.field("user").as_u64(), access.field("route").as_str()),
        (Some(7), Some("/users/{id}"))
    );
    assert!(found.trace_id().is_some());
    for line in [&found, &task] {
        assert_eq!((line.trace_id(), line.request_id()), (access.trace_id(), access.request_id()));
    }
    assert_eq!(found.span_id(), Some(obs.span("find").ids.span_id));
    assert_eq!(obs.tree("GET /users/{id}").to_string(), "GET /users/{id}\n  find\n");
    assert_eq!(obs.span("find").ids.trace_id, access.trace_id().unwrap());
    assert_eq!(obs.family("found_total"), "# TYPE found_total counter\nfound_total{id=\"7\"} 1\n");
    assert_eq!(obs.value("http_requests_total", &[("route", "/users/{id}")]), Some(1.0));
    assert_eq!(obs.value("find_seconds_count", &[]), Some(1.0));
}

#[test]
fn side_by_side_each_test_reads_its_own() {
    let tests = (0..8).map(|id| {
        std::thread::spawn(move || {
            let runtime = if id % 2 == 0 {
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
            } else {
                tokio::runtime::Builder::new_current_thread().enable_all().build()
            };
            runtime.unwrap().block_on(async move {
                let obs = Arc::new(obs::testing::start("users"));
                let app = app(&obs);
                for _ in 0..20 {
                    get_user(&app, id).await;
                }
                obs.requests_ended(20).await;
                for message in ["request", "found", "in a task"] {
                    let lines = obs.lines_of(message);
                    assert_eq!(lines.len(), 20, "{message} of {id}");
                    assert!(lines.iter().all(|line| *line.field("user") == id), "{message} of {id}");
                }
                assert_eq!(obs.spans().len(), 40);
                assert_eq!(obs.value("found_total", &[("id", &id.to_string())]), Some(20.0));
                assert_eq!(obs.family("found_total").lines().count(), 2);
            });
        })
    });
    for test in tests.collect::<Vec<_>>() {
        test.join().unwrap();
    }
}

#[tokio::test]
async fn what_runs_outside_of_requests_is_entered() {
    let obs = obs::testing::start("jobs");
    obs.run(async {
        tokio::task::yield_now().await;
        tracing::info!("by run");
        metrics::counter!("jobs").increment(2);
    })
    .await;
    {
        let _entered = obs.enter();
        tracing::info_span!("job").in_scope(|| tracing::info!("by enter"));
    }
    tracing::info!("outside");
    assert_eq!(obs.line("by run").level(), "INFO");
    assert_eq!(obs.line("by enter").span_id(), Some(obs.span("job").ids.span_id));
    assert!(obs.lines_of("outside").is_empty());
    assert_eq!(
        obs.exposition(),
        "# HELP http_requests_in_flight Requests that have begun and not ended.\n\
         # TYPE http_requests_in_flight gauge\nhttp_requests_in_flight 0.0\n\
         # TYPE jobs_total counter\njobs_total 2\n"
    );
}

#[tokio::test]
async fn with_a_manual_clock_the_exposition_is_exact() {
    let clock = Clock::manual(Timestamp::from_unix_nanos(1_000_000_000));
    let obs = obs::testing::builder("slow").clock(clock.clone()).start();
    let waited = clock.clone();
    let slow = get(async move || waited.advance(Duration::from_millis(70)));
    let app = Router::new().route("/slow", slow).layer(obs.layer());
    let request = Request::get("/slow").body(Body::empty()).unwrap();
    drop(app.oneshot(request).await.unwrap());
    obs.requests_ended(1).await;
    assert_eq!(*obs.line("request").field("duration_ms"), 70.0);
    let family = obs.family("http_request_duration_seconds");
    let samples: Vec<_> = family.lines().skip(2).collect();
    assert_eq!(
        samples,
        [
            r#"http_request_duration_seconds_bucket{route="/slow",method="GET",le="0.01"} 0"#,
            r#"http_request_duration_seconds_bucket{route="/slow",method="GET",le="0.05"} 0"#,
            r#"http_request_duration_seconds_bucket{route="/slow",method="GET",le="0.1"} 1"#,
            r#"http_request_duration_seconds_bucket{route="/slow",method="GET",le="0.25"} 1"#,
            r#"http_request_duration_seconds_bucket{route="/slow",method="GET",le="0.5"} 1"#,
            r#"http_request_duration_seconds_bucket{route="/slow",method="GET",le="1"} 1"#,
            r#"http_request_duration_seconds_bucket{route="/slow",method="GET",le="2.5"} 1"#,
            r#"http_request_duration_seconds_bucket{route="/slow",method="GET",le="5"} 1"#,
            r#"http_request_duration_seconds_bucket{route="/slow",method="GET",le="+Inf"} 1"#,
            r#"http_request_duration_seconds_sum{route="/slow",method="GET"} 0.07"#,
            r#"http_request_duration_seconds_count{route="/slow",method="GET"} 1"#,
        ]
    );
}

#[test]
#[should_panic(expected = "0 lines with the message `absent`, of these:\n{\"timestamp\"")]
fn a_line_that_is_not_there_is_told_with_those_that_are() {
    let obs = obs::testing::start("told");
    let _entered = obs.enter();
    tracing::info!("present");
    obs.line("absent");
}

#[test]
#[should_panic(expected = "2 lines with the message `twice`")]
fn a_line_that_is_there_twice_is_told() {
    let obs = obs::testing::start("told");
    let _entered = obs.enter();
    tracing::info!("twice");
    tracing::info!("twice");
    obs.line("twice");
}

#[test]
fn code_that_ran_elsewhere_first_is_still_heard() {
    // In a process of its own: the fault needs an installation that is alone.
    process::alone(module_path!(), "code_that_ran_elsewhere_first_is_still_heard", &[], || {
        fn said() {
            tracing::info!("said");
        }
        let obs = obs::testing::start("alone");
        // A test without an installation, on a thread of its own, is the first to come by.
        std::thread::spawn(said).join().unwrap();
        let _entered = obs.enter();
        said();
        obs.line("said");
    });
}
