//! A held line is the line it would have been, in each format, with one member more.

use std::time::Duration;

use obs_core::context::{Local, enter_poll};
use obs_core::fields::Value;
use obs_core::redact::Rules;
use obs_core::{Base, Clock, IdSource, Outcome, Resource, Timestamp};
use obs_logs::{Builder, Colours, Filter, FlightRecorder, Format, Logs, Memory, Output};
use tracing::{debug, debug_span, field, info, info_span};

use super::Flights;
use crate::{Bench, parse};

/// A value whose `Debug` brings the service down.
struct Mad;

impl std::fmt::Debug for Mad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("half")?;
        panic!("no")
    }
}

/// Lines of every kind, all at `DEBUG`, all on the same place in the code.
fn every_kind() {
    let outer = debug_span!("outer", table = "orders", late = field::Empty).entered();
    debug!(a = 1, b = -2, c = 0.5, d = true, e = "te\"xt", f = ?Some("x"), g = %"y z", "plain {}", 7);
    let error = "x".parse::<u8>().unwrap_err();
    debug!(error = &error as &(dyn std::error::Error + 'static), level = "mine", recorded = 3, "a");
    outer.record("late", "now");
    debug!(password = "hunter2", api_key = ?"hunter2", token = 7, "secret");
    {
        let _inner = debug_span!("inner", table = "items", secret = "hunter2").entered();
        debug!(n = u128::MAX, nan = f64::NAN, "inside");
        debug!("again");
    }
    debug!(n = 1, message = 5);
    debug!(message = true, n = 1);
    debug!(target: "other", first = ?Mad, "mad");
    debug!("é\u{1b}\n\u{202e}");
    // As long as a card's number, and with its check digit.
    debug!(
        wide = 4_111_111_111_111_111_i128,
        wider = 4_111_111_111_111_111_u128,
        "{}",
        4_111_111_111_111_111_u64
    );
    debug!(message = -4_111_111_111_111_111_i128, wide = i128::MIN);
    debug!(token = 4_111_111_111_111_111_i128, "secret number");
}

/// The lines of `work` as they are where all of it is written at once, and as they are where it was held; in one
/// format, and by these rules.
fn both(format: Format, rules: &Rules, work: fn()) -> (Vec<String>, Vec<String>) {
    let of = |filter: &str, recorder: Option<FlightRecorder>| {
        let memory = Memory::new();
        let clock = Clock::manual(Timestamp::from_unix_nanos(crate::NOW));
        let base = Base::builder(Resource::new("orders"))
            .clock(clock)
            .ids(IdSource::seeded(7))
            .redaction(rules.clone())
            .build();
        let builder = Logs::builder(base).filter(filter.parse().unwrap());
        let builder = builder.output(Output::memory(&memory).format(format));
        let builder = recorder.into_iter().fold(builder, Builder::recorder);
        let (logs, _guard) = builder.build().unwrap();
        let access = obs_logs::AccessLog::new(logs.clone());
        Bench { logs, memory, _guard }.run(|| {
            let context = crate::context();
            context.local().set_field("user", Value::U64(9));
            {
                let _scope = enter_poll(&context);
                work();
            }
            let request = obs_core::observe::Request::new(obs_core::observe::Method::Get, "/a");
            let end = obs_core::observe::End::new(Outcome::TimedOut, Duration::from_millis(1));
            obs_core::observe::conclude(&access, &context, &request, &end);
        })
    };
    (of("debug", None), of("info", Some(FlightRecorder::new())))
}

/// What is on held lines alone, in each format.
const MARKS: [(Format, &str); 5] = [
    (Format::Json, r#""recorded":true"#),
    (Format::Logfmt, " recorded=true"),
    (Format::Pretty(Colours::Off), " recorded=true"),
    (Format::Ecs, r#""recorded":true"#),
    (Format::Otlp, r#"{"key":"recorded","value":{"boolValue":true}}"#),
];

/// The line without its mark, which in a list has a comma in front of it or behind it.
fn unmarked(line: &str, mark: &str) -> String {
    let [before, behind] = [format!(",{mark}"), format!("{mark},")];
    let found = [before.as_str(), behind.as_str()].into_iter().find(|mark| line.contains(*mark));
    line.replacen(found.unwrap_or(mark), "", 1)
}

#[test]
fn a_held_line_is_the_line_it_would_have_been_but_for_the_mark() {
    for (format, mark) in MARKS {
        let (mut written, held) = both(format, &Rules::new(), every_kind);
        // The outputs are in another order of time only.
        assert_eq!(written.len(), 13, "{written:?}");
        let access = written.pop().unwrap();
        let (last, held) = held.split_last().unwrap();
        assert_eq!(*last, access);
        for (held, written) in held.iter().zip(&written) {
            assert!(held.contains(mark), "{held}");
            assert_eq!(unmarked(held, mark), *written, "{format:?}");
            assert!(!held.contains("hunter2"));
        }
        assert_eq!(held.len(), written.len());
        if format == Format::Json {
            held.iter().for_each(|line| drop(parse(line)));
            assert!(held[1].contains(r#""field.recorded":3"#), "{}", held[1]);
            assert!(held[6].contains("half[panicked]") || held[7].contains("half[panicked]"), "{held:?}");
        }
    }
}

#[test]
fn a_held_line_is_judged_by_the_rules_of_its_engine_as_the_line_it_would_have_been() {
    fn work() {
        let text = "pin=4711, iban=DE02120300000000202051";
        let _span =
            debug_span!("s", session_id = "of the session", iban = "DE02120300000000202051", text).entered();
        debug!(text, token = "of the token", iban = "DE02120300000000202051", "{text}");
    }
    let own = Rules::new().plain_key("session_id").plain_key("pin").secret_key("iban");
    for (rules, shown, hidden) in [
        (
            own,
            ["of the session", "pin=4711"].as_slice(),
            ["DE02120300000000202051", "of the token"].as_slice(),
        ),
        (Rules::new().without_patterns(), &["DE02120300000000202051", "pin=4711"], &["of the "]),
        (Rules::new(), &["DE02120300000000202051"], &["of the ", "4711"]),
    ] {
        for (format, mark) in MARKS {
            let (written, held) = both(format, &rules, work);
            assert_eq!(unmarked(&held[0], mark), written[0], "{format:?} {rules:?}");
            assert!(shown.iter().all(|text| held[0].contains(text)), "{}", held[0]);
            assert!(hidden.iter().all(|text| !held[0].contains(text)), "{}", held[0]);
        }
    }
}

#[test]
fn the_time_and_span_are_those_of_the_line() {
    let flights = Flights::new(FlightRecorder::new());
    let context = flights.begin("REQ-1");
    let child = context.child(flights.ids.span_id());
    let lines = flights.run(|| {
        {
            let _scope = enter_poll(&context);
            debug!("first");
            flights.base.clock.advance(Duration::from_secs(1));
            {
                let _scope = enter_poll(&child);
                debug!("second");
            }
        }
        flights.base.clock.advance(Duration::from_secs(60));
        flights.end(&context, Outcome::Panicked, Duration::from_secs(61));
    });
    let seen: Vec<_> =
        lines.iter().map(|line| [super::text(line, "timestamp"), super::text(line, "span_id")]).collect();
    let (root, child) = (context.span_id().to_string(), child.span_id().to_string());
    assert_eq!(
        seen,
        [
            ["2026-10-03T12:34:56.123456Z", root.as_str()],
            ["2026-10-03T12:34:57.123456Z", child.as_str()],
            ["2026-10-03T12:35:57.123456Z", root.as_str()],
        ]
    );
    assert!(lines.iter().all(|line| super::text(line, "trace_id") == context.trace_id().to_string()));
}

#[test]
fn spans_that_are_only_held_put_nothing_onto_written_lines() {
    let flights = Flights::new(FlightRecorder::new());
    let lines = flights.run(|| {
        flights.request("REQ-1", Outcome::ServerError, || {
            let _a = info_span!("a", outer = 1).entered();
            let _b = debug_span!("b", middle = 2).entered();
            let _c = info_span!("c", inner = 3).entered();
            info!("written");
            debug!("held");
        });
    });
    let spans = |at: usize| ["outer", "middle", "inner"].map(|key| lines[at].contains_key(key));
    assert_eq!(super::messages(&lines), ["written", "held", "request"]);
    assert_eq!((spans(0), spans(1)), ([true, false, true], [true, true, true]));
}

#[test]
fn fields_that_a_span_gets_later_show_on_later_lines_alone() {
    let flights = Flights::new(FlightRecorder::new());
    let lines = flights.run(|| {
        flights.request("REQ-1", Outcome::ServerError, || {
            let span = info_span!("a", user = field::Empty, n = 1).entered();
            debug!("before");
            span.record("user", "ada");
            debug!("after");
            span.record("user", "eve");
            debug!("after that");
        });
    });
    let users: Vec<_> = lines.iter().map(|line| super::text(line, "user")).collect();
    assert_eq!(users, ["", "ada", "eve", ""]);
}

#[test]
fn levels_of_the_recorder_are_by_target_and_change_with_the_filter() {
    let filter: Filter = "trace,noisy=off".parse().unwrap();
    let flights = Flights::new(FlightRecorder::new().filter(filter));
    let turn = || {
        flights.request("REQ-1", Outcome::ServerError, || {
            tracing::trace!("trace");
            debug!(target: "noisy", "noise");
            debug!("debug");
        });
    };
    assert_eq!(super::messages(&flights.run(turn)), ["trace", "debug", "request"]);
    // What is written at once is not held.
    flights.bench.logs.set_filter("debug".parse().unwrap());
    let lines = flights.run(turn);
    assert_eq!(super::messages(&lines), ["noise", "debug", "trace", "request"]);
    let marks: Vec<_> = lines.iter().map(|line| line.contains_key("recorded")).collect();
    assert_eq!(marks, [false, false, true, false]);
    flights.bench.logs.set_filter("info".parse().unwrap());
    assert_eq!(super::messages(&flights.run(turn)), ["trace", "debug", "request"]);
}

#[test]
fn lines_outside_of_requests_and_of_jobs_are_not_held() {
    let flights = Flights::new(FlightRecorder::new());
    let lines = flights.run(|| {
        debug!("outside");
        let ids = flights.begin("REQ-1").ids();
        let job = obs_core::Context::root(ids, Local::task());
        let _scope = enter_poll(&job);
        debug!("in a job");
    });
    assert!(lines.is_empty());
    assert_eq!(flights.number("obs_recorder_lines_total", ""), 0.0);
}

#[test]
fn a_line_that_is_too_long_is_cut_and_says_so() {
    let flights = Flights::new(FlightRecorder::new());
    let long = "é".repeat(30_000);
    let lines = flights.run(|| {
        flights.request("REQ-1", Outcome::ServerError, || {
            debug!(text = %long, after = 1, "printed");
            debug!(text = long.as_str(), "text");
            let _span = info_span!("a", text = long.as_str(), n = 1).entered();
            debug!(n = 2, "in a span");
            debug!("short");
        });
    });
    assert_eq!(super::messages(&lines), ["printed", "text", "in a span", "short", "request"]);
    let cut: Vec<_> = lines.iter().map(|line| line.contains_key("truncated")).collect();
    assert_eq!(cut, [true, true, true, true, false]);
    assert!(super::text(&lines[0], "text").ends_with("é…"));
    assert!(super::text(&lines[1], "text").ends_with("é…"));
    assert!(super::text(&lines[2], "text").ends_with("é…"));
    assert!(super::text(&lines[3], "text").ends_with("é…"));
    assert_eq!((&lines[2]["n"], lines[3].get("n")), (&2.into(), None), "what comes after finds no room");
}
