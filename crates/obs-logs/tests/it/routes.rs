//! Which outputs lines go to.

use std::sync::Arc;

use obs_core::observe::{End, Method, Observer, Request, Verdict};
use obs_core::{Base, Clock, IdSource, Outcome, Resource, Timestamp};
use obs_logs::{AccessLog, BuildError, Filter, Format, Logs, LogsGuard, Match, Memory, Output, Route};
use tracing::subscriber::with_default;
use tracing::{debug, error, info, info_span, warn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

use crate::{NOW, context, inside};

/// Three outputs in memory: `a` and `b` in JSON, `c` in logfmt.
struct Three {
    logs: Logs,
    outputs: [Memory; 3],
    _guard: LogsGuard,
}

fn level(text: &str) -> Match {
    Match::level(text.parse().unwrap())
}

impl Three {
    fn new(env: Option<&str>, filter: &str, routes: Vec<Route>) -> Result<Self, BuildError> {
        let mut resource = Resource::new("orders");
        resource.env = env.map(str::to_owned);
        let clock = Clock::manual(Timestamp::from_unix_nanos(NOW));
        let outputs = [Memory::new(), Memory::new(), Memory::new()];
        let mut builder = Logs::builder(Base::with(resource, clock, IdSource::seeded(7)))
            .filter(filter.parse::<Filter>().unwrap())
            .routes(routes);
        for (memory, name) in outputs.iter().zip(["a", "b", "c"]) {
            let format = if name == "c" { Format::Logfmt } else { Format::Json };
            builder = builder.output(Output::memory(memory).named(name).format(format));
        }
        let (logs, guard) = builder.build()?;
        Ok(Self { logs, outputs, _guard: guard })
    }

    /// Which outputs have a line with each of these texts, after `work`.
    fn taken<W: FnOnce()>(&self, work: W) -> impl Fn(&str) -> String + use<W> {
        with_default(registry().with(self.logs.layer()), work);
        let lines: Vec<_> = self.outputs.iter().map(Memory::take).collect();
        move |text| {
            let has = |lines: &Vec<String>| lines.iter().filter(|line| line.contains(text)).count();
            let counts = lines.iter().map(has);
            counts.zip(["a", "b", "c"]).map(|(count, name)| name.repeat(count)).collect()
        }
    }
}

#[test]
fn the_first_route_that_matches_takes_the_line() {
    let routes = vec![
        Route::new(Match::all([Match::env("prod"), level("ERROR"), Match::module("payment")]), ["a"]),
        Route::new(Match::all([Match::env("dev"), level("DEBUG")]), ["b"]),
        Route::otherwise(["c"]),
    ];
    let speak = || {
        error!(target: "shop::payment::card", "declined");
        error!(target: "shop::payments", "elsewhere");
        warn!(target: "shop::payment", "slow");
        debug!(target: "shop::cart", "detail");
    };
    for (env, expected) in [
        (Some("prod"), ["a", "c", "c", "c"]),
        (Some("dev"), ["c", "c", "c", "b"]),
        (None, ["c", "c", "c", "c"]),
    ] {
        let three = Three::new(env, "debug", routes.clone()).unwrap();
        let taken = three.taken(speak);
        let found = ["declined", "elsewhere", "slow", "detail"].map(&taken);
        assert_eq!(found, expected, "{env:?}");
    }
}

#[test]
fn a_line_goes_to_several_outputs_to_none_or_without_routes_to_all() {
    let routes = vec![Route::new(level(">=WARN"), ["a", "c"]), Route::new(level("DEBUG"), [""; 0])];
    let three = Three::new(None, "trace", routes).unwrap();
    let taken = three.taken(|| {
        error!("one");
        debug!("two");
        info!("three");
    });
    assert_eq!(["one", "two", "three"].map(taken), ["ac", "", ""]);
    three.logs.set_routes(&[]).unwrap();
    assert_eq!(three.taken(|| info!("four"))("four"), "abc");
}

#[test]
fn what_no_route_takes_is_not_looked_at() {
    struct Seen<'a>(&'a std::cell::Cell<u32>);
    impl std::fmt::Debug for Seen<'_> {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            self.0.set(self.0.get() + 1);
            Ok(())
        }
    }
    let seen = std::cell::Cell::new(0);
    let three = Three::new(None, "trace", vec![Route::new(level(">=INFO"), ["a"])]).unwrap();
    let taken = three.taken(|| {
        debug!(seen = ?Seen(&seen), "quiet");
        info!(seen = ?Seen(&seen), "heard");
    });
    assert_eq!((taken("quiet"), taken("heard"), seen.get()), (String::new(), String::from("a"), 1));
}

