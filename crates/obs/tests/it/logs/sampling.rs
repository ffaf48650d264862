//! Lines that are left out of many: exactly which, and how it is told.

use std::fmt;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::Value;

use super::running::{Running, ids};
use crate::service::{Service, until};

const SUPPRESSED: &str = "obs_log_lines_suppressed_total";

/// What is said of lines that were left out: level, target, like, how many, why, message.
fn told(lines: &[Value]) -> Vec<(String, String, String, u64, String, String)> {
    let text = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    let told = lines.iter().filter(|line| line.get("suppressed").is_some());
    told.map(|line| {
        let told = |key| text(line, key);
        let lines = line["suppressed"].as_u64().unwrap();
        (told("level"), told("target"), told("like"), lines, told("reason"), told("message"))
    })
    .collect()
}

#[test]
fn the_first_lines_of_a_tick_and_each_so_manieth_are_written() {
    let text = "
logs:
  level: debug
  outputs: { main: { type: file, path: FOLDER/main.log }, rest: { type: memory } }
  routes: [{ match: { target: shop }, output: main }, { default: rest }]
  sampling: { tick: 1h, first: 3, thereafter: 10 }
";
    let running = Running::build("sampled", text);
    running.within(|| {
        for id in 1..=100_u64 {
            tracing::info!(target: "shop", id, "the same");
            tracing::debug!(target: "shop", id = 1_000 + id, "the same");
            tracing::info!(target: "shop", id = 2_000 + id, "each its own, {id}");
            tracing::warn!(target: "shop", id = 3_000 + id, "the same");
        }
    });
    let written = ids(&running.lines("main.log"));
    let of = |from: u64| {
        let ids = written.iter().filter(|id| (from + 1..=from + 100).contains(id));
        ids.map(|id| id - from).collect::<Vec<_>>()
    };
    let sampled = [1, 2, 3, 13, 23, 33, 43, 53, 63, 73, 83, 93];
    assert_eq!((of(0), of(1_000)), (sampled.to_vec(), sampled.to_vec()));
    let all: Vec<_> = (1..=100).collect();
    assert_eq!((of(2_000), of(3_000)), (all.clone(), all), "other messages, and what is severe");
    assert_eq!(running.sum(SUPPRESSED, &[("reason", "sampled")]), 2.0 * 88.0);
    assert_eq!(running.sum(SUPPRESSED, &[]), 2.0 * 88.0);
    assert_eq!(running.sum("log_lines_total", &[("target", "shop")]), 400.0);
    assert_eq!(told(&running.lines("main.log")), []);
    // The end tells what no tick has told, in the output where the lines would be.
    let Running { obs, yaml } = running;
    drop(obs);
    let text = std::fs::read_to_string(yaml.beside("main.log")).unwrap();
    let mut told = told(&super::running::parsed(text.lines()));
    told.sort();
    let said = |level: &str| {
        let said = |text: &str| text.to_owned();
        let message = said("suppressed 88 lines like this");
        (said(level), said("shop"), said("the same"), 88, said("sampled"), message)
    };
    assert_eq!(told, [said("DEBUG"), said("INFO")]);
}

#[test]
fn a_tick_that_is_over_is_told_while_the_service_runs() {
    let text = "
logs:
  outputs: { main: { type: memory } }
  sampling: { tick: 20ms, first: 1, thereafter: 0 }
";
    let running = Running::build("ticks", text);
    running.within(|| (0..50).for_each(|_| tracing::info!(target: "shop", "the same")));
    let left_out = || running.sum(SUPPRESSED, &[("reason", "sampled")]) as u64;
    let all = || told(&running.memory("main")).iter().map(|line| line.3).sum::<u64>();
    until("all is told", || all() == left_out());
    let written = running.memory("main").iter().filter(|line| line["message"] == "the same").count() as u64;
    assert_eq!(written + left_out(), 50);
    assert!(left_out() > 0);
}

/// When a line was written, in microseconds of its day.
fn moment(line: &Value) -> u64 {
    let (_, time) = line["timestamp"].as_str().unwrap().split_once('T').unwrap();
    let parts: Vec<u64> =
        time.trim_end_matches('Z').split([':', '.']).map(|part| part.parse().unwrap()).collect();
    let [hours, minutes, seconds, micros] = parts[..] else { panic!("{line}") };
    ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + micros
}

