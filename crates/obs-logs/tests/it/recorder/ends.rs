//! Which ends of a request have its lines written, and what is left of those that have none.

use std::time::Duration;

use obs_core::Outcome::*;
use obs_core::context::{Route, enter_poll};
use obs_core::observe::Verdict;
use obs_logs::FlightRecorder;
use tracing::{debug, info};

use super::{Flights, messages};

const MILLI: Duration = Duration::from_millis(1);

#[test]
fn errors_panics_and_time_outs_leave_their_lines_and_nothing_else_does() {
    for (outcome, reason) in [
        (Success, None),
        (ClientError, None),
        (Cancelled, None),
        (ServerError, Some("error")),
        (Panicked, Some("panic")),
        (TimedOut, Some("timeout")),
    ] {
        let flights = Flights::new(FlightRecorder::new());
        let lines = flights.run(|| {
            let verdict = flights.request("REQ-1", outcome, || debug!("held"));
            assert_eq!(verdict == Verdict::Keep, reason.is_some(), "{outcome:?}");
        });
        let expected: &[&str] = if reason.is_some() { &["held", "request"] } else { &["request"] };
        assert_eq!(messages(&lines), expected, "{outcome:?}");
        for known in ["error", "panic", "timeout", "slow"] {
            let count = f64::from(reason == Some(known));
            assert_eq!(flights.number("obs_recorder_requests_total", known), count, "{outcome:?} {known}");
        }
        assert_eq!(flights.number("obs_recorder_bytes", ""), 0.0, "{outcome:?}");
    }
}

/// Which of these durations have the lines of their requests written.
fn written(recorder: FlightRecorder, durations: &[Duration]) -> Vec<usize> {
    let flights = Flights::new(recorder);
    let lines = flights.run(|| {
        for (n, duration) in durations.iter().enumerate() {
            let context = flights.begin(&format!("REQ-{n}"));
            context.local().set_route(Route::from_static("/a"));
            {
                let _scope = enter_poll(&context);
                debug!(n, "held");
            }
            flights.end(&context, Success, *duration);
        }
    });
    let held = lines.iter().filter(|line| line.contains_key("recorded"));
    held.map(|line| line["n"].as_u64().unwrap() as usize).collect()
}

#[test]
fn a_request_at_least_as_long_as_the_fixed_bound_is_slow() {
    let bound = Duration::from_secs(1);
    let durations = [Duration::ZERO, bound - Duration::from_nanos(1), bound, bound * 2];
    assert_eq!(written(FlightRecorder::new().slow(bound), &durations), [2, 3]);
    assert!(written(FlightRecorder::new(), &durations).is_empty());
}

#[test]
fn a_request_longer_than_99_of_100_of_its_route_is_slow_once_a_hundred_are_known() {
    // Nine to eleven milliseconds, and here and there one of 100.
    let mut durations: Vec<_> =
        (0..1_000).map(|n: u64| Duration::from_micros(9_000 + n * 37 % 2_000)).collect();
    let slow = [50, 140, 300, 640, 900];
    slow.iter().for_each(|n| durations[*n] = Duration::from_millis(100));
    let written = written(FlightRecorder::new().slow_quantile(), &durations);
    assert_eq!(written, slow[1..], "the first came before anything was known");
}

#[test]
fn failures_may_be_left_to_others() {
    let flights = Flights::new(FlightRecorder::new().no_errors().slow(Duration::from_secs(1)));
    let lines = flights.run(|| {
        for outcome in [ServerError, Panicked, TimedOut] {
            let verdict = flights.request("REQ-1", outcome, || debug!("held"));
            assert_eq!(verdict, Verdict::Drop, "{outcome:?}");
        }
        let context = flights.begin("REQ-2");
        {
            let _scope = enter_poll(&context);
            debug!("slow and failed");
        }
        flights.end(&context, ServerError, Duration::from_secs(2));
    });
    assert_eq!(messages(&lines), ["request", "request", "request", "slow and failed", "request"]);
    for reason in ["error", "panic", "timeout"] {
        assert_eq!(flights.number("obs_recorder_requests_total", reason), 0.0);
    }
    assert_eq!(flights.number("obs_recorder_requests_total", "slow"), 1.0);
}

#[test]
fn what_a_request_leaves_behind_is_not_held_and_is_counted() {
    let flights = Flights::new(FlightRecorder::new());
    let lines = flights.run(|| {
        let context = flights.begin("REQ-1");
        {
            let _scope = enter_poll(&context);
            debug!("held");
        }
        flights.end(&context, ServerError, MILLI);
        let _scope = enter_poll(&context);
        debug!("too late");
        info!("written");
    });
    assert_eq!(messages(&lines), ["held", "request", "written"]);
    assert_eq!(flights.number("obs_recorder_lines_dropped_total", "ended"), 1.0);
    assert_eq!(flights.number("obs_recorder_bytes", ""), 0.0);
}

#[test]
fn a_request_that_is_forgotten_gives_its_memory_back() {
    let flights = Flights::new(FlightRecorder::new());
    flights.run(|| {
        let context = flights.begin("REQ-1");
        {
            let _scope = enter_poll(&context);
            debug!("held");
        }
        assert!(flights.number("obs_recorder_bytes", "") > 0.0);
        drop(context);
    });
    assert_eq!(flights.number("obs_recorder_bytes", ""), 0.0);
    assert_eq!(flights.number("obs_recorder_lines_total", ""), 1.0);
}

#[test]
fn lines_of_two_threads_in_one_request_are_all_there_and_each_threads_in_order() {
    const EACH: u64 = 2_000;
    let flights = Flights::new(FlightRecorder::new().request_bytes(8 << 20));
    let context = flights.begin("REQ-1");
    let subscriber = tracing::Dispatch::new({
        use tracing_subscriber::layer::SubscriberExt;
        tracing_subscriber::registry().with(flights.bench.logs.layer())
    });
    std::thread::scope(|scope| {
        for thread in 0..2u64 {
            let (context, subscriber) = (&context, &subscriber);
            scope.spawn(move || {
                tracing::dispatcher::with_default(subscriber, || {
                    let _scope = enter_poll(context);
                    let _span = tracing::info_span!("of a thread", thread).entered();
                    (0..EACH).for_each(|n| debug!(n, "held"));
                });
            });
        }
    });
    flights.end(&context, ServerError, MILLI);
    let lines = flights.lines();
    for thread in 0..2u64 {
        let own = lines.iter().filter(|line| line.get("thread") == Some(&thread.into()));
        let numbers: Vec<_> = own.map(|line| line["n"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (0..EACH).collect::<Vec<_>>());
    }
    assert_eq!(lines.len() as u64, 2 * EACH + 1);
}
