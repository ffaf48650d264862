//! What is held is bounded, for a request and for all, and what finds no room is counted and told.

use std::time::Duration;

use obs_core::Outcome;
use obs_core::context::enter_poll;
use obs_logs::FlightRecorder;
use tracing::{debug, info_span};

use super::{Flights, messages, text};

#[test]
fn of_a_full_request_the_oldest_lines_go_and_the_dump_says_how_many() {
    const LINES: usize = 5_000;
    let flights = Flights::new(FlightRecorder::new().request_bytes(64 * 1024));
    let mut most = 0.0f64;
    let lines = flights.run(|| {
        flights.request("REQ-1", Outcome::ServerError, || {
            let _span = info_span!("a", table = "orders").entered();
            for n in 0..LINES {
                debug!(n, "held");
                most = most.max(flights.number("obs_recorder_bytes", ""));
            }
        });
    });
    assert!(most <= 64.0 * 1024.0 && most > 48.0 * 1024.0, "{most}");
    let (gap, rest) = lines.split_first().unwrap();
    let (_access, held) = rest.split_last().unwrap();
    let gone = LINES - held.len();
    assert_eq!(text(gap, "message"), format!("… {gone} earlier lines were let go"));
    assert_eq!((text(gap, "level"), text(gap, "target")), ("DEBUG", "obs::recorder"));
    assert_eq!(text(gap, "request_id"), "REQ-1");
    // The newest, all of them, each with what its span says.
    let numbers: Vec<_> = held.iter().map(|line| line["n"].as_u64().unwrap() as usize).collect();
    assert_eq!(numbers, (gone..LINES).collect::<Vec<_>>());
    assert!(held.len() > 300 && held.iter().all(|line| text(line, "table") == "orders"));
    assert_eq!(flights.number("obs_recorder_lines_dropped_total", "request_full"), gone as f64);
    assert_eq!(flights.number("obs_recorder_lines_written_total", ""), held.len() as f64);
    assert_eq!(flights.number("obs_recorder_lines_total", ""), LINES as f64);
    assert_eq!(flights.number("obs_recorder_bytes", ""), 0.0);
}

#[test]
fn where_the_process_is_full_no_more_is_held_until_a_request_has_ended() {
    let most = 40 * 1024;
    let flights = Flights::new(FlightRecorder::new().process_bytes(most));
    let lines = flights.run(|| {
        let begun: Vec<_> = (0..20).map(|n| flights.begin(&format!("REQ-{n}"))).collect();
        for context in &begun {
            let _scope = enter_poll(context);
            debug!("held");
            assert!(flights.number("obs_recorder_bytes", "") <= most as f64);
        }
        assert_eq!(flights.number("obs_recorder_bytes", ""), most as f64);
        flights.end(&begun[0], Outcome::ServerError, Duration::ZERO);
        {
            // One that found no room has it now.
            let _scope = enter_poll(&begun[19]);
            debug!("held after all");
        }
        flights.end(&begun[19], Outcome::ServerError, Duration::ZERO);
        for context in &begun[1..19] {
            flights.end(context, Outcome::Success, Duration::ZERO);
        }
    });
    let of = |id| {
        let own: Vec<_> = lines.iter().filter(|line| text(line, "request_id") == id).cloned().collect();
        messages(&own).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(of("REQ-0"), ["held", "request"]);
    assert_eq!(of("REQ-19"), ["held after all", "… 1 lines found no room in the process", "request"]);
    assert_eq!(flights.number("obs_recorder_lines_dropped_total", "process_full"), 10.0);
    assert_eq!(flights.number("obs_recorder_lines_total", ""), 11.0);
    assert_eq!(flights.number("obs_recorder_bytes", ""), 0.0);
}

#[test]
fn lines_that_are_larger_than_a_piece_are_paid_for_too() {
    let long = "x".repeat(12_000);
    let flights = Flights::new(FlightRecorder::new().request_bytes(30_000).process_bytes(100_000));
    let lines = flights.run(|| {
        let others: Vec<_> = (0..4)
            .map(|n| {
                let context = flights.begin(&format!("OTHER-{n}"));
                let _scope = enter_poll(&context);
                for n in 0..5 {
                    debug!(text = long.as_str(), n, "long");
                    debug!(n, "short");
                    assert!(flights.number("obs_recorder_bytes", "") <= 100_000.0);
                }
                context.clone()
            })
            .collect();
        for context in &others {
            flights.end(context, Outcome::ServerError, Duration::ZERO);
        }
    });
    assert_eq!(flights.number("obs_recorder_bytes", ""), 0.0);
    let of = |name: &str| flights.number(name, "");
    let dropped = |reason| flights.number("obs_recorder_lines_dropped_total", reason);
    assert_eq!(
        of("obs_recorder_lines_total"),
        of("obs_recorder_lines_written_total") + dropped("request_full")
    );
    assert_eq!(of("obs_recorder_lines_total") + dropped("process_full"), 40.0);
    let first: Vec<_> = lines.iter().filter(|line| text(line, "request_id") == "OTHER-0").collect();
    assert!(text(first[0], "message").ends_with("earlier lines were let go"));
    assert!(first.iter().any(|line| text(line, "text").len() == 12_000));
    assert_eq!(first[first.len() - 2]["n"], 4);
}

#[test]
fn a_line_that_alone_is_too_large_goes_and_spans_around_it_stay_what_they_are() {
    let long = "x".repeat(12_000);
    let flights = Flights::new(FlightRecorder::new().request_bytes(4_096));
    let lines = flights.run(|| {
        flights.request("REQ-1", Outcome::ServerError, || {
            let _span = info_span!("a", table = "orders").entered();
            debug!(text = long.as_str(), "too long");
            for n in 0..5 {
                debug!(n, text = "0123456789".repeat(10), "short");
            }
        });
    });
    assert_eq!(messages(&lines[..5]), ["short"; 5]);
    assert!(lines[..5].iter().all(|line| text(line, "table") == "orders"), "{lines:?}");
    assert_eq!(messages(&lines[5..]), ["… 1 lines found no room in their request", "request"]);
    assert_eq!(flights.number("obs_recorder_lines_dropped_total", "request_full"), 1.0);
    assert_eq!(flights.number("obs_recorder_lines_total", ""), 6.0);
}

#[test]
fn what_was_held_before_a_line_that_is_too_large_stays_and_is_not_said_to_be_gone() {
    let long = "x".repeat(12_000);
    let flights = Flights::new(FlightRecorder::new().request_bytes(10_000));
    let lines = flights.run(|| {
        flights.request("REQ-1", Outcome::ServerError, || {
            debug!("before");
            debug!(text = long.as_str(), "too long");
            debug!("after");
        });
    });
    let expected = ["before", "after", "… 1 lines found no room in their request", "request"];
    assert_eq!(messages(&lines), expected);
}
