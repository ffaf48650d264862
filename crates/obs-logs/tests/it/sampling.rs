//! Lines that come too often.

use std::sync::Arc;
use std::time::Duration;

use obs_core::context::{Context, Ids, Local, TraceFlags};
use obs_core::meter::Meter;
use obs_core::{Base, Clock, IdSource, RequestId, Resource, Timestamp, keys};
use obs_export::queue::{Batch, Control, Delivery, Reason, Sink};
use obs_logs::{Logs, LogsGuard, Memory, Output, Policy, RateLimit, Sampling};
use tracing::metadata::LevelFilter;
use tracing::subscriber::with_default;
use tracing::{debug, error, info, warn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

use crate::{NOW, inside};

struct Sampled {
    base: Arc<Base>,
    logs: Logs,
    memory: Memory,
    guard: LogsGuard,
}

impl Sampled {
    fn new(sampling: Sampling) -> Self {
        let clock = Clock::manual(Timestamp::from_unix_nanos(NOW));
        let base = Base::with(Resource::new("orders"), clock, IdSource::seeded(7));
        let memory = Memory::new();
        let builder = Logs::builder(Arc::clone(&base)).filter("trace".parse().unwrap()).sampling(sampling);
        let (logs, guard) = builder.output(Output::memory(&memory)).build().unwrap();
        Self { base, logs, memory, guard }
    }

    fn run(&self, work: impl FnOnce()) -> Vec<String> {
        with_default(registry().with(self.logs.layer()), work);
        self.memory.take()
    }

    /// Moves the clock and has the engine see it; the lines that come of it.
    fn advance(&self, by: Duration) -> Vec<String> {
        self.base.clock.advance(by);
        self.logs.catch_up();
        self.memory.take()
    }

    /// Lines left out, by reason, as a scrape has them.
    fn suppressed(&self) -> Vec<(String, u64)> {
        #[derive(Default)]
        struct Read(Vec<(String, u64)>);
        impl Meter for Read {
            fn counter(&mut self, metric: &'static keys::Metric, labels: &[&str], value: u64) {
                if metric.name == "obs_log_lines_suppressed_total" && value > 0 {
                    self.0.push((labels.join(","), value));
                }
            }
            fn gauge(&mut self, _: &'static keys::Metric, _: &[&str], _: f64) {}
        }
        let mut read = Read::default();
        self.base.sources.collect(&mut read);
        read.0
    }
}

fn message(line: &str) -> String {
    crate::parse(line)[3].1.as_str().unwrap().to_owned()
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn of_300_equal_lines_in_a_tick_120_are_left_and_the_others_are_told() {
    let sampled = Sampled::new(Sampling::new().tick(SECOND).first(100).thereafter(10));
    let lines = sampled.run(|| (0..300).for_each(|n| info!(target: "shop", n, "again")));
    assert_eq!(lines.len(), 120);
    let written: Vec<_> = lines.iter().map(|line| crate::parse(line)[4].1.as_u64().unwrap()).collect();
    let expected: Vec<_> = (0..100).chain((109..300).step_by(10)).collect();
    assert_eq!(written, expected);
    assert_eq!(sampled.suppressed(), [(String::from("sampled"), 180)]);
    let told = sampled.advance(SECOND);
    let rest = r#"Z","level":"INFO","target":"shop","message":"suppressed 180 lines like this","like":"again","suppressed":180,"reason":"sampled","service":"orders"}"#;
    assert_eq!(told.len(), 1);
    assert!(told[0].ends_with(rest), "{told:?}");
    assert!(sampled.advance(SECOND).is_empty(), "told once");
}

#[test]
fn warnings_and_errors_are_always_written() {
    let sampled = Sampled::new(Sampling::new().first(1).thereafter(0));
    let lines = sampled.run(|| {
        for _ in 0..50 {
            error!("broken");
            warn!("slow");
            info!("fine");
            debug!("fine");
        }
    });
    let count = |level: &str| lines.iter().filter(|line| line.contains(level)).count();
    assert_eq!(["ERROR", "WARN", "INFO", "DEBUG"].map(count), [50, 50, 1, 1]);
}

#[test]
fn a_message_is_what_it_says_wherever_it_is_said_and_whatever_stands_beside_it() {
    let sampled = Sampled::new(Sampling::new().first(2).thereafter(0));
    let lines = sampled.run(|| {
        for n in 0..4 {
            info!(target: "one", n, "order {}", 7);
            info!(target: "other", "order 7");
            info!(user = "x", message = "order 8");
            info!("order {n}");
        }
    });
    let count = |text: &str| lines.iter().filter(|line| message(line) == text).count();
    assert_eq!(count("order 7"), 2, "a level and message, whatever the call site and its fields");
    assert_eq!(count("order 8"), 2);
    assert_eq!([0, 1, 2, 3].map(|n| count(&format!("order {n}"))), [1; 4]);
    for line in &lines {
        assert_eq!(crate::parse(line).iter().filter(|(key, _)| key == "message").count(), 1, "{line}");
    }
}

#[test]
fn a_line_that_is_left_out_prints_nothing_but_its_message_and_that_once() {
    struct Times<'a>(&'a std::cell::Cell<u32>);
    impl std::fmt::Display for Times<'_> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            self.0.set(self.0.get() + 1);
            f.write_str("seen")
        }
    }
    let (fields, messages) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let sampled = Sampled::new(Sampling::new().first(3).thereafter(0));
    let lines = sampled.run(|| {
        (0..10).for_each(|_| info!(field = %Times(&fields), "message {}", Times(&messages)));
    });
    assert_eq!((lines.len(), fields.get(), messages.get()), (3, 3, 10));
    assert!(
        lines.iter().all(|line| line.contains(r#""message":"message seen","field":"seen""#)),
        "{lines:?}"
    );
}

#[test]
fn a_call_site_writes_no_more_than_its_limit() {
    let sampled = Sampled::new(Sampling::off().limit(RateLimit::new(5).up_to(LevelFilter::ERROR)));
    let lines = sampled.run(|| {
        for n in 0..20 {
            info!("number {n}");
            error!("error {n}");
        }
    });
    assert_eq!(lines.len(), 10);
    assert_eq!(sampled.suppressed(), [(String::from("rate_limited"), 30)]);
    let told = sampled.advance(SECOND);
    assert_eq!(told.len(), 2);
    for line in told {
        assert_eq!(message(&line), "suppressed 15 lines like this");
        assert!(line.contains(r#""like":"crates/obs-logs/tests/it/sampling.rs:"#), "{line}");
    }
    assert_eq!(sampled.run(|| (0..20).for_each(|n| info!("number {n}"))).len(), 5);
    let gentle = Sampled::new(Sampling::off().limit(RateLimit::new(5)));
    assert_eq!(gentle.run(|| (0..20).for_each(|n| warn!("number {n}"))).len(), 20);
}

#[test]
fn lines_follow_the_decision_on_their_trace() {
    let sampled = Sampled::new(Sampling::off().follow_trace());
    let request = |recorded| {
        let ids = IdSource::seeded(1);
        let flags = TraceFlags::default().sampled(recorded);
        let ids = Ids { trace_id: ids.trace_id(), span_id: ids.span_id(), flags };
        Context::root(ids, Local::server(RequestId::parse("r-1").unwrap(), None))
    };
    let lines = sampled.run(|| {
        inside(&request(true), || info!("recorded"));
        inside(&request(false), || {
            info!("not recorded");
            warn!("a warning");
        });
        info!("outside");
    });
    assert_eq!(
        lines.iter().map(|line| message(line)).collect::<Vec<_>>(),
        ["recorded", "a warning", "outside"]
    );
    assert_eq!(sampled.suppressed(), [(String::from("trace_not_recorded"), 1)]);
}

#[test]
fn settings_change_while_lines_are_written_and_counts_go_on() {
    let sampled = Sampled::new(Sampling::new().first(1).thereafter(0));
    assert_eq!(sampled.run(|| (0..5).for_each(|_| info!("same"))).len(), 1);
    sampled.logs.set_sampling(None);
    let lines = sampled.run(|| (0..5).for_each(|_| info!("same")));
    assert_eq!(lines.iter().filter(|line| message(line) == "same").count(), 5);
    sampled.logs.set_sampling(Some(Sampling::new().first(2).thereafter(0)));
    let lines = sampled.run(|| (0..5).for_each(|_| info!("same")));
    assert_eq!(lines.iter().filter(|line| message(line) == "same").count(), 2);
    assert_eq!(sampled.suppressed(), [(String::from("sampled"), 7)]);
}

#[test]
fn a_change_of_anything_else_begins_no_tick() {
    let settings = || Some(Sampling::new().first(3).thereafter(0));
    let sampled = Sampled::new(settings().unwrap());
    // What the old settings have left out is told meanwhile, by a thread of the engine's own.
    let written = |lines| {
        let lines = sampled.run(|| (0..lines).for_each(|_| info!("same")));
        lines.iter().filter(|line| message(line) == "same").count()
    };
    let same = |filter: &str| {
        sampled.logs.reconfigure(filter.parse().unwrap(), &[], settings()).unwrap();
        written(2)
    };
    assert_eq!([same("info"), same("debug"), same("info")], [2, 1, 0]);
    sampled.logs.reconfigure("info".parse().unwrap(), &[], Some(Sampling::new().first(4))).unwrap();
    assert_eq!(written(5), 4);
}

#[test]
fn what_was_left_out_is_told_at_the_end_at_the_latest() {
    let mut sampled = Sampled::new(Sampling::new().first(1).thereafter(0));
    assert_eq!(sampled.run(|| (0..5).for_each(|_| info!("same"))).len(), 1);
    sampled.guard.shutdown(SECOND);
    let told: Vec<_> = sampled.memory.take().iter().map(|line| message(line)).collect();
    assert_eq!(told, ["suppressed 4 lines like this"]);
}

#[test]
fn a_real_clock_tells_by_itself() {
    let base = Base::new(Resource::new("orders"));
    let memory = Memory::new();
    let sampling = Sampling::new().tick(Duration::from_millis(50)).first(1).thereafter(0);
    let builder = Logs::builder(base).sampling(sampling);
    let (logs, _guard) = builder.output(Output::memory(&memory)).build().unwrap();
    with_default(registry().with(logs.layer()), || (0..3).for_each(|_| info!("same")));
    let until = std::time::Instant::now() + Duration::from_secs(20);
    while !memory.lines().iter().any(|line| line.contains("lines like this")) {
        assert!(std::time::Instant::now() < until, "{:?}", memory.lines());
        std::thread::yield_now();
    }
}

#[test]
fn a_secret_that_is_as_long_as_what_is_shown_is_not_told_in_half() {
    for before in 200..256 {
        let sampled = Sampled::new(Sampling::new().first(1).thereafter(0));
        let message = format!("{} https://ada:Hunter2-and-more-of-it@db/shop", "x".repeat(before));
        sampled.run(|| (0..3).for_each(|_| info!("{message}")));
        let told = sampled.advance(SECOND).concat();
        assert!(told.contains("suppressed 2 lines like this"), "{told}");
        assert!(!told.contains("Hun"), "{told}");
    }
}

#[test]
fn lines_without_a_message_are_told_apart_by_their_call_sites() {
    let sampled = Sampled::new(Sampling::new().first(2).thereafter(0));
    let lines = sampled.run(|| {
        for n in 0..3 {
            info!(login = n);
            info!(logout = n);
        }
    });
    let count = |key: &str| lines.iter().filter(|line| line.contains(key)).count();
    assert_eq!([count("\"login\""), count("\"logout\"")], [2, 2]);
    let told = sampled.advance(SECOND);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|line| line.contains("sampling.rs:")), "{told:?}");
}

#[test]
fn many_messages_that_take_turns_are_each_counted() {
    let sampled = Sampled::new(Sampling::new().first(100).thereafter(10));
    let lines = sampled.run(|| (0..300).for_each(|_| (0..100).for_each(|n| info!("message {n} of many"))));
    assert_eq!(lines.len(), 100 * 120);
}

/// Takes nothing until it is told to end.
struct Stuck;

impl Sink for Stuck {
    fn deliver(&mut self, batch: &mut Batch, control: &Control) -> Delivery {
        while control.wait(SECOND) {}
        Delivery::Dropped(Reason::Shutdown, batch.records)
    }
}

#[test]
fn an_end_waits_for_no_room_to_tell_what_was_left_out() {
    let output = Output::sink("logs_stuck", Stuck).capacity_bytes(1_000).policy(Policy::Block(SECOND));
    let builder = Logs::builder(crate::base()).sampling(Sampling::new().first(1).thereafter(0));
    let (logs, mut guard) = builder.output(output).build().unwrap();
    with_default(registry().with(logs.layer()), || {
        (0..2).for_each(|_| (0..6).for_each(|n| info!("{n} {}", "x".repeat(100))));
    });
    let begun = std::time::Instant::now();
    guard.shutdown(Duration::from_millis(10));
    assert!(begun.elapsed() < SECOND, "{:?}", begun.elapsed());
}
