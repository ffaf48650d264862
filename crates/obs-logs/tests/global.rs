//! What a user's own code may do while a line is made: log, panic, refuse; and the line of a panic.
//!
//! In a process of its own, with a global subscriber and hook: a scoped subscriber hides events inside of events.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use obs_core::context::{Context, Ids, Local, TraceFlags, enter_poll, silence};
use obs_core::fields::Value;
use obs_core::{Base, Clock, IdSource, RequestId, Resource, Timestamp};
use obs_export::queue::{Batch, Control, Delivery, Sink};
use obs_logs::{Colours, Format, Logs as Engine, LogsGuard, Memory, Output};
use tracing::{info, info_span};
use tracing_subscriber::layer::SubscriberExt;

/// How every line begins.
const TIME: &str = r#"{"timestamp":"2026-10-03T12:34:56.123456Z","#;

/// The one engine of this process.
struct Bench {
    json: Memory,
    pretty: Memory,
    ecs: Memory,
    otlp: Memory,
    slow: Slow,
    logs: Engine,
    /// The panic lines of an engine that writes JSON and nothing else.
    alone: Memory,
    _guards: [LogsGuard; 2],
}

/// Behind a queue, so that what is not flushed is not there yet.
#[derive(Clone, Default)]
struct Slow(Arc<Mutex<Vec<u8>>>);

impl Slow {
    fn take(&self) -> String {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8(std::mem::take(&mut bytes)).unwrap()
    }
}

impl Sink for Slow {
    fn deliver(&mut self, batch: &mut Batch, _: &Control) -> Delivery {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&batch.bytes);
        Delivery::Delivered
    }
}

impl Bench {
    /// Waits for its turn: the lines are those of one test.
    fn turn() -> (&'static Self, MutexGuard<'static, ()>) {
        static BENCH: OnceLock<Bench> = OnceLock::new();
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let bench = BENCH.get_or_init(Self::install);
        bench.logs.flush(Duration::from_secs(30)).unwrap();
        bench.json.take();
        bench.pretty.take();
        bench.ecs.take();
        bench.otlp.take();
        bench.alone.take();
        bench.slow.take();
        (bench, turn)
    }

    fn install() -> Self {
        let clock = Clock::manual(Timestamp::from_unix_nanos(1_791_030_896_123_456_789));
        let base = Base::with(Resource::new("orders"), clock, IdSource::seeded(7));
        let (json, pretty, slow) = (Memory::new(), Memory::new(), Slow::default());
        let (alone, ecs, otlp) = (Memory::new(), Memory::new(), Memory::new());
        let (alone_logs, alone_guard) =
            Engine::builder(Arc::clone(&base)).output(Output::memory(&alone)).build().unwrap();
        let builder = Engine::builder(base)
            .output(Output::memory(&json))
            .output(Output::memory(&pretty).format(Format::Pretty(Colours::Off)))
            .output(Output::memory(&ecs).format(Format::Ecs))
            .output(Output::memory(&otlp).format(Format::Otlp))
            .output(Output::sink("logs_slow", slow.clone()));
        let (logs, guard) = builder.build().unwrap();
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(logs.layer())).unwrap();
        // The hook there was tells of tests that fail.
        let (ours, theirs) = (obs_logs::panic::hook(logs.clone(), |_| ()), std::panic::take_hook());
        let alone_hook = obs_logs::panic::hook(alone_logs, |_| ());
        std::panic::set_hook(Box::new(move |info| {
            alone_hook(info);
            ours(info);
            theirs(info);
        }));
        Self { json, pretty, ecs, otlp, slow, logs, alone, _guards: [guard, alone_guard] }
    }

    /// Checks the lines, whole but for their time.
    #[track_caller]
    fn check(&self, work: impl FnOnce(), expected: &[&str]) {
        work();
        let lines = self.json.take();
        let rests: Vec<_> = lines.iter().map(|line| line.strip_prefix(TIME).unwrap_or(line)).collect();
        assert_eq!(rests, expected);
    }
}

