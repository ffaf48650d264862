//! What becomes of lines that find their queue full, and what is told of it.

use std::ops::Range;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use obs_export::queue::{Batch, Control, Delivery, Reason, Sink};
use obs_logs::{BuildError, Colours, Format, Logs, LogsGuard, Memory, Output, Policy};
use tracing::subscriber::with_default;
use tracing::{Level, error, info, warn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

use crate::outputs::LONG;
use crate::{TIME, base, parse};

/// Tells of each batch and hangs until it may go on, which it may once nobody is there to tell it.
struct Gated(Sender<String>, Receiver<()>);

impl Sink for Gated {
    fn deliver(&mut self, batch: &mut Batch, _: &Control) -> Delivery {
        let _ = self.0.send(String::from_utf8(batch.bytes.clone()).unwrap());
        let _ = self.1.recv();
        Delivery::Delivered
    }
}

/// A line of each of these is as long as one of another: the numbers have two digits, and the levels four letters.
const LINE: usize =
    r#"{"timestamp":"2026-10-03T12:34:56.123456Z","level":"INFO","target":"t","message":"m","n":10,"service":"orders"}"#
        .len()
        + 1;

struct Bench {
    logs: Logs,
    // Dropped first, so that nothing hangs when the guard is.
    open: Sender<()>,
    seen: Receiver<String>,
    _guard: LogsGuard,
}

impl Bench {
    /// Room for ten lines, the first of which is in the sink's hands.
    fn new(policy: Policy) -> Self {
        let (told, seen) = channel();
        let (open, gate) = channel();
        let output = Output::sink("logs_gated", Gated(told, gate)).policy(policy).capacity_bytes(10 * LINE);
        let (logs, guard) = Logs::builder(base()).output(output).build().unwrap();
        let bench = Self { logs, _guard: guard, seen, open };
        bench.info(10..11);
        assert_eq!(bench.seen.recv_timeout(LONG).unwrap().len(), LINE);
        bench
    }

    fn run(&self, work: impl FnOnce()) {
        with_default(registry().with(self.logs.layer()), work);
    }

    fn info(&self, numbers: Range<u64>) {
        self.run(|| numbers.into_iter().for_each(|n| info!(target: "t", n, "m")));
    }

    fn warn(&self, numbers: Range<u64>) {
        self.run(|| numbers.into_iter().for_each(|n| warn!(target: "t", n, "m")));
    }

    /// The next batch: `n` of its lines, and what is told between them.
    fn next(&self) -> String {
        self.open.send(()).unwrap();
        let batch = self.seen.recv_timeout(LONG).unwrap();
        let short = |line: &str| {
            let fields = parse(line);
            let field =
                |key: &str| fields.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone());
            if let Some(n) = field("n") {
                return n.to_string();
            }
            assert_eq!(
                (field("output").unwrap(), field("level").unwrap()),
                ("logs_gated".into(), "WARN".into())
            );
            let (lost, reason) = (field("lost").unwrap(), field("reason").unwrap());
            format!("[{lost} {}]", reason.as_str().unwrap())
        };
        batch.lines().map(short).collect::<Vec<_>>().join(" ")
    }

    fn dropped(&self) -> (u64, u64) {
        let counts = self.logs.queues().next().unwrap().counts();
        assert_eq!(counts.produced, counts.delivered + counts.dropped() + counts.pending);
        (counts.dropped_for(Reason::QueueFull), counts.dropped_for(Reason::Evicted))
    }
}

#[test]
fn the_newest_are_dropped_where_nothing_else_was_said() {
    let bench = Bench::new(Policy::default());
    bench.info(11..30);
    assert_eq!(bench.next(), "11 12 13 14 15 16 17 18 19 [10 queue_full]");
    assert_eq!(bench.dropped(), (10, 0));
}

#[test]
fn the_oldest_make_room_for_the_newest() {
    let bench = Bench::new(Policy::DropOldest);
    bench.info(11..30);
    assert_eq!(bench.next(), "[10 evicted] 21 22 23 24 25");
    assert_eq!(bench.next(), "26 27 28 29");
    assert_eq!(bench.dropped(), (0, 10));
}

#[test]
fn what_is_severe_finds_room_where_anything_else_waits() {
    let bench = Bench::new(Policy::DropBelow(Level::WARN));
    bench.info(11..20);
    bench.warn(20..23);
    bench.info(23..25);
    bench.warn(25..27);
    assert_eq!(bench.next(), "[5 evicted] 16 17 18 19 20");
    assert_eq!(bench.next(), "21 22 [2 queue_full] 25 26");
    assert_eq!(bench.dropped(), (2, 5));
    // Where nothing else waits, it is lost like any other.
    bench.warn(30..50);
    assert_eq!(bench.next(), "30 31 32 33 34");
    assert_eq!(bench.dropped(), (16, 5));
}