#[test]
fn a_tick_is_as_long_as_the_file_says() {
    const DAY: u64 = 24 * 60 * 60 * 1_000_000;
    for (name, keys) in [
        ("sampling", "sampling: { tick: 30ms, first: 1, thereafter: 0 }"),
        ("limit", "rate_limit: { tick: 30ms, lines: 1 }"),
    ] {
        let text = format!("logs: {{ outputs: {{ main: {{ type: memory }} }}, {keys} }}");
        let running = Running::build(&format!("tick-{name}"), &text);
        let written = || {
            let lines = running.memory("main");
            lines.iter().filter(|line| line["message"] == "the same").map(moment).collect::<Vec<_>>()
        };
        until("ten ticks have begun", || {
            running.within(|| tracing::info!(target: "shop", "the same"));
            written().len() >= 10
        });
        let gaps: Vec<_> = written().windows(2).map(|pair| (pair[1] + DAY - pair[0]) % DAY).collect();
        // Counted to the millisecond; a machine that is busy may be late, but not each time.
        assert!(gaps.iter().all(|gap| *gap >= 29_000), "{keys}: {gaps:?}");
        assert!(gaps.iter().any(|gap| *gap < 500_000), "{keys}: {gaps:?}");
    }
}

#[test]
fn a_call_site_writes_as_many_lines_as_it_may_up_to_a_level() {
    for (up_to, warnings) in [("", 50), (", up_to: warn", 5)] {
        let text = format!(
            "
logs:
  outputs: {{ main: {{ type: memory }} }}
  rate_limit: {{ lines: 5, tick: 1h{up_to} }}
"
        );
        let running = Running::build(&format!("limited-{warnings}"), &text);
        running.within(|| {
            for id in 1..=50_u64 {
                tracing::info!(target: "shop", id, "number {id}");
                tracing::warn!(target: "shop", id = 100 + id, "number {id}");
                tracing::error!(target: "shop", id = 200 + id, "number {id}");
            }
        });
        let written = ids(&running.memory("main"));
        let of = |from: u64| written.iter().filter(|id| (from + 1..=from + 50).contains(id)).count();
        assert_eq!((of(0), of(100), of(200)), (5, warnings, 50), "{up_to}");
        let left_out = 45.0 + 50.0 - warnings as f64;
        assert_eq!(running.sum(SUPPRESSED, &[("reason", "rate_limited")]), left_out);
        assert_eq!(running.sum(SUPPRESSED, &[]), left_out);
    }
}

/// A service with a path that goes well and one that fails; asked so often for both.
fn asked(running: &Running, times: usize) -> Service {
    let router = Router::new()
        .route("/good", get(async || "done"))
        .route("/bad", get(async || StatusCode::SERVICE_UNAVAILABLE));
    let service = Service::start(router.layer(running.obs.layer()));
    for _ in 0..times {
        assert_eq!(service.get("/good").status, 200);
        assert_eq!(service.get("/bad").status, 503);
    }
    service
}

/// The paths of access lines, in their order.
fn paths(lines: &[Value]) -> Vec<&str> {
    let access = lines.iter().filter(|line| line["message"] == "request");
    access.map(|line| line["path"].as_str().unwrap()).collect()
}

#[test]
fn access_lines_are_sampled_and_those_of_what_failed_are_not() {
    let text = "
logs:
  outputs: { main: { type: file, path: FOLDER/main.log } }
  sampling: { tick: 1h, first: 2, thereafter: 0 }
";
    let running = Running::build("sampled-access", text);
    let service = asked(&running, 10);
    until("all have ended", || {
        running.sum(SUPPRESSED, &[("reason", "sampled")]) == 8.0
            && paths(&running.lines("main.log")).iter().filter(|path| **path == "/bad").count() == 10
    });
    let lines = running.lines("main.log");
    let expected = [["/good", "/bad"].repeat(2), vec!["/bad"; 8]].concat();
    assert_eq!(paths(&lines), expected);
    assert_eq!(lines.len(), 12);
    assert_eq!(running.sum(SUPPRESSED, &[]), 8.0);
    drop(service);
    let Running { obs, yaml } = running;
    drop(obs);
    let text = std::fs::read_to_string(yaml.beside("main.log")).unwrap();
    let told = told(&super::running::parsed(text.lines()));
    let texts = |texts: [&str; 3]| texts.map(str::to_owned);
    let ([level, target, like], [reason, message, _]) =
        (texts(["INFO", "obs::access", "request"]), texts(["sampled", "suppressed 8 lines like this", ""]));
    assert_eq!(told, [(level, target, like, 8, reason, message)]);
}