struct Logs;

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("be")?;
        info!(target: "t", depth = 2, "inner");
        f.write_str("fore")
    }
}

struct Panics;

impl fmt::Debug for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("so far ")?;
        std::panic::resume_unwind(Box::new(PanicsAgain));
    }
}

/// A payload that panics when it is dropped.
struct PanicsAgain;

impl Drop for PanicsAgain {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            std::panic::resume_unwind(Box::new("again"));
        }
    }
}

struct Refuses;

impl fmt::Debug for Refuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("part")?;
        Err(fmt::Error)
    }
}

const INNER: &str = r#""level":"INFO","target":"t","message":"inner","depth":2,"service":"orders"}"#;

#[test]
fn a_value_that_logs_gets_a_line_of_its_own() {
    let (bench, _turn) = Bench::turn();
    for _ in 0..3 {
        bench.check(
            || info!(target: "t", a = 1, value = ?Logs, b = 2, "outer {:?}", Logs),
            &[
                INNER,
                INNER,
                concat!(
                    r#""level":"INFO","target":"t","message":"outer before","a":1,"value":"before","b":2,"#,
                    r#""service":"orders"}"#
                ),
            ],
        );
    }
}

#[test]
fn a_span_field_that_logs_does_too() {
    let (bench, _turn) = Bench::turn();
    bench.check(
        || {
            let span = info_span!("s", value = ?Logs);
            span.record("value", tracing::field::debug(Logs));
            let _open = span.entered();
            info!(target: "t", "m");
        },
        &[INNER, INNER, r#""level":"INFO","target":"t","message":"m","service":"orders","value":"before"}"#],
    );
}

#[test]
fn a_value_that_panics_is_marked_and_the_next_line_is_whole() {
    let (bench, _turn) = Bench::turn();
    for _ in 0..3 {
        bench.check(
            || {
                info!(target: "t", value = ?Panics, b = 2, "m {:?}", Panics);
                let _span = info_span!("s", value = ?Panics, x = 1).entered();
                info!(target: "t", "next");
            },
            &[
                concat!(
                    r#""level":"INFO","target":"t","message":"m so far [panicked]","#,
                    r#""value":"so far [panicked]","b":2,"service":"orders"}"#
                ),
                concat!(
                    r#""level":"INFO","target":"t","message":"next","service":"orders","#,
                    r#""value":"so far [panicked]","x":1}"#
                ),
            ],
        );
    }
}

#[test]
fn a_value_that_refuses_to_print_leaves_what_it_printed() {
    let (bench, _turn) = Bench::turn();
    bench.check(
        || info!(target: "t", value = ?Refuses, b = 2),
        &[r#""level":"INFO","target":"t","value":"part","b":2,"service":"orders"}"#],
    );
}

#[test]
fn a_value_is_printed_once_for_all_formats() {
    let (bench, _turn) = Bench::turn();
    info!(target: "t", value = ?Logs, a = "b c", "m");
    assert_eq!(bench.json.lines().len(), 2);
    let expected = [
        "2026-10-03T12:34:56.123Z INFO  t: inner depth=2",
        "2026-10-03T12:34:56.123Z INFO  t: m value=before a=\"b c\"",
    ];
    assert_eq!(bench.pretty.lines(), expected);
}

#[test]
fn a_panic_leaves_one_line_with_its_place_and_is_flushed_outside_of_requests() {
    let (bench, _turn) = Bench::turn();
    let line = line!() + 3;
    let run = || {
        let thread = std::thread::Builder::new().name("worker \"7\"".to_owned());
        let thread = thread.spawn(|| panic!("boom\n{}", 7)).unwrap();
        assert!(thread.join().is_err());
    };
    run();
    let lines = bench.json.take();
    let expected = format!(
        concat!(
            r#"{}"level":"ERROR","target":"obs::panic","message":"boom\n7","location":"{}:{}:38","#,
            r#""thread":"worker \"7\"","service":"orders"}}"#
        ),
        TIME,
        file!(),
        line
    );
    // A backtrace is there only where RUST_BACKTRACE asks for it.
    assert_eq!(lines.iter().map(|line| without_backtrace(line)).collect::<Vec<_>>(), [expected]);
    // Nobody flushed but the hook.
    assert_eq!(bench.slow.take(), format!("{}\n", lines[0]));
}

fn without_backtrace(line: &str) -> String {
    match (line.find(r#","backtrace":"#), line.find(r#","service":"#)) {
        (Some(start), Some(end)) => format!("{}{}", &line[..start], &line[end..]),
        _ => line.to_owned(),
    }
}

#[test]
fn a_panic_inside_a_request_carries_its_ids() {
    let (bench, _turn) = Bench::turn();
    let ids = IdSource::seeded(1);
    let ids = Ids { trace_id: ids.trace_id(), span_id: ids.span_id(), flags: TraceFlags::default() };
    let context = Context::root(ids, Local::server(RequestId::parse("ORD-1").unwrap(), None));
    let caught = std::panic::catch_unwind(|| {
        let _scope = enter_poll(&context);
        std::panic::panic_any(7);
    });
    assert!(caught.is_err());
    let line = without_backtrace(&bench.json.take()[0]);
    let end = format!(
        r#""service":"orders","trace_id":"{}","span_id":"{}","request_id":"ORD-1"}}"#,
        ids.trace_id, ids.span_id
    );
    assert!(line.contains(r#""message":"panic with a payload that is no text","location":""#), "{line}");
    assert!(line.ends_with(&end), "{line}");
}

#[test]
fn a_panic_inside_a_request_carries_its_fields() {
    let (bench, _turn) = Bench::turn();
    let ids = IdSource::seeded(1);
    let ids = Ids { trace_id: ids.trace_id(), span_id: ids.span_id(), flags: TraceFlags::default() };
    let context = Context::root(ids, Local::task());
    // The thread of a test has a name.
    for key in ["user", "location", "thread"] {
        context.local().set_field(key, Value::Str("mine"));
    }
    let caught = std::panic::catch_unwind(|| {
        let _scope = enter_poll(&context);
        std::panic::panic_any(7);
    });
    assert!(caught.is_err());
    let line = bench.json.take().remove(0);
    assert_eq!(without_backtrace(&bench.alone.take()[0]), without_backtrace(&line));
    let end = format!(r#","trace_id":"{}","span_id":"{}","user":"mine"}}"#, ids.trace_id, ids.span_id);
    assert!(line.ends_with(&end) && line.matches("mine").count() == 1, "{line}");
}

#[test]
fn the_hook_follows_the_filter() {
    let (bench, _turn) = Bench::turn();
    let panic = || assert!(std::panic::catch_unwind(|| std::panic::panic_any(7)).is_err());
    bench.logs.set_filter("info,obs::panic=off".parse().unwrap());
    panic();
    assert!(bench.json.take().is_empty());
    bench.logs.set_filter("off,obs::panic=error".parse().unwrap());
    panic();
    assert_eq!(bench.json.take().len(), 1);
    bench.logs.set_filter("info".parse().unwrap());
}

#[test]
fn a_panic_while_a_line_is_made_leaves_both_lines() {
    struct Panics;
    impl fmt::Debug for Panics {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("in Debug")
        }
    }
    let (bench, _turn) = Bench::turn();
    info!(value = ?Panics, "m");
    let lines = bench.json.take();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contains(r#""message":"in Debug""#), "{lines:?}");
    assert!(lines[1].contains(r#""message":"m","value":"[panicked]""#), "{lines:?}");
}

#[test]
fn a_panic_of_telemetry_itself_makes_no_line() {
    let (bench, _turn) = Bench::turn();
    let caught = std::panic::catch_unwind(|| {
        let _silence = silence();
        panic!("telemetry's own; this text on standard error is part of the test");
    });
    assert!(caught.is_err());
    assert!(bench.json.take().is_empty());
}

/// The attributes of an OTLP line, each as its key and the text of its value.
fn attributes(line: &str) -> Vec<(String, String)> {
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    let record = &line["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0];
    let text = |pair: &serde_json::Value| {
        let value = pair["value"].as_object().unwrap().values().next().unwrap();
        (pair["key"].as_str().unwrap().to_owned(), value.as_str().unwrap().to_owned())
    };
    record["attributes"].as_array().unwrap().iter().map(text).collect()
}

#[test]
fn a_panic_is_an_error_of_the_schema_and_an_exception_of_the_conventions() {
    let (bench, _turn) = Bench::turn();
    let line = line!() + 2;
    let thread = std::thread::Builder::new().name("worker".to_owned());
    let thread = thread.spawn(|| panic!("boom\n\u{1b}[2J")).unwrap();
    assert!(thread.join().is_err());
    let ecs = bench.ecs.take();
    assert_eq!(ecs.len(), 1);
    let ecs: serde_json::Map<_, _> = serde_json::from_str(&ecs[0]).unwrap();
    for (key, value) in [
        ("message", "boom\n\u{1b}[2J"),
        ("error.message", "boom\n\u{1b}[2J"),
        ("error.type", "panic"),
        ("log.origin.file.name", file!()),
        ("process.thread.name", "worker"),
        ("log.logger", "obs::panic"),
        ("log.level", "ERROR"),
    ] {
        assert_eq!(ecs[key], value, "{key}");
    }
    assert_eq!(ecs["log.origin.file.line"], line);
    let otlp = bench.otlp.take();
    assert_eq!(otlp.len(), 1);
    let mut attributes = attributes(&otlp[0]);
    // Backtraces are there only where RUST_BACKTRACE asks for them; then they are of several lines, on one.
    let stack =
        attributes.iter().position(|(key, _)| key == "exception.stacktrace").map(|at| attributes.remove(at));
    assert_eq!(
        ecs.get("error.stack_trace").and_then(|trace| trace.as_str()),
        stack.as_ref().map(|(_, text)| &**text)
    );
    assert!(stack.is_none_or(|(_, text)| text.lines().count() > 2));
    let expected = [
        ("exception.message", "boom\n\u{1b}[2J"),
        ("exception.type", "panic"),
        ("code.file.path", file!()),
        ("code.line.number", &line.to_string()),
        ("thread.name", "worker"),
    ];
    let attributes: Vec<_> = attributes.iter().map(|(key, text)| (&**key, &**text)).collect();
    assert_eq!(attributes, expected);
}

#[test]
fn values_that_log_or_panic_leave_whole_lines_in_every_format() {
    let (bench, _turn) = Bench::turn();
    for _ in 0..3 {
        let _span = info_span!("s", value = ?Panics, x = 1).entered();
        info!(target: "t", logs = ?Logs, panics = ?Panics, refuses = ?Refuses, b = 2, "m {:?}", Panics);
        let end = r#""ecs.version":"8.17.0","log.logger":"t","service.name":"orders","value":"so far [panicked]","x":1}"#;
        let expected = [
            format!(r#""log.level":"INFO","message":"inner","depth":2,{end}"#),
            format!(
                r#""log.level":"INFO","message":"m so far [panicked]","logs":"before","panics":"so far [panicked]","refuses":"part","b":2,{end}"#
            ),
        ];
        let head = r#"{"@timestamp":"2026-10-03T12:34:56.123456Z","#;
        assert_eq!(bench.ecs.take(), expected.map(|line| format!("{head}{line}")));
        let keys: Vec<_> = bench.otlp.take().iter().map(|line| attributes(line)).collect();
        let text = |pairs: &[(&str, &str)]| -> Vec<_> {
            pairs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect()
        };
        let (value, x) = (("value", "so far [panicked]"), ("x", "1"));
        let outer =
            [("logs", "before"), ("panics", "so far [panicked]"), ("refuses", "part"), ("b", "2"), value, x];
        assert_eq!(keys, [text(&[("depth", "2"), value, x]), text(&outer)]);
    }
}