#[test]
fn a_caller_waits_no_longer_than_its_limit() {
    let limit = Duration::from_millis(40);
    let bench = Bench::new(Policy::Block(limit));
    bench.info(11..20);
    let begun = Instant::now();
    bench.info(20..22);
    assert!(begun.elapsed() >= 2 * limit);
    assert_eq!(bench.dropped(), (2, 0));
    let blocked = bench.logs.queues().next().unwrap().counts().blocked;
    assert!(blocked >= 2 * limit && blocked <= begun.elapsed(), "{blocked:?}");
}

#[test]
fn a_caller_that_waits_long_enough_loses_nothing() {
    let Bench { logs, _guard: mut guard, seen, open } = Bench::new(Policy::Block(LONG));
    std::thread::scope(|scope| {
        let logs = &logs;
        scope.spawn(move || {
            with_default(registry().with(logs.layer()), || (11..90).for_each(|n| info!(target: "t", n, "m")));
        });
        let mut lines = 1;
        while lines < 80 {
            open.send(()).unwrap();
            lines += seen.recv_timeout(LONG).unwrap().lines().count();
        }
        assert_eq!(lines, 80);
        open.send(()).unwrap();
    });
    guard.shutdown(LONG);
    let counts = logs.queues().next().unwrap().counts();
    assert_eq!((counts.delivered, counts.dropped()), (80, 0));
}

#[test]
fn an_output_that_hangs_holds_up_neither_another_nor_the_caller() {
    let (told, seen) = channel();
    let (open, gate) = channel();
    let memory = Memory::new();
    let hangs = Output::sink("logs_hangs", Gated(told, gate)).capacity_bytes(10 * LINE);
    let (other_told, other_seen) = channel();
    let (other_open, other_gate) = channel();
    let other = Output::sink("logs_other", Gated(other_told, other_gate));
    let builder = Logs::builder(base()).output(hangs.policy(Policy::DropOldest));
    let (logs, mut guard) = builder.output(other).output(Output::memory(&memory)).build().unwrap();
    let run = |n: u64| with_default(registry().with(logs.layer()), || info!(target: "t", n, "m"));
    run(0);
    seen.recv_timeout(LONG).unwrap();
    other_seen.recv_timeout(LONG).unwrap();
    let begun = Instant::now();
    (1..10_000).for_each(run);
    assert!(begun.elapsed() < LONG);
    let mut lines = 1;
    while lines < 10_000 {
        other_open.send(()).unwrap();
        lines += other_seen.recv_timeout(LONG).unwrap().lines().count();
    }
    other_open.send(()).unwrap();
    assert_eq!((lines, memory.lines().len()), (10_000, 10_000));
    drop((other_open, open));
    guard.shutdown(Duration::from_millis(50));
}