#[test]
fn a_field_is_asked_of_the_event_then_of_its_spans_then_of_the_request() {
    let routes = vec![
        Route::new(Match::field("tenant", "acme*"), ["a"]),
        Route::new(Match::any([Match::field("status", ">=500"), Match::field("ok", "false")]), ["b"]),
        Route::otherwise(["c"]),
    ];
    let three = Three::new(None, "trace", routes).unwrap();
    let taken = three.taken(|| {
        info!(tenant = "acme-eu", "own");
        info!(tenant = %"acme", status = 503, "first");
        info!(status = 503, "number");
        info!(status = 499u16, "below");
        info!(status = ?"502", "quoted");
        info!(ok = false, "flag");
        info_span!("outer", tenant = "acme").in_scope(|| {
            info!("span");
            info!(tenant = "other", "event first");
            info_span!("inner", tenant = "other").in_scope(|| info!("inner first"));
        });
        let request = context();
        request.local().set_field("tenant", obs_core::fields::Value::Str("acme"));
        inside(&request, || info!("of request"));
        info!("none");
    });
    for (text, expected) in [
        ("own", "a"),
        ("first\",\"tenant", "a"),
        ("number", "b"),
        ("below", "c"),
        ("quoted", "c"),
        ("flag", "b"),
        ("message\":\"span", "a"),
        ("event first", "c"),
        ("inner first", "c"),
        ("of request", "a"),
        ("message=none", "c"),
    ] {
        assert_eq!(taken(text), expected, "{text}");
    }
}

#[test]
fn a_module_may_be_named_by_a_field_of_the_event() {
    let routes = vec![Route::new(Match::module("payment"), ["a"]), Route::otherwise(["b"])];
    let three = Three::new(None, "trace", routes).unwrap();
    let taken = three.taken(|| {
        info!(target: "other", module = "payment", "by field");
        info!(target: "other", module = "shop", "by another");
        info!(target: "shop::payment", module = "shop", "by target");
    });
    assert_eq!(["by field", "by another", "by target"].map(taken), ["a", "b", "a"]);
}

#[test]
fn a_value_that_is_printed_is_printed_once_and_may_panic() {
    struct Counting<'a>(&'a std::cell::Cell<u32>);
    impl std::fmt::Debug for Counting<'_> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            self.0.set(self.0.get() + 1);
            f.write_str("acme")?;
            if self.0.get() == 2 { panic!("the second time") } else { Ok(()) }
        }
    }
    let routes = vec![Route::new(Match::field("tenant", "acme"), ["a"]), Route::otherwise(["b", "c"])];
    let three = Three::new(None, "trace", routes).unwrap();
    let times = std::cell::Cell::new(0);
    let taken = three.taken(|| {
        info!(tenant = ?Counting(&times), "whole");
        info!(tenant = ?Counting(&times), "half");
    });
    assert_eq!(times.get(), 2);
    assert_eq!(["whole", "half"].map(taken), ["a", "bc"]);
}

#[test]
fn access_lines_go_by_their_level_and_their_fields() {
    let routes = vec![
        Route::new(Match::all([Match::target("obs::access"), level("ERROR")]), ["a"]),
        Route::new(Match::field("path", "/health*"), [""; 0]),
        Route::new(Match::field("status_code", "404"), ["b"]),
        Route::otherwise(["c"]),
    ];
    let three = Three::new(None, "info", routes).unwrap();
    let access = AccessLog::new(three.logs.clone());
    let finish = |path: &str, outcome, status| {
        let mut end = End::new(outcome, std::time::Duration::from_millis(3));
        end.status = Some(status);
        access.finish(&context(), &Request::new(Method::Get, path), &end, Verdict::Keep);
    };
    let taken = three.taken(|| {
        finish("/orders/1", Outcome::ServerError, 500);
        finish("/healthz", Outcome::Success, 200);
        finish("/orders/2", Outcome::ClientError, 404);
        finish("/orders/3", Outcome::Success, 200);
    });
    let found = ["/orders/1", "/healthz", "/orders/2", "/orders/3"].map(taken);
    assert_eq!(found, ["a", "", "b", "c"]);
}

