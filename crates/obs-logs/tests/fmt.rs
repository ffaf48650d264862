//! Ids on the lines of `tracing_subscriber::fmt`, by that formatter itself.
#![cfg(feature = "fmt")]

use std::io;
use std::sync::{Arc, Mutex};

use obs_core::context::{Context, Ids as SpanIds, Local, TraceFlags, enter_poll};
use obs_core::{IdSource, RequestId};
use obs_logs::fmt::{Ids, IdsWithTime};
use serde_json::Value;
use tracing::{Subscriber, info, info_span};
use tracing_subscriber::fmt::format::{Writer, format};
use tracing_subscriber::fmt::time::FormatTime;

const IDS: &str =
    "trace_id=910a2dec89025cc1beeb8da1658eec67 span_id=f893a2eefb32555e request_id=ORD/2024=98765";

/// A writer of lines in memory.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A time that stands still.
struct Noon;

impl FormatTime for Noon {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        writer.write_str("12:00")
    }
}

fn context() -> Context {
    let ids = IdSource::seeded(1);
    let ids = SpanIds { trace_id: ids.trace_id(), span_id: ids.span_id(), flags: TraceFlags::default() };
    Context::root(ids, Local::server(RequestId::parse("ORD/2024=98765").unwrap(), None))
}

/// What is written outside of the context and inside.
fn run<S: Subscriber + Send + Sync + 'static>(make: impl FnOnce(Lines) -> S, work: impl Fn()) -> [String; 2] {
    let lines = Lines::default();
    let subscriber = make(lines.clone());
    let take = || String::from_utf8(std::mem::take(&mut lines.0.lock().unwrap())).unwrap();
    tracing::subscriber::with_default(subscriber, || {
        work();
        let outside = take();
        let context = context();
        let _scope = enter_poll(&context);
        work();
        [outside, take()]
    })
}

fn order() {
    info!(target: "shop", order = 42, "accepted");
}

#[test]
fn full_and_compact_lines_begin_with_the_ids() {
    let full = format().with_timer(Noon);
    let compact = full.compact();
    let [outside, inside] = run(
        |lines| {
            tracing_subscriber::fmt()
                .with_ansi(false)
                .with_writer(move || lines.clone())
                .event_format(Ids::new(format().with_timer(Noon)))
                .finish()
        },
        order,
    );
    assert_eq!(outside, "12:00  INFO shop: accepted order=42\n");
    assert_eq!(inside, format!("{IDS} {outside}"));
    let [outside, inside] = run(
        |lines| {
            tracing_subscriber::fmt()
                .with_ansi(false)
                .with_writer(move || lines.clone())
                .event_format(Ids::new(compact))
                .finish()
        },
        order,
    );
    assert_eq!(outside, "12:00  INFO shop: accepted order=42\n");
    assert_eq!(inside, format!("{IDS} {outside}"));
}

#[test]
fn pretty_lines_do_too_and_keep_their_colours() {
    let [outside, inside] = run(
        |lines| {
            tracing_subscriber::fmt()
                .with_ansi(true)
                .with_writer(move || lines.clone())
                .event_format(Ids::new(format().pretty().with_timer(Noon)))
                .finish()
        },
        order,
    );
    assert!(outside.contains("\u{1b}[") && outside.lines().count() > 1, "{outside:?}");
    assert_eq!(inside, format!("{IDS} {outside}"));
}

#[test]
fn the_time_is_followed_by_the_ids() {
    let [outside, inside] = run(
        |lines| {
            tracing_subscriber::fmt()
                .with_ansi(false)
                .with_writer(move || lines.clone())
                .with_timer(IdsWithTime::new(Noon))
                .finish()
        },
        order,
    );
    assert_eq!(outside, "12:00  INFO shop: accepted order=42\n");
    assert_eq!(inside, format!("12:00 {IDS}  INFO shop: accepted order=42\n"));
}

/// JSON with the ids, in one object or in fields.
fn json(flatten: bool) -> impl FnOnce(Lines) -> Box<dyn Subscriber + Send + Sync> {
    move |lines| {
        let format = format().json().flatten_event(flatten).with_timer(Noon);
        let builder = tracing_subscriber::fmt().json().with_writer(move || lines.clone());
        Box::new(builder.event_format(Ids::json(format)).finish())
    }
}

#[test]
fn json_objects_end_with_the_ids_whatever_they_hold() {
    let work = || {
        let _span = info_span!("s", a = "}{\"", trace_id = "of the span").entered();
        info!(target: "shop", path = "{\"trace_id\":", quote = "\\\"}\n", "x}}]");
    };
    let [outside, inside] = run(json(false), work);
    let (outside, inside): (Value, Value) =
        (serde_json::from_str(&outside).unwrap(), serde_json::from_str(&inside).unwrap());
    let mut expected = outside.clone();
    expected["trace_id"] = "910a2dec89025cc1beeb8da1658eec67".into();
    expected["span_id"] = "f893a2eefb32555e".into();
    expected["request_id"] = "ORD/2024=98765".into();
    assert!(outside.get("trace_id").is_none());
    assert_eq!(inside, expected);
}

#[test]
fn each_line_is_one_object_and_ends_as_before() {
    let [outside, inside] = run(json(false), || {
        order();
        order();
    });
    assert_eq!((outside.lines().count(), inside.lines().count()), (2, 2));
    assert!(inside.ends_with("\"request_id\":\"ORD/2024=98765\"}\n"), "{inside:?}");
    for (line, without) in inside.lines().zip(outside.lines()) {
        let head = without.strip_suffix('}').unwrap();
        assert!(line.starts_with(&format!("{head},\"trace_id\":\"")), "{line}");
        serde_json::from_str::<Value>(line).unwrap();
    }
}

#[test]
fn a_field_of_the_events_own_that_is_flattened_stands_once() {
    let [_, inside] =
        run(json(true), || info!(target: "shop", trace_id = "mine", note = "span_id", "accepted"));
    assert_eq!(inside.matches("\"trace_id\":").count(), 1, "{inside}");
    let line: Value = serde_json::from_str(&inside).unwrap();
    assert_eq!(line["trace_id"], "mine");
    assert_eq!(line["span_id"], "f893a2eefb32555e");
    assert_eq!(line["note"], "span_id");
}