#[test]
fn what_is_missing_is_told_in_the_form_of_the_output() {
    let shaped = |output: Output| {
        output.rename("timestamp", "ts").rename("lost", "count").drop_field("service").drop_field("output")
    };
    let as_it_is = |output: Output| output;
    for (format, shape, expected) in [
        (Format::Json, as_it_is as fn(Output) -> Output, format!("{TIME}\"level\":\"WARN\",\"target\":\"obs::logs\",\"message\":\"lost 3 lines\",\"lost\":3,\"reason\":\"queue_full\",\"output\":\"logs_x\",\"service\":\"orders\"}}")),
        (Format::Logfmt, as_it_is, "timestamp=2026-10-03T12:34:56.123456Z level=WARN target=obs::logs message=\"lost 3 lines\" lost=3 reason=queue_full output=logs_x service=orders".to_owned()),
        (Format::Pretty(Colours::Off), as_it_is, "2026-10-03T12:34:56.123Z WARN  obs::logs: lost 3 lines lost=3 reason=queue_full output=logs_x".to_owned()),
        (Format::Ecs, as_it_is, r#"{"@timestamp":"2026-10-03T12:34:56.123456Z","log.level":"WARN","message":"lost 3 lines","lost":3,"reason":"queue_full","output":"logs_x","ecs.version":"8.17.0","log.logger":"obs::logs","service.name":"orders"}"#.to_owned()),
        (Format::Otlp, as_it_is, r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"orders"}}]},"scopeLogs":[{"scope":{"name":"obs::logs"},"logRecords":[{"timeUnixNano":"1791030896123456789","observedTimeUnixNano":"1791030896123456789","severityNumber":13,"severityText":"WARN","body":{"stringValue":"lost 3 lines"},"attributes":[{"key":"lost","value":{"intValue":"3"}},{"key":"reason","value":{"stringValue":"queue_full"}},{"key":"output","value":{"stringValue":"logs_x"}}]}]}]}]}"#.to_owned()),
        (Format::Json, shaped, r#"{"ts":"2026-10-03T12:34:56.123456Z","level":"WARN","target":"obs::logs","message":"lost 3 lines","count":3,"reason":"queue_full"}"#.to_owned()),
        (Format::Logfmt, shaped, r#"ts=2026-10-03T12:34:56.123456Z level=WARN target=obs::logs message="lost 3 lines" count=3 reason=queue_full"#.to_owned()),
        (Format::Pretty(Colours::Off), shaped, r#"2026-10-03T12:34:56.123Z WARN  obs::logs: lost 3 lines count=3 reason=queue_full"#.to_owned()),
        (Format::Ecs, |output| output.drop_field("service.name").rename("lost", "labels.lost"), r#"{"@timestamp":"2026-10-03T12:34:56.123456Z","log.level":"WARN","message":"lost 3 lines","labels.lost":3,"reason":"queue_full","output":"logs_x","ecs.version":"8.17.0","log.logger":"obs::logs"}"#.to_owned()),
    ] {
        let (told, seen) = channel();
        let gate = channel().1;
        // No line fits.
        let output = Output::sink("logs_gated", Gated(told, gate)).named("x").capacity_bytes(10);
        let output = shape(output.format(format));
        let (logs, _guard) = Logs::builder(base()).output(output).build().unwrap();
        with_default(registry().with(logs.layer()), || (0..3).for_each(|n| error!(n, "m")));
        let told = seen.recv_timeout(LONG).unwrap();
        assert_eq!(told.trim_end(), expected);
    }
}

/// Tells of each batch, and has it end as it is told.
struct Answered(Sender<String>, Receiver<Delivery>);

impl Sink for Answered {
    fn deliver(&mut self, batch: &mut Batch, _: &Control) -> Delivery {
        let _ = self.0.send(String::from_utf8(batch.bytes.clone()).unwrap());
        self.1.recv().unwrap_or(Delivery::Delivered)
    }
}

#[test]
fn what_was_told_in_a_batch_that_did_not_arrive_is_told_once_more() {
    let ((told, seen), (answer, answers)) = (channel(), channel());
    // No line fits.
    let output = Output::sink("logs_answered", Answered(told, answers)).capacity_bytes(10);
    let (logs, _guard) = Logs::builder(base()).output(output).build().unwrap();
    let lose = || with_default(registry().with(logs.layer()), || error!("m"));
    let next = || {
        let batch = seen.recv_timeout(LONG).unwrap();
        let number = |line: &str| {
            let field = parse(line).into_iter().find(|(key, _)| key == "lost").unwrap();
            field.1.as_u64().unwrap()
        };
        batch.lines().map(number).sum::<u64>()
    };
    for (so_far, end) in [
        (1, Delivery::Dropped(Reason::Io, 0)),
        (2, Delivery::Dropped(Reason::Unreachable, 0)),
        (3, Delivery::Delivered),
        (1, Delivery::Delivered),
    ] {
        lose();
        assert_eq!(next(), so_far);
        answer.send(end).unwrap();
    }
}

#[test]
fn outputs_have_the_names_they_are_given() {
    let named = |name: &str| Output::discard().named(name);
    let sink = |name: &str| {
        let (told, gate) = (channel().0, channel().1);
        Output::sink("logs_sink", Gated(told, gate)).named(name)
    };
    let builder = Logs::builder(base()).output(sink("a")).output(sink("b_2")).output(named("c"));
    let (logs, _guard) = builder.build().unwrap();
    assert_eq!(logs.queues().map(|queue| queue.pipeline()).collect::<Vec<_>>(), ["logs_a", "logs_b_2"]);
    let twice = Logs::builder(base()).output(named("a")).output(sink("a")).build().unwrap_err();
    assert_eq!(twice.to_string(), "log output logs_a is named twice");
    let streams =
        Logs::builder(base()).output(Output::stdout().named("a")).output(Output::stdout().named("b"));
    assert!(matches!(streams.build(), Err(BuildError::Twice(_))));
    for name in ["", "a b", "a\0", "é", &"x".repeat(65)] {
        let error = Logs::builder(base()).output(named(name)).build().unwrap_err();
        assert!(matches!(&error, BuildError::Name(refused) if refused == name), "{error}");
    }
}
