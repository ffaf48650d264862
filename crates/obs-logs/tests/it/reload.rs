//! Levels that change while lines are written.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use obs_core::Outcome;
use obs_core::observe::{End, Method, Observer, Request, Verdict};
use obs_logs::{AccessLog, Filter, Format, Logs, Match, Memory, Output, Route};
use tracing::subscriber::with_default;
use tracing::{Dispatch, debug, dispatcher, info, info_span};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

use crate::{Bench, context};

fn filter(text: &str) -> Filter {
    text.parse().unwrap()
}

fn messages(bench: &Bench) -> Vec<String> {
    let of = |line: &String| crate::parse(line)[3].1.as_str().unwrap().to_owned();
    bench.memory.take().iter().map(of).collect()
}

#[test]
fn a_call_site_that_was_silent_is_heard_and_silent_again() {
    let bench = Bench::with("info", |builder| builder);
    let speak = || {
        debug!(target: "shop::cart", "quiet");
        info!(target: "shop::cart", "loud");
    };
    with_default(registry().with(bench.logs.layer()), || {
        for _ in 0..3 {
            speak();
            assert_eq!(messages(&bench), ["loud"]);
            bench.logs.set_filter(filter("info,shop=debug"));
            speak();
            assert_eq!(messages(&bench), ["quiet", "loud"]);
            bench.logs.set_filter(filter("off"));
            speak();
            assert!(messages(&bench).is_empty());
            bench.logs.set_filter(filter("info"));
        }
    });
    assert_eq!(bench.logs.filter(), filter("info"));
}

#[test]
fn each_of_two_dispatchers_follows_its_own_filter() {
    let (one, other) = (Bench::with("info", |builder| builder), Bench::with("off", |builder| builder));
    let dispatches = [&one, &other].map(|bench| Dispatch::new(registry().with(bench.logs.layer())));
    let speak = || {
        for dispatch in &dispatches {
            dispatcher::with_default(dispatch, || {
                debug!("quiet");
                info!("loud");
            });
        }
        (messages(&one), messages(&other))
    };
    let lines = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>();
    assert_eq!(speak(), (lines(&["loud"]), lines(&[])));
    other.logs.set_filter(filter("debug"));
    assert_eq!(speak(), (lines(&["loud"]), lines(&["quiet", "loud"])));
    one.logs.set_filter(filter("off"));
    assert_eq!(speak(), (lines(&[]), lines(&["quiet", "loud"])));
    one.logs.set_filter(filter("debug"));
    other.logs.set_filter(filter("info"));
    assert_eq!(speak(), (lines(&["quiet", "loud"]), lines(&["loud"])));
}

#[test]
fn access_lines_follow() {
    let bench = Bench::with("info", |builder| builder);
    let access = AccessLog::new(bench.logs.clone());
    let request = Request::new(Method::Get, "/");
    for (text, expected) in [("info", 2), ("error", 1), ("off", 0), ("off,obs::access=trace", 2)] {
        bench.logs.set_filter(filter(text));
        for outcome in [Outcome::Success, Outcome::Panicked] {
            access.finish(&context(), &request, &End::new(outcome, Duration::ZERO), Verdict::Keep);
        }
        assert_eq!(bench.memory.take().len(), expected, "{text}");
    }
}

#[test]
fn a_span_shows_if_it_was_looked_at_when_it_was_opened() {
    let bench = Bench::with("off,t=info", |builder| builder);
    with_default(registry().with(bench.logs.layer()), || {
        let _silent = info_span!(target: "spans", "a", a = 1).entered();
        bench.logs.set_filter(filter("off,t=info,spans=info"));
        let _open = info_span!(target: "spans", "b", b = 2).entered();
        bench.logs.set_filter(filter("off,t=info"));
        info!(target: "t", "m");
    });
    let lines = bench.memory.take();
    assert!(lines[0].ends_with(r#""message":"m","service":"orders","b":2}"#), "{lines:?}");
}

#[test]
fn lines_are_neither_lost_nor_doubled_while_filters_come_and_go() {
    let bench = Arc::new(Bench::with("info", |builder| builder));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                bench.logs.set_filter(filter("debug,hyper=off"));
                bench.logs.set_filter(filter("info"));
            }
        });
        with_default(registry().with(bench.logs.layer()), || (0..2_000).for_each(|n| info!(n, "{n}")));
        done.store(true, Ordering::Relaxed);
    });
    let expected: Vec<_> = (0..2_000).map(|n| n.to_string()).collect();
    assert_eq!(messages(&bench), expected);
}

#[test]
fn lines_that_routes_ask_for_fields_are_in_the_form_of_where_they_go_while_routes_come_and_go() {
    let (json, logfmt) = (Memory::bounded(1 << 30), Memory::bounded(1 << 30));
    let builder = Logs::builder(crate::base());
    let outputs =
        [Output::memory(&json).named("a"), Output::memory(&logfmt).named("b").format(Format::Logfmt)];
    let (logs, _guard) = outputs.into_iter().fold(builder, obs_logs::Builder::output).build().unwrap();
    let routes = |output: &str| [Route::new(Match::field("n", ">=0"), [output])];
    logs.set_routes(&routes("a")).unwrap();
    let done = AtomicBool::new(false);
    let lines = 40_000;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                logs.set_routes(&routes("b")).unwrap();
                logs.set_routes(&routes("a")).unwrap();
            }
        });
        with_default(registry().with(logs.layer()), || (0..lines).for_each(|n| info!(n, "m")));
        done.store(true, Ordering::Relaxed);
    });
    let of_json = json
        .take()
        .into_iter()
        .map(|line| line.split("\"n\":").nth(1).unwrap().split(',').next().unwrap().to_owned());
    let of_logfmt = logfmt
        .take()
        .into_iter()
        .map(|line| line.split(" n=").nth(1).unwrap_or("none").split(' ').next().unwrap().to_owned());
    let mut found: Vec<_> = of_json.chain(of_logfmt).collect();
    let count = found.len();
    found.sort();
    found.dedup();
    assert_eq!((count, found.len()), (lines, lines));
}
