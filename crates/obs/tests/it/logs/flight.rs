//! The flight recorder as the file turns it on, in a real service.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::Value;

use super::running::Running;
use crate::service::{Service, exchange, request, until};

const REQUESTS: u64 = 400;

fn fails(id: u64) -> bool {
    id % 57 == 11
}

/// Longer than what the file below calls slow.
fn is_slow(id: u64) -> bool {
    id == 123
}

async fn order(Path(id): Path<u64>) -> StatusCode {
    obs::current().set("order", id);
    for step in 0..3 {
        tracing::debug!(target: "shop", id, step, "looked at");
    }
    tracing::trace!(target: "shop", id, "too fine to be held");
    tracing::debug!(target: "h2", id, "of no interest");
    if is_slow(id) {
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    if fails(id) { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
}

fn by_order(lines: Vec<Value>) -> BTreeMap<u64, Vec<Value>> {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    lines.into_iter().for_each(|line| all.entry(line["order"].as_u64().unwrap()).or_default().push(line));
    all
}

#[test]
fn exactly_the_requests_that_fail_or_are_slow_leave_their_debug_lines() {
    let text = "
logs:
  level: info
  outputs: { all: { type: file, path: FOLDER/all.log }, failed: { type: memory }, debug: { type: memory } }
  routes:
    - { match: { level: ERROR, target: 'obs::access' }, output: [all, failed] }
    - { match: { level: DEBUG }, output: [all, debug] }
    - { default: all }
  flight_recorder: { level: 'debug,h2=off', slow: 2s }
";
    let running = Running::build("flight", text);
    let service = Service::start(Router::new().route("/orders/{id}", get(order)).layer(running.obs.layer()));
    for id in 0..REQUESTS {
        let expected = if fails(id) { 503 } else { 200 };
        let answer = exchange(service.addr, &request("GET", &format!("/orders/{id}"), "")).unwrap();
        assert_eq!(answer.status, expected);
    }
    until("all requests have ended", || {
        running.sum("http_requests_total", &[]) == REQUESTS as f64
            && running.sum("http_requests_in_flight", &[]) == 0.0
    });
    let failed = (0..REQUESTS).filter(|id| fails(*id)).count();
    assert_eq!(failed, 7, "11, 68, 125, 182, 239, 296 and 353");
    let requests = by_order(running.lines("all.log"));
    assert_eq!(requests.len() as u64, REQUESTS);
    for (id, lines) in &requests {
        let held = if fails(*id) || is_slow(*id) { 3 } else { 0 };
        let levels: Vec<_> = lines.iter().map(|line| line["level"].as_str().unwrap()).collect();
        let access = if fails(*id) { "ERROR" } else { "INFO" };
        assert_eq!(levels, [vec!["DEBUG"; held], vec![access]].concat(), "{id}");
        for (step, line) in lines[..held].iter().enumerate() {
            assert_eq!((&line["recorded"], &line["step"]), (&true.into(), &step.into()));
            assert_eq!(line["request_id"], lines[held]["request_id"]);
        }
    }
    // What was held goes where the access line of its request goes, whatever routes say of its own level.
    assert_eq!(running.memory("failed").len(), 4 * failed);
    assert_eq!(running.memory("debug").len(), 0);
    let scrape = running.scrape();
    let sum = |metric, reason| scrape.sum(metric, &[("reason", reason)]);
    assert_eq!(sum("obs_recorder_requests_total", "error"), failed as f64);
    assert_eq!(sum("obs_recorder_requests_total", "slow"), 1.0);
    assert_eq!(scrape.sum("obs_recorder_lines_total", &[]), 3.0 * REQUESTS as f64);
    assert_eq!(scrape.sum("obs_recorder_lines_written_total", &[]), 3.0 * (failed as f64 + 1.0));
    assert_eq!(scrape.sum("obs_recorder_bytes", &[]), 0.0);
}

#[test]
fn a_request_holds_as_much_as_the_file_says() {
    let text = "
logs:
  outputs: { main: { type: memory } }
  flight_recorder: { level: debug, request_bytes: 8KiB }
";
    let running = Running::build("flight-bytes", text);
    let handler = async || {
        for step in 0..500_u32 {
            tracing::debug!(target: "shop", step, "looked at");
        }
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let service = Service::start(Router::new().route("/", get(handler)).layer(running.obs.layer()));
    assert_eq!(service.get("/").status, 500);
    let dropped = || running.sum("obs_recorder_lines_dropped_total", &[("reason", "request_full")]) as u64;
    until("it has ended", || running.memory("main").iter().any(|line| line["message"] == "request"));
    let lines = running.memory("main");
    let steps: Vec<_> = lines.iter().filter_map(|line| line["step"].as_u64()).collect();
    let first = 500 - steps.len() as u64;
    assert!((100..500).contains(&first), "{first}");
    assert_eq!(steps, (first..500).collect::<Vec<_>>(), "the last ones");
    assert_eq!(dropped(), first);
    let said = lines.iter().find(|line| line["target"] == "obs::recorder").unwrap();
    assert_eq!(said["message"], format!("… {first} earlier lines were let go"));
}