#[test]
fn access_lines_are_limited_up_to_a_level() {
    for (name, up_to, failed) in [("info", "", 10), ("error", ", up_to: error", 3)] {
        let text = format!(
            "
logs:
  outputs: {{ main: {{ type: memory }} }}
  rate_limit: {{ lines: 3, tick: 1h{up_to} }}
"
        );
        let running = Running::build(&format!("limited-access-{name}"), &text);
        let _service = asked(&running, 10);
        let left_out = || running.sum(SUPPRESSED, &[("reason", "rate_limited")]) as usize;
        until("all have ended", || paths(&running.memory("main")).len() + left_out() == 20);
        let lines = running.memory("main");
        let count = |path: &str| paths(&lines).iter().filter(|known| **known == path).count();
        assert_eq!((count("/good"), count("/bad")), (3, failed), "{up_to}");
    }
}

struct Panics;

impl fmt::Display for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("so far")?;
        // Without the hook, which tells of tests that fail.
        std::panic::resume_unwind(Box::new("on purpose"));
    }
}

#[test]
fn a_message_that_panics_while_it_is_printed_is_one_line_and_sampled_like_any() {
    let text = "
logs:
  outputs: { main: { type: memory }, fmt: { type: memory, format: logfmt } }
  sampling: { tick: 1h, first: 2, thereafter: 0 }
";
    let running = Running::build("sampled-panics", text);
    running.within(|| {
        for id in 1..=5_u64 {
            tracing::info!(target: "shop", id, "it came {}", Panics);
            tracing::info!(target: "shop", id = 10 + id, shown = %Panics, "another");
            tracing::warn!(target: "shop", id = 20 + id, "severe {}", Panics);
        }
        tracing::info!(target: "shop", id = 30, "after");
    });
    let lines = running.memory("main");
    assert_eq!(ids(&lines), [1, 11, 21, 2, 12, 22, 23, 24, 25, 30]);
    let message = |id: u64| lines.iter().find(|line| line["id"] == id).unwrap();
    assert_eq!(message(1)["message"], "it came so far[panicked]");
    assert_eq!(message(12)["shown"], "so far[panicked]");
    assert_eq!(message(23)["message"], "severe so far[panicked]");
    assert_eq!(message(30)["message"], "after");
    assert_eq!(running.obs.lines_in("fmt").unwrap().len(), lines.len());
    assert_eq!(running.sum(SUPPRESSED, &[]), 6.0);
}

#[test]
fn lines_follow_their_trace_where_the_file_says_so() {
    let text = "
logs:
  outputs: { main: { type: memory } }
  sampling: { follow_trace: true }
traces: { sampler: always_off, endpoint: 'http://127.0.0.1:1', probe: false }
";
    let running = Running::build("follow", text);
    let handler = async || {
        tracing::info!(target: "shop", id = 1);
        tracing::warn!(target: "shop", id = 2);
        "done"
    };
    let service = Service::start(Router::new().route("/", get(handler)).layer(running.obs.layer()));
    running.within(|| tracing::info!(target: "shop", id = 3));
    for _ in 0..10 {
        assert_eq!(service.get("/").status, 200);
    }
    // Ten lines, and ten access lines at INFO.
    until("all are left out", || running.sum(SUPPRESSED, &[("reason", "trace_not_recorded")]) == 20.0);
    let written = running.memory("main");
    assert_eq!(ids(&written), [[3].as_slice(), &[2; 10]].concat());
    assert_eq!(written.len(), 11);
}