#[test]
fn routes_change_while_threads_write_and_no_line_is_lost_or_doubled() {
    let three = Three::new(None, "trace", vec![Route::otherwise(["a"])]).unwrap();
    const LINES: usize = 20_000;
    let dispatch = tracing::Dispatch::new(registry().with(three.logs.layer()));
    let logs = three.logs.clone();
    let done = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let (dispatch, done) = (dispatch.clone(), Arc::clone(&done));
            scope.spawn(move || {
                tracing::dispatcher::with_default(&dispatch, || {
                    (0..LINES).for_each(|line| info!(line, thread, "numbered"));
                });
                done.fetch_add(1, std::sync::atomic::Ordering::Release);
            });
        }
        let mut turn = 0;
        while done.load(std::sync::atomic::Ordering::Acquire) < 2 {
            let to = ["a", "b"][turn % 2];
            let when = if turn % 3 == 0 { Match::field("line", "*") } else { Match::all([]) };
            logs.set_routes(&[Route::new(when, [to])]).unwrap();
            turn += 1;
        }
        assert!(turn > 3, "routes were hardly changed");
    });
    let [a, b, c] = three.outputs.each_ref().map(Memory::take);
    assert!(c.is_empty());
    let mut all: Vec<_> = a
        .iter()
        .chain(&b)
        .map(|line| {
            let pairs = crate::parse(line);
            let number =
                |key: &str| pairs.iter().find(|(known, _)| known == key).unwrap().1.as_u64().unwrap();
            (number("thread"), number("line"))
        })
        .collect();
    all.sort_unstable();
    let expected: Vec<_> =
        (0..2).flat_map(|thread| (0..LINES as u64).map(move |line| (thread, line))).collect();
    assert_eq!(all, expected);
}

#[test]
fn levels_and_routes_change_at_once() {
    let three = Three::new(None, "info", vec![Route::otherwise(["b"])]).unwrap();
    let dispatch = tracing::Dispatch::new(registry().with(three.logs.layer()));
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            tracing::dispatcher::with_default(&dispatch, || {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    debug!("for a alone");
                    info!("for either");
                }
            });
        });
        // Lines at DEBUG are let out only where they go to `a`.
        for turn in 0..300 {
            let (filter, to) = [("debug", "a"), ("info", "b")][turn % 2];
            three.logs.reconfigure(filter.parse().unwrap(), &[Route::otherwise([to])], None).unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let [a, b, _] = three.outputs.each_ref().map(Memory::take);
    let quiet = |lines: &[String]| lines.iter().filter(|line| line.contains("DEBUG")).count();
    assert!(quiet(&a) > 0 && !b.is_empty(), "nothing was written meanwhile");
    assert_eq!(quiet(&b), 0);
}

#[test]
fn routes_that_do_not_hold_together_are_refused_and_change_nothing() {
    let error = Three::new(None, "info", vec![Route::otherwise(["loki"])]).err().unwrap();
    assert_eq!(error.to_string(), "log route 1: there is no output `loki`");
    let three = Three::new(None, "info", vec![Route::otherwise(["a"])]).unwrap();
    let faults =
        three.logs.set_routes(&[Route::otherwise(["b"]), Route::new(level("INFO"), ["x"])]).unwrap_err();
    let again = three.logs.reconfigure("off".parse().unwrap(), &[Route::otherwise(["x"])], None);
    assert_eq!(again.unwrap_err().len(), 1);
    assert_eq!(three.logs.filter(), "info".parse().unwrap());
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        faults,
        ["there is no output `x`", "no line comes this far: route 1 takes every line that it would"]
    );
    assert_eq!(three.taken(|| info!("same"))("same"), "a");
}

#[test]
fn two_outputs_of_one_name_are_refused() {
    let memory = Memory::new();
    let builder = Logs::builder(crate::base());
    let builder = builder.output(Output::memory(&memory).named("x")).output(Output::discard().named("x"));
    assert_eq!(builder.build().err().unwrap().to_string(), "log output logs_x is named twice");
}

#[test]
fn many_routes_of_many_conditions_are_checked_at_once() {
    let condition = |route: usize, part: usize| Match::field(format!("field{part}_{route}"), "x*");
    let route = |n| Route::new(Match::all((0..6).map(|part| condition(n, part))), ["a"]);
    let routes: Vec<_> = (0..60).map(route).collect();
    let begun = std::time::Instant::now();
    assert!(obs_logs::check_routes(&routes, &["a"]).is_empty());
    // Debug builds on a busy machine are slow; without care it takes minutes.
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
}
