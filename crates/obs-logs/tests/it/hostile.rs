//! Whatever keys, values and messages hold, a line is one JSON object that reads back equal, no key twice; and the
//! lines of the other formats say the same.

use std::sync::OnceLock;

use obs_core::context::{Local, enter_poll};
use obs_core::fields::{Fields, Value};
use obs_logs::{Caller, Colours, Format, Memory, Output, SpanFragments};
use proptest::prelude::*;
use tracing_core::callsite::{Callsite, Identifier};
use tracing_core::field::FieldSet;
use tracing_core::subscriber::Interest;
use tracing_core::{Event, Kind, Level, Metadata};

use crate::ecs::assert_paths;
use crate::logfmt::assert_same;
use crate::{Bench, context, otlp, parse};

/// A call site made of data.
struct Site(OnceLock<Metadata<'static>>);

impl Callsite for Site {
    fn set_interest(&self, _: Interest) {}
    fn metadata(&self) -> &Metadata<'_> {
        self.0.get().unwrap()
    }
}

pub(crate) fn site(target: &str, keys: &[String]) -> &'static Metadata<'static> {
    let leak = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
    let keys: Vec<_> = keys.iter().map(|key| leak(key)).collect();
    let site: &'static Site = Box::leak(Box::new(Site(OnceLock::new())));
    let fields = FieldSet::new(Box::leak(keys.into_boxed_slice()), Identifier(site));
    let metadata = Metadata::new(
        "event",
        leak(target),
        Level::INFO,
        Some("a\"b.rs"),
        Some(7),
        None,
        fields,
        Kind::EVENT,
    );
    site.0.set(metadata).unwrap();
    site.0.get().unwrap()
}

#[derive(Clone, Debug)]
enum Hostile {
    Text(String),
    Shown(String),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Bool(bool),
    Empty,
}

impl Hostile {
    fn value(&self) -> Option<Box<dyn tracing_core::field::Value + '_>> {
        Some(match self {
            Self::Text(text) => Box::new(text.as_str()),
            Self::Shown(text) => Box::new(tracing_core::field::display(text)),
            Self::Signed(value) => Box::new(*value),
            Self::Unsigned(value) => Box::new(*value),
            Self::Float(value) => Box::new(*value),
            Self::Bool(value) => Box::new(*value),
            Self::Empty => return None,
        })
    }

    fn set(&self, key: &str, fields: &mut Fields) {
        let value = match self {
            Self::Text(text) | Self::Shown(text) => Value::Str(text),
            Self::Signed(value) => Value::I64(*value),
            Self::Unsigned(value) => Value::U64(*value),
            Self::Float(value) => Value::F64(*value),
            Self::Bool(value) => Value::Bool(*value),
            Self::Empty => return,
        };
        fields.set(key.to_owned(), value);
    }

    fn expected(&self, name: &str) -> Option<serde_json::Value> {
        if obs_core::redact::is_secret(name.strip_prefix("field.").unwrap_or(name)) {
            return (!matches!(self, Self::Empty)).then(|| "[redacted]".into());
        }
        Some(match self {
            Self::Text(text) | Self::Shown(text) => text.as_str().into(),
            Self::Signed(value) if name == "message" => value.to_string().into(),
            Self::Unsigned(value) if name == "message" => value.to_string().into(),
            Self::Bool(value) if name == "message" => value.to_string().into(),
            Self::Float(value) if name == "message" => value.to_string().into(),
            Self::Signed(value) => (*value).into(),
            Self::Unsigned(value) => (*value).into(),
            Self::Bool(value) => (*value).into(),
            Self::Float(value) if value.is_nan() => "NaN".into(),
            Self::Float(f64::INFINITY) => "Infinity".into(),
            Self::Float(f64::NEG_INFINITY) => "-Infinity".into(),
            Self::Float(value) => (*value).into(),
            Self::Empty => return None,
        })
    }
}

/// Any text, with what hurts far more often than chance would have it.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        any::<String>(),
        proptest::sample::select(vec![
            "\"",
            "\\",
            "\n",
            "\r\n",
            "\0",
            "\u{1b}[31m",
            "\u{7f}",
            "\u{85}",
            "\u{9b}",
            "\u{a0}",
            "\u{2028}",
            "\u{2029}",
            "\u{202e}",
            "\u{2066}",
            "\u{feff}",
            " a=",
            "=",
            "\u{fffd}",
            ",\"",
            "\":",
            "}",
            "{",
            "日本",
            "🦀",
            "a",
            "plain text",
        ])
        .prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// Few of them, so that they meet.
