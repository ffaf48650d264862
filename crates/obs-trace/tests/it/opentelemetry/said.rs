//! What is said of a span, as a collector reads it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use obs_core::Resource;
use obs_core::redact::REDACTED;
use obs_trace::encode::{self, Envelope};
use obs_trace::opentelemetry::{Provider, ScopeTracer};
use obs_trace::{Limits, Sampler, SpanRecord, SpanSink};
use opentelemetry::trace::{
    Event, Link, Span as _, SpanContext, SpanKind, Status, TraceFlags, TraceState, Tracer as _,
    TracerProvider as _,
};
use opentelemetry::{Array, InstrumentationScope, KeyValue, SpanId, TraceId, Value};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue as Decoded, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use super::{START, provided};

#[derive(Clone, Default)]
struct Encoded(Arc<Mutex<Vec<u8>>>);

impl SpanSink for Encoded {
    fn export(&self, span: &SpanRecord<'_>) {
        assert!(encode::span(&mut self.0.lock().unwrap(), span));
    }
}

impl Encoded {
    fn spans(&self) -> Vec<Span> {
        let spans = std::mem::take(&mut *self.0.lock().unwrap());
        let mut request = Vec::new();
        Envelope::new(&Resource::new("orders")).write(spans.len(), &mut request);
        request.extend_from_slice(&spans);
        let mut decoded = ExportTraceServiceRequest::decode(&*request).unwrap();
        decoded.resource_spans.remove(0).scope_spans.remove(0).spans
    }
}

fn recorded(limits: Limits, work: impl FnOnce(&ScopeTracer)) -> Vec<Span> {
    let sink = Encoded::default();
    let (_, tracer) = provided(Sampler::always_on(), limits, sink.clone());
    let scope = InstrumentationScope::builder("a library").with_version("1.2").build();
    work(&Provider::new(&tracer).tracer_with_scope(scope));
    sink.spans()
}

