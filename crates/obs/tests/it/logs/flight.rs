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

#[test]
fn a_request_that_stands_out_on_its_route_leaves_its_debug_lines() {
    let text = "
logs:
  outputs: { main: { type: memory } }
  flight_recorder: { level: debug, slow_quantile: true }
";
    let running = Running::build("flight-quantile", text);
    let handler = async |Path(id): Path<u64>| {
        tracing::debug!(target: "shop", id, "looked at");
        // Two of a hundred are long: that is what is usual here, and what is shorter does not stand out.
        let long = match id {
            20 | 60 => 400,
            120 => 2_000,
            _ => 0,
        };
        tokio::time::sleep(Duration::from_millis(long)).await;
        StatusCode::OK
    };
    let service =
        Service::start(Router::new().route("/orders/{id}", get(handler)).layer(running.obs.layer()));
    for id in 0..=120 {
        assert_eq!(service.get(&format!("/orders/{id}")).status, 200);
    }
    until("all requests have ended", || {
        let lines = running.memory("main");
        lines.iter().filter(|line| line["message"] == "request").count() == 121
    });
    let lines = running.memory("main");
    let held: Vec<_> = lines.iter().filter(|line| line["recorded"] == true).collect();
    assert_eq!(held.iter().map(|line| line["id"].as_u64().unwrap()).collect::<Vec<_>>(), [120], "{held:?}");
    let scrape = running.scrape();
    assert_eq!(scrape.sum("obs_recorder_requests_total", &[("reason", "slow")]), 1.0);
    assert_eq!(scrape.sum("obs_recorder_requests_total", &[]), 1.0);
    assert_eq!(scrape.sum("obs_recorder_lines_total", &[]), 121.0);
}

#[test]
fn all_requests_together_hold_as_much_as_the_file_says() {
    let text = "
logs:
  outputs: { main: { type: memory } }
  flight_recorder: { level: debug, request_bytes: 1MiB, process_bytes: 64KiB }
";
    let running = Running::build("flight-process", text);
    let handler = async || {
        let long = "x".repeat(500);
        for step in 0..500_u32 {
            tracing::debug!(target: "shop", step, long, "looked at");
        }
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let service = Service::start(Router::new().route("/", get(handler)).layer(running.obs.layer()));
    // What the first one held is given back for the second.
    for round in 1..=2_usize {
        assert_eq!(service.get("/").status, 500);
        let lines = || running.memory("main");
        let requests = || lines().iter().filter(|line| line["message"] == "request").count();
        until("it has ended", || requests() == round);
        let lines = lines();
        let steps: Vec<_> = lines.iter().filter_map(|line| line["step"].as_u64()).collect();
        let held = steps.len() as u64 / round as u64;
        // At the least the text of each is held, at the most a page of each piece is lost.
        assert!((64..=64 * 1_024 / 500).contains(&held), "{held}");
        assert_eq!(
            steps,
            (0..held).cycle().take(round * held as usize).collect::<Vec<_>>(),
            "the first ones"
        );
        let let_go = 500 - held;
        let reason = |reason| running.sum("obs_recorder_lines_dropped_total", &[("reason", reason)]) as u64;
        assert_eq!((reason("process_full"), reason("request_full")), (round as u64 * let_go, 0));
        let said: Vec<_> = lines.iter().filter(|line| line["target"] == "obs::recorder").collect();
        assert_eq!(said.len(), round);
        assert_eq!(said[round - 1]["message"], format!("… {let_go} lines found no room in the process"));
    }
    assert_eq!(running.sum("obs_recorder_bytes", &[]), 0.0);
}