fn key() -> impl Strategy<Value = String> {
    let known = vec![
        "a",
        "b",
        "c",
        "d",
        "e",
        "f",
        "g",
        "message",
        "level",
        "field.level",
        "trace_id",
        "service",
        "caller",
        "truncated",
        "request_id",
        "r#level",
        "r#a",
        "field.field.level",
        "",
        ",",
        "=",
        " ",
        "\\0",
        "\u{fffd}",
        ":",
        "\"",
        "password",
    ];
    prop_oneof![4 => proptest::sample::select(known).prop_map(String::from), 1 => text()]
}

fn hostile() -> impl Strategy<Value = Hostile> {
    prop_oneof![
        text().prop_map(Hostile::Text),
        text().prop_map(Hostile::Shown),
        any::<i64>().prop_map(Hostile::Signed),
        any::<u64>().prop_map(Hostile::Unsigned),
        proptest::num::f64::ANY.prop_map(Hostile::Float),
        any::<bool>().prop_map(Hostile::Bool),
        Just(Hostile::Empty),
    ]
}

fn fields() -> impl Strategy<Value = Vec<(String, Hostile)>> {
    proptest::collection::vec((key(), hostile()), 0..12)
}

const RESERVED: [&str; 10] = [
    "timestamp",
    "level",
    "target",
    "message",
    "service",
    "trace_id",
    "span_id",
    "request_id",
    "caller",
    "truncated",
];

/// The rule as the documentation has it.
fn name(key: &str, message: bool) -> String {
    if message && key == "message" {
        return key.to_owned();
    }
    let key = key.strip_prefix("r#").unwrap_or(key);
    if RESERVED.contains(&key) { format!("field.{key}") } else { key.to_owned() }
}

/// Whether a character could end a line or change how it reads.
fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202e}')
}

