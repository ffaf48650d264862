//! What the section `requests` of a file says, over real connections.

use std::time::Duration;

use axum::Router;
use axum::routing::{any, get};
use serde_json::Value;

use super::running::{Flavor, LONG, Running};
use super::wire::{Answer, Wire};
use crate::service::TempFile;

const FILE: &str = "
requests:
  sizes: true
  head_time: true
  answer_panics: true
  slow: 20ms
  large_request: 8B
  large_response: 1KiB
  client_address: truncated
  trusted_proxies: [127.0.0.0/8]
  routes:
    - { route: GET /health*, ignore: true }
    - { route: /quiet/*, access_log: false }
    - { route: /uncounted/*, metrics: false }
    - { route: '/webhooks/{sender}', trust: edge }
";

const PARENT: &str = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";

async fn panicking() -> &'static str {
    panic!("the password is hunter2")
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_millis(20)).await;
    "slow"
}

/// The answer to one request, the lines it left, and the scrape after it.
fn run(head: &str, headers: &str, body: &str) -> (Answer, Vec<Value>, String) {
    // Each test has a thread, and one file at a time.
    let of = |name: &str| TempFile::new(&format!("{:?}-{name}", std::thread::current().id()));
    let (file, config) = (of("requests.log"), of("requests.yaml"));
    std::fs::write(&config.0, FILE).unwrap();
    let obs = obs::builder("shop").config_file(&config.0).admin(obs::Admin::Off).log_file(&file.0);
    let obs = obs.drain(Duration::ZERO, LONG).build().unwrap();
    let recorder = obs.recorder().clone();
    let router = Router::new()
        .route("/healthz", get(async || "well"))
        .route("/quiet/{id}", get(async || "quiet"))
        .route("/uncounted/{id}", get(async || "uncounted"))
        .route("/webhooks/{sender}", get(async || "taken"))
        .route("/echo", any(async |body: String| body))
        .route("/large", get(async || "a".repeat(1_024)))
        .route("/panic", get(panicking))
        .route("/slow", get(slow));
    let running = Running::start(Flavor::OneWorker, obs, router);
    let mut wire = Wire::open(running.addr);
    wire.write(&format!("{head} HTTP/1.1\r\nhost: shop.test\r\n{headers}\r\n{body}"));
    let answer = wire.answer().unwrap();
    drop(running.end());
    let page = String::from_utf8(recorder.render(obs::metrics::Format::Text)).unwrap();
    let ours = |line: &Value| line["target"] != "obs::serve";
    (answer, file.lines().into_iter().filter(ours).collect(), page)
}

fn messages(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["message"].as_str().unwrap()).collect()
}

#[test]
fn what_is_ignored_leaves_nothing() {
    let (answer, lines, page) = run("GET /healthz", "", "");
    assert_eq!((answer.text(), answer.head.contains("x-trace-id")), ("well", false));
    assert_eq!(messages(&lines), [""; 0]);
    assert!(!page.contains("\nhttp_requests_total{"), "{page}");
}

#[test]
fn a_route_leaves_out_the_signal_it_names_and_no_other() {
    let (_, lines, page) = run("GET /quiet/7", "", "");
    assert_eq!(messages(&lines), [""; 0]);
    assert!(
        page.contains("\nhttp_requests_total{route=\"/quiet/{id}\",method=\"GET\",status_code=\"200\"} 1\n")
    );
    let (_, lines, page) = run("GET /uncounted/7", "", "");
    assert_eq!(messages(&lines), ["request"]);
    assert!(!page.contains("\nhttp_requests_total{"), "{page}");
    assert!(page.contains("\nhttp_requests_in_flight 0.0\n"), "{page}");
}

#[test]
fn a_route_believes_its_callers_as_it_says() {
    let trace = "0af7651916cd43dd8448eb211c80319c";
    assert_ne!(run("GET /webhooks/a", PARENT, "").1[0]["trace_id"], trace);
    assert_eq!(run("GET /large", PARENT, "").1.last().unwrap()["trace_id"], trace);
}

#[test]
fn sizes_and_the_time_to_the_head_are_on_line_and_metrics() {
    let (answer, lines, page) = run("POST /echo", "content-length: 5\r\n", "hello");
    assert_eq!(answer.text(), "hello");
    let line = lines.last().unwrap();
    assert_eq!((&line["request_bytes"], &line["response_bytes"]), (&5.into(), &5.into()));
    assert!(line["head_ms"].as_f64().unwrap() <= line["duration_ms"].as_f64().unwrap(), "{line}");
    let labels = "route=\"/echo\",method=\"POST\"";
    for sample in [
        format!("http_request_body_size_bytes_sum{{{labels}}} 5"),
        format!("http_response_body_size_bytes_sum{{{labels}}} 5"),
        format!("http_response_head_duration_seconds_count{{{labels}}} 1"),
    ] {
        assert!(
            page.contains(&format!("\n{sample}\n")) || page.contains(&format!("\n{sample}.0\n")),
            "{sample} in {page}"
        );
    }
}

#[test]
fn a_panic_is_answered_and_says_nothing_of_itself() {
    let (answer, lines, page) = run("GET /panic", "x-request-id: r-1\r\n", "");
    assert_eq!(answer.status, 500);
    let said: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((&said["request_id"], &said["status"]), (&"r-1".into(), &500.into()));
    assert!(!answer.text().contains("hunter2"));
    let line = lines.iter().find(|line| line["message"] == "request").unwrap();
    assert_eq!((&line["outcome"], &line["status_code"]), (&"panicked".into(), &500.into()), "{line}");
    assert!(page.contains("kind=\"panicked\"} 1\n"), "{page}");
}

#[test]
fn what_is_slow_or_large_is_warned_of() {
    let large = "content-length: 8\r\n";
    for (head, headers, body, expected) in [
        ("GET /slow", "", "", "slow request"),
        ("POST /echo", large, "12345678", "large request body"),
        ("GET /large", "", "", "large response body"),
    ] {
        let (_, lines, _) = run(head, headers, body);
        let warned = lines.iter().find(|line| line["message"] == expected);
        let warned = warned.unwrap_or_else(|| panic!("{expected} in {lines:?}"));
        assert_eq!((&warned["level"], &warned["target"]), (&"WARN".into(), &"obs::requests".into()));
        let access = lines.iter().find(|line| line["message"] == "request").unwrap();
        assert_eq!((&warned["trace_id"], &warned["route"]), (&access["trace_id"], &access["route"]));
    }
    let (_, lines, _) = run("POST /echo", "content-length: 7\r\n", "1234567");
    assert!(!messages(&lines).contains(&"large request body"), "{lines:?}");
}

#[test]
fn the_client_behind_a_trusted_proxy_is_told_as_far_as_was_chosen() {
    let forged = "x-forwarded-for: 198.51.100.1, 203.0.113.77\r\nforwarded: for=192.0.2.1\r\n";
    let (_, lines, _) = run("GET /echo", forged, "");
    assert_eq!(lines.last().unwrap()["client_address"], "203.0.113.0");
    let (_, lines, _) = run("GET /echo", "x-forwarded-for: not-an-address\r\n", "");
    assert_eq!(lines.last().unwrap().get("client_address"), None);
}