fn any(value: any_value::Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn pair(key: &str, value: any_value::Value) -> Decoded {
    Decoded { key: key.to_owned(), value: Some(any(value)), ..Decoded::default() }
}

fn text(key: &str, value: &str) -> Decoded {
    pair(key, any_value::Value::StringValue(value.to_owned()))
}

fn several(key: &str, values: impl IntoIterator<Item = any_value::Value>) -> Decoded {
    pair(key, any_value::Value::ArrayValue(ArrayValue { values: values.into_iter().map(any).collect() }))
}

fn pointed() -> SpanContext {
    let state = TraceState::from_key_value([("vendor", "x")]).unwrap();
    SpanContext::new(TraceId::from(7), SpanId::from(9), TraceFlags::SAMPLED, true, state)
}

#[test]
fn everything_that_is_said_reaches_the_collector() {
    use any_value::Value::{BoolValue, DoubleValue, IntValue, StringValue};
    let at = |millis| UNIX_EPOCH + Duration::from_millis(millis);
    let strings = Value::Array(Array::String(vec!["a".into(), String::from("b").into()]));
    let spans = recorded(Limits::default(), |tracer| {
        let mut span = tracer
            .span_builder("charge")
            .with_kind(SpanKind::Producer)
            .with_start_time(at(1_000))
            .with_attributes([
                KeyValue::new("text", "x"),
                KeyValue::new("whole", -3),
                KeyValue::new("float", 0.5),
                KeyValue::new("yes", true),
                KeyValue::new("texts", strings),
                KeyValue::new("wholes", Value::Array(Array::I64(vec![1, -2, i64::MAX]))),
            ])
            .with_events(vec![Event::new("early", at(1_001), vec![KeyValue::new("n", 1)], 0)])
            .with_links(vec![Link::new(pointed(), vec![KeyValue::new("why", "batch")], 0)])
            .start(tracer);
        span.set_attribute(KeyValue::new("floats", Value::Array(Array::F64(vec![0.25]))));
        span.set_attribute(KeyValue::new("flags", Value::Array(Array::Bool(vec![true, false]))));
        span.set_attribute(KeyValue::new("none", Value::Array(Array::Bool(vec![]))));
        span.set_attribute(KeyValue::new("text", "y"));
        span.add_event_with_timestamp("late", at(1_002), vec![KeyValue::new("message", "kept")]);
        span.set_status(Status::error("declined"));
        span.update_name("charge again");
        span.end_with_timestamp(at(1_500));
        span.set_attribute(KeyValue::new("after", "the end"));
        span.end();
    });
    let [span] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!((span.name.as_str(), span.kind), ("charge again", 4));
    assert_eq!((span.start_time_unix_nano, span.end_time_unix_nano), (1_000_000_000, 1_500_000_000));
    assert_eq!(
        span.attributes,
        [
            text("otel.scope.name", "a library"),
            text("otel.scope.version", "1.2"),
            text("text", "y"),
            pair("whole", IntValue(-3)),
            pair("float", DoubleValue(0.5)),
            pair("yes", BoolValue(true)),
            several("texts", ["a", "b"].map(|text| StringValue(text.to_owned()))),
            several("wholes", [1, -2, i64::MAX].map(IntValue)),
            several("floats", [DoubleValue(0.25)]),
            several("flags", [true, false].map(BoolValue)),
            several("none", []),
        ]
    );
    let events: Vec<_> = span
        .events
        .iter()
        .map(|event| (event.name.as_str(), event.time_unix_nano, event.attributes.clone()))
        .collect();
    assert_eq!(
        events,
        [
            ("early", 1_001_000_000, vec![pair("n", IntValue(1))]),
            ("late", 1_002_000_000, vec![text("message", "kept")]),
        ]
    );
    let [link] = &span.links[..] else { panic!("{:?}", span.links) };
    assert_eq!((link.trace_id[15], link.span_id[7], link.trace_state.as_str()), (7, 9, "vendor=x"));
    // Sampled, and known to be of another process.
    assert_eq!((link.flags, &link.attributes[..]), (0x301, &[text("why", "batch")][..]));
    let status = span.status.clone().unwrap();
    assert_eq!((status.code, status.message.as_str()), (2, "declined"));
}

#[test]
fn ok_is_final_and_unset_changes_nothing() {
    let ended = |said: &[Status]| {
        let spans = recorded(Limits::default(), |tracer| {
            let mut span = tracer.start("a");
            said.iter().for_each(|status| span.set_status(status.clone()));
        });
        spans[0].status.clone().map(|status| (status.code, status.message))
    };
    let (ok, error) = (Status::Ok, Status::error("first"));
    assert_eq!(ended(&[Status::Unset]), None);
    assert_eq!(ended(&[ok.clone(), error.clone(), Status::Unset]), Some((1, String::new())));
    assert_eq!(ended(&[error.clone(), ok]), Some((1, String::new())));
    assert_eq!(ended(&[error.clone(), Status::Unset]), Some((2, "first".to_owned())));
    assert_eq!(ended(&[error, Status::error("second")]), Some((2, "second".to_owned())));
}

#[test]
fn a_span_that_is_dropped_ends_then_and_one_whose_beginning_is_said_ends_by_the_same_clock() {
    let spans = recorded(Limits::default(), |tracer| {
        drop(tracer.start("plain"));
        let long_ago = UNIX_EPOCH + Duration::from_nanos(START.unix_nanos()) - Duration::from_secs(5);
        drop(tracer.span_builder("dated").with_start_time(long_ago).start(tracer));
    });
    let lengths: Vec<_> = spans.iter().map(|s| s.end_time_unix_nano - s.start_time_unix_nano).collect();
    assert_eq!(lengths, [0, 5_000_000_000]);
}

#[test]
fn what_is_beyond_the_limits_is_counted_and_secrets_are_taken_out_of_lists_too() {
    let limits = Limits {
        attributes: 5,
        events: 1,
        links: 1,
        event_attributes: 1,
        attribute_length: Some(3),
        ..Limits::default()
    };
    let spans = recorded(limits, |tracer| {
        let mut span = tracer.start("a");
        let texts = Array::String(vec!["日本語です".into(), "x".into()]);
        span.set_attribute(KeyValue::new("texts", Value::Array(texts)));
        span.set_attribute(KeyValue::new("password", Value::Array(Array::String(vec!["hunter2".into()]))));
        span.set_attribute(KeyValue::new("b", 1));
        span.set_attribute(KeyValue::new("c", Value::Array(Array::I64(vec![1]))));
        span.set_attribute(KeyValue::new("d", 1));
        span.set_attribute(KeyValue::new("texts", 1));
        for name in ["kept", "dropped"] {
            span.add_event(name, vec![KeyValue::new("n", 1), KeyValue::new("m", 1)]);
            span.add_link(pointed(), vec![]);
        }
        span.add_link(SpanContext::empty_context(), vec![]);
    });
    let span = &spans[0];
    let keys: Vec<_> = span.attributes.iter().map(|pair| pair.key.as_str()).collect();
    assert_eq!(keys, ["otel.scope.name", "otel.scope.version", "password", "b", "texts"]);
    assert_eq!(span.attributes[2], text("password", &REDACTED[..3]));
    assert_eq!(span.attributes[4], pair("texts", any_value::Value::IntValue(1)));
    assert_eq!(
        (span.dropped_attributes_count, span.dropped_events_count, span.dropped_links_count),
        (2, 1, 1)
    );
    assert_eq!((span.events[0].attributes.len(), span.events[0].dropped_attributes_count), (1, 1));
    let spans = recorded(Limits::default(), |tracer| {
        let hidden = Array::String(vec!["authorization: Bearer abcdef0123456789abcdef0123456789".into()]);
        drop(
            tracer
                .span_builder("b")
                .with_attributes([KeyValue::new("list", Value::Array(hidden))])
                .start(tracer),
        );
    });
    assert!(!format!("{spans:?}").contains("abcdef0123456789"), "{spans:?}");
}

#[test]
fn keys_and_states_of_others_are_bounded() {
    let (longest, longer) = ("k".repeat(256), "l".repeat(257));
    let (long, short) = ("v".repeat(256), String::from("v"));
    let members = [("short", &short), ("a", &long), ("b", &long)].map(|(key, v)| (key, v.clone()));
    let state = TraceState::from_key_value(members).unwrap();
    let many = SpanContext::new(TraceId::from(7), SpanId::from(9), TraceFlags::SAMPLED, true, state);
    let spans = recorded(Limits::default(), |tracer| {
        let both = || vec![KeyValue::new(longest.clone(), "x"), KeyValue::new(longer.clone(), "y")];
        let mut span = tracer.span_builder("charge").with_attributes(both()).start(tracer);
        span.set_attribute(KeyValue::new(longer.clone(), 1));
        span.add_event("paid", both());
        // Above 512 bytes, long members go first (W3C Trace Context, 3.3.1.5).
        span.add_link(many, both());
    });
    let [span] = &spans[..] else { panic!("{spans:?}") };
    let kept = [text(&longest, "x")];
    assert_eq!((&span.attributes[2..], span.dropped_attributes_count), (&kept[..], 2));
    assert_eq!((&span.events[0].attributes[..], &span.links[0].attributes[..]), (&kept[..], &kept[..]));
    let [event, link] = [span.events[0].dropped_attributes_count, span.links[0].dropped_attributes_count];
    assert_eq!((event, link), (1, 1));
    assert_eq!(span.links[0].trace_state, format!("short=v,a={long}"));
}

const SECRET: &str = "Bearer abcdef0123456789abcdef0123456789";

#[test]
fn a_name_that_was_made_for_its_span_is_clean_and_short_from_the_start() {
    let spans = recorded(Limits::default(), |tracer| {
        drop(tracer.start(format!("authorization: {SECRET}")));
        drop(tracer.start("é".repeat(10_000)));
    });
    let [secret, long] = &spans[..] else { panic!("{spans:?}") };
    assert!(!secret.name.contains("abcdef0123456789"), "{}", secret.name);
    assert!(long.name.len() <= 1_024 && long.name.ends_with("é…"), "{}", long.name.len());
}

#[test]
fn each_attribute_of_an_event_or_a_link_that_finds_no_room_is_counted() {
    let many = || (0..7).map(|n| KeyValue::new(format!("k{n}"), n)).collect::<Vec<_>>();
    let limits = Limits { event_attributes: 2, link_attributes: 2, ..Limits::default() };
    let spans = recorded(limits, |tracer| {
        let mut span = tracer.start("a");
        span.add_event("many", many());
        let mut again = many();
        again.insert(5, KeyValue::new("k1", "again"));
        span.add_event("again", again);
        span.add_link(pointed(), many());
    });
    let counts = |span: &Span| {
        let events = span.events.iter().map(|event| (event.attributes.len(), event.dropped_attributes_count));
        let links = span.links.iter().map(|link| (link.attributes.len(), link.dropped_attributes_count));
        events.chain(links).collect::<Vec<_>>()
    };
    assert_eq!(counts(&spans[0]), [(2, 5); 3]);
    assert_eq!(spans[0].events[1].attributes[1], text("k1", "again"), "a known one is set again");

    // Of texts in lists there are at most 64 KiB.
    let large =
        |key: &'static str| KeyValue::new(key, Value::Array(Array::String(vec!["x".repeat(40_000).into()])));
    let spans = recorded(Limits::default(), |tracer| {
        let mut span = tracer.start("a");
        span.add_event("large", vec![large("a"), large("b")]);
        span.add_link(pointed(), vec![large("a"), large("b")]);
    });
    assert_eq!(counts(&spans[0]), [(1, 1); 2]);
}