proptest! {
    #[test]
    fn any_line_reads_back_equal(
        target in text(),
        event in fields(),
        spans in proptest::collection::vec(fields(), 0..4),
        request in fields(),
        with_context in any::<bool>(),
        with_caller in any::<bool>(),
    ) {
        let [logfmt, pretty, ecs, otlp, long_logfmt, long_pretty] = [(); 6].map(|()| Memory::new());
        let plain = Format::Pretty(Colours::Off);
        let bench = Bench::with("trace", |builder| {
            let builder = builder
                .output(Output::memory(&logfmt).format(Format::Logfmt))
                .output(Output::memory(&pretty).format(plain))
                .output(Output::memory(&ecs).format(Format::Ecs));
            builder.caller(if with_caller { Caller::Shown } else { Caller::Hidden })
        });
        // A bound that nothing meets has lines written the longer way.
        let longer = Memory::new();
        let [of_json, of_logfmt, of_pretty] = [
            (&longer, Format::Json),
            (&long_logfmt, Format::Logfmt),
            (&long_pretty, plain),
        ]
        .map(|(memory, format)| Output::memory(memory).format(format).max_field_bytes(1 << 40));
        let builder = obs_logs::Logs::builder(crate::base())
            .output(of_json)
            .output(of_logfmt)
            .output(of_pretty)
            .output(Output::memory(&otlp).format(Format::Otlp))
            .caller(if with_caller { Caller::Shown } else { Caller::Hidden });
        let (longer_logs, _guard) = builder.build().unwrap();
        let alone = Bench::with("trace", |builder| {
            builder.caller(if with_caller { Caller::Shown } else { Caller::Hidden })
        });
        let scope = with_context.then(context);
        let _scope = scope.as_ref().map(enter_poll);

        // What ought to be on the line, by plain rules over lists.
        let mut message = None;
        let mut of_event: Vec<(String, serde_json::Value)> = Vec::new();
        for (key, value) in &event {
            let name = name(key, true);
            let Some(value) = value.expected(&name) else { continue };
            if name == "message" {
                message.get_or_insert(value);
            } else if of_event.iter().all(|(known, _)| *known != name) {
                of_event.push((name, value));
            }
        }
        let mut kept: Vec<_> = spans.iter().map(|span| {
            let mut fields = Fields::new();
            span.iter().for_each(|(key, value)| value.set(key, &mut fields));
            (fields, SpanFragments::new())
        }).collect();
        let mut of_request = Fields::new();
        if let Some(context) = &scope {
            // Longer keys are not kept.
            for (key, value) in request.iter().filter(|(key, _)| key.len() <= Local::MAX_KEY) {
                value.set(key, &mut of_request);
            }
            for (key, value) in of_request.iter() {
                context.local().set_field(key.to_owned(), value);
            }
        }
        let mut of_spans: Vec<(String, serde_json::Value)> = Vec::new();
        for fields in kept.iter().map(|(fields, _)| fields).chain([&of_request]) {
            for (key, value) in fields.iter() {
                let name = name(key, false);
                if of_event.iter().chain(&of_spans).all(|(known, _)| *known != name) {
                    let value = match value {
                        Value::Str(text) => Hostile::Text(text.to_owned()),
                        Value::I64(value) => Hostile::Signed(value),
                        Value::U64(value) => Hostile::Unsigned(value),
                        Value::F64(value) => Hostile::Float(value),
                        Value::Bool(value) => Hostile::Bool(value),
                    };
                    let value = value.expected("plain").unwrap();
                    of_spans.push((name, value));
                }
            }
        }
        let mut expected = vec![
            ("timestamp".to_owned(), "2026-10-03T12:34:56.123456Z".into()),
            ("level".to_owned(), "INFO".into()),
            ("target".to_owned(), target.clone().into()),
        ];
        expected.extend(message.map(|message| ("message".to_owned(), message)));
        expected.extend(of_event.clone());
        expected.push(("service".to_owned(), "orders".into()));
        if let Some(context) = &scope {
            expected.push(("trace_id".to_owned(), context.trace_id().to_string().into()));
            expected.push(("span_id".to_owned(), context.span_id().to_string().into()));
            expected.push(("request_id".to_owned(), "ORD-2024-98765".into()));
        }
        expected.extend(of_spans.clone());
        if with_caller {
            expected.push(("caller".to_owned(), "a\"b.rs:7".into()));
        }

        let keys: Vec<_> = event.iter().map(|(key, _)| key.clone()).collect();
        let metadata = site(&target, &keys);
        let values: Vec<_> = event.iter().map(|(_, value)| value.value()).collect();
        let values: Vec<_> = values.iter().map(|value| value.as_deref()).collect();
        let values = metadata.fields().value_set_all(&values);
        // Twice, so that cached parts are used too.
        for _ in 0..2 {
            for logs in [&bench.logs, &alone.logs, &longer_logs] {
                logs.event(&Event::new(metadata, &values), |line| {
                    kept.iter_mut().for_each(|(fields, fragments)| line.add(fields, fragments));
                });
            }
        }
        let lines = bench.memory.take();
        prop_assert_eq!(lines.len(), 2);
        // JSON alone is written by code of its own.
        prop_assert_eq!(&lines, &alone.memory.take());
        // The same lines by the longer way.
        prop_assert_eq!(&lines, &longer.take());
        let plain_logfmt = logfmt.take();
        prop_assert_eq!(&plain_logfmt, &long_logfmt.take());
        prop_assert_eq!(pretty.take(), long_pretty.take());
        for line in ecs.take() {
            prop_assert!(!line.contains(steers), "{:?}", line);
            assert_paths(&line);
        }
        for line in otlp.take() {
            prop_assert!(!line.contains(steers), "{:?}", line);
            let record = otlp::read(&line);
            prop_assert_eq!(&record.scope, &target);
            prop_assert_eq!(record.ids.is_some(), with_context);
            let own = [("request_id", with_context), ("code.file.path", with_caller), ("code.line.number", with_caller)];
            let own: Vec<_> = own.iter().filter(|(_, there)| *there).map(|(key, _)| *key).collect();
            let found: Vec<_> =
                record.attributes.iter().map(|(key, _)| key.as_str()).filter(|key| own.contains(key)).collect();
            prop_assert_eq!(found, own);
            // Fewer keys are the line's own, so none of a user's may be missing.
            prop_assert!(record.attributes.len() >= of_event.len() + of_spans.len());
        }
        prop_assert_eq!(plain_logfmt.len(), 2);
        for (line, same) in plain_logfmt.iter().zip(&lines) {
            prop_assert!(!line.contains(steers), "{:?}", line);
            assert_same(same, line);
        }
        for line in lines {
            prop_assert!(!line.contains(steers), "{:?}", line);
            prop_assert_eq!(&parse(&line), &expected);
        }
    }
}
