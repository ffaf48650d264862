//! Of ten thousand requests with 37 failures, exactly those 37 leave what was held of them.

use std::collections::BTreeSet;

use obs_core::Outcome;
use obs_core::observe::Verdict;
use obs_logs::FlightRecorder;
use tracing::{debug, info, info_span, trace, warn};

use super::{Flights, text};

const REQUESTS: usize = 10_000;
const FAILURES: usize = 37;

/// 37 places out of ten thousand, by a generator of the test's own.
fn failing() -> BTreeSet<usize> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut places = BTreeSet::new();
    while places.len() < FAILURES {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        places.insert((state % REQUESTS as u64) as usize);
    }
    places
}

fn work(n: usize) {
    debug!(n, "looked up");
    let _span = info_span!("charge", amount = n).entered();
    info!(n, "asked the bank");
    debug!(attempt = 1, "first attempt");
    trace!("never held");
    debug!(attempt = 2, "second attempt");
    warn!(n, "the bank is slow");
    debug!(n, "done");
}

#[test]
fn exactly_the_37_that_failed_leave_their_debug_lines_whole_in_order_and_before_their_access_line() {
    let failing = failing();
    for sampled in [false, true] {
        let mut flights = Flights::new(FlightRecorder::new());
        // A trace that is sampled is no reason to write lines.
        flights.sampled = sampled;
        let mut kept = BTreeSet::new();
        let lines = flights.run(|| {
            for n in 0..REQUESTS {
                let outcome = if failing.contains(&n) { Outcome::ServerError } else { Outcome::Success };
                let verdict = flights.request(&format!("REQ-{n}"), outcome, || work(n));
                if verdict == Verdict::Keep {
                    kept.insert(n);
                }
            }
        });
        if !sampled {
            assert_eq!(kept, failing, "what is kept of traces are the same requests");
        }
        let mut with_debug = BTreeSet::new();
        let mut rest = lines.iter();
        for n in 0..REQUESTS {
            let id = format!("REQ-{n}");
            // The written lines as they come, then what was held, then the access line.
            let mut expected = vec![("INFO", "asked the bank", false), ("WARN", "the bank is slow", false)];
            if failing.contains(&n) {
                let held = ["looked up", "first attempt", "second attempt", "done"];
                expected.extend(held.map(|message| ("DEBUG", message, true)));
            }
            expected.push((if failing.contains(&n) { "ERROR" } else { "INFO" }, "request", false));
            for (level, message, recorded) in expected {
                let line = rest.next().unwrap();
                assert_eq!(text(line, "request_id"), id);
                assert_eq!((text(line, "level"), text(line, "message")), (level, message), "{id}");
                assert_eq!(line.get("recorded"), recorded.then_some(&true.into()), "{id}");
                if level == "DEBUG" {
                    with_debug.insert(n);
                }
            }
        }
        assert!(rest.next().is_none());
        assert_eq!(with_debug, failing);
        assert_eq!(flights.number("obs_recorder_lines_total", ""), 4.0 * REQUESTS as f64);
        assert_eq!(flights.number("obs_recorder_lines_written_total", ""), 4.0 * FAILURES as f64);
        assert_eq!(flights.number("obs_recorder_requests_total", "error"), FAILURES as f64);
        assert_eq!(flights.number("obs_recorder_bytes", ""), 0.0);
    }
}
