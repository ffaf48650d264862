//! Limits of spans that code makes: what is first stays, what is beyond is counted, down to the OTLP bytes.

use std::sync::{Arc, Mutex};

use obs_core::context::{self, Local, TraceFlags};
use obs_core::fields::{Fields, Value};
use obs_core::{Base, Clock, IdSource, Resource, Timestamp};
use obs_trace::layer::TraceLayer;
use obs_trace::sink::{FinishedSpan, Memory, Scalar, SpanSink};
use obs_trace::{Kind, Limits, Sampler, SamplerError, SpanRecord, Tracer, encode};
use opentelemetry_proto::tonic::common::v1::any_value;
use opentelemetry_proto::tonic::trace::v1::{ScopeSpans, Span as Decoded};
use prost::Message;
use tracing::{field, info, info_span};
use tracing_subscriber::layer::SubscriberExt;

use crate::layer::{request, setup};

/// Keeps each span twice: as it is, and as a collector reads it.
#[derive(Clone)]
struct Both(Memory, Arc<Mutex<Vec<Decoded>>>);

impl SpanSink for Both {
    fn export(&self, span: &SpanRecord<'_>) {
        self.0.export(span);
        let mut bytes = Vec::new();
        assert!(encode::span(&mut bytes, span));
        self.1.lock().unwrap().extend(ScopeSpans::decode(&*bytes).unwrap().spans);
    }
}

fn base() -> Arc<Base> {
    let clock = Clock::manual(Timestamp::from_unix_nanos(1_700_000_000_000_000_000));
    Base::with(Resource::new("orders"), clock, IdSource::seeded(5))
}

/// The one span that `work` makes by a tracer with these limits.
fn native(limits: Limits, work: impl FnOnce(&Tracer)) -> (FinishedSpan, Decoded) {
    let sink = Both(Memory::new(), Arc::default());
    work(&Tracer::builder(base()).limits(limits).sink(sink.clone()).build());
    let (mut spans, decoded) = (sink.0.take(), std::mem::take(&mut *sink.1.lock().unwrap()));
    assert_eq!((spans.len(), decoded.len()), (1, 1));
    (spans.remove(0), decoded[0].clone())
}

fn traced(limits: Limits, work: impl FnOnce()) -> (FinishedSpan, Decoded) {
    native(limits, |tracer| {
        let subscriber = tracing_subscriber::registry().with(TraceLayer::new(tracer));
        tracing::subscriber::with_default(subscriber, work);
    })
}

fn keys(span: &FinishedSpan) -> Vec<&str> {
    span.attributes.iter().map(|(key, _)| key.as_str()).collect()
}

const ALL: Limits = Limits {
    attributes: 128,
    attribute_length: None,
    events: 128,
    links: 128,
    event_attributes: 128,
    link_attributes: 128,
};

#[test]
fn the_defaults_are_those_of_the_specification() {
    assert_eq!(Limits::default(), ALL);
    let tracer = Tracer::builder(base()).build();
    assert_eq!(*tracer.limits(), ALL);
}

#[test]
fn attributes_beyond_the_limit_are_counted_and_known_ones_may_be_set_again() {
    let (span, decoded) = traced(Limits { attributes: 4, ..ALL }, || {
        let span = info_span!("a", first = 1, second = 2, third = ?3, fourth = field::Empty);
        span.record("fourth", "4");
        span.record("second", 22);
    });
    assert_eq!(keys(&span), ["code.namespace", "level", "first", "second"]);
    assert_eq!(span.attribute("second"), Some(&Scalar::I64(22)));
    assert_eq!((span.dropped_attributes, decoded.dropped_attributes_count), (2, 2));
    assert_eq!(decoded.attributes.len(), 4);

    for (attributes, shown, dropped) in [(0, 0, 3), (1, 1, 2), (2, 2, 1), (3, 3, 0)] {
        let (span, _) = traced(Limits { attributes, ..ALL }, || drop(info_span!("a", first = 1)));
        assert_eq!((span.attributes.len(), span.dropped_attributes), (shown, dropped), "{attributes}");
    }
}

#[test]
fn native_spans_obey_the_limits_too() {
    let limits = Limits { attributes: 2, links: 2, link_attributes: 1, attribute_length: Some(3), ..ALL };
    let (span, decoded) = native(limits, |tracer| {
        let mut span = tracer.start(None, "a", Kind::Internal);
        let ids = span.context().ids();
        for key in ["one", "two", "three", "one"] {
            span.set(key, Value::Str("日本語です"));
        }
        span.link(ids);
        span.link_with(ids, &[("why", Value::Str("batch")), ("n", Value::I64(5))]);
        span.link_with(ids, &[("too", Value::Str("many"))]);
        tracer.end(span);
    });
    let short = |key: &str| (key.to_owned(), Scalar::Str("日本語".to_owned()));
    assert_eq!((span.attributes, span.dropped_attributes), (vec![short("one"), short("two")], 1));
    assert_eq!((span.links.len(), span.dropped_links), (2, 1));
    assert_eq!((span.links[0].attributes.len(), span.links[0].dropped_attributes), (0, 0));
    assert_eq!(span.links[1].attributes, [("why".to_owned(), Scalar::Str("bat".to_owned()))]);
    assert_eq!(span.links[1].dropped_attributes, 1);
    let exported: Vec<_> = decoded.attributes.iter().map(|pair| pair.value.clone().unwrap().value).collect();
    let cut = any_value::Value::StringValue("日本語".to_owned());
    assert_eq!(exported, [Some(cut.clone()), Some(cut)]);
    assert_eq!((decoded.dropped_attributes_count, decoded.dropped_links_count), (1, 1));
    assert_eq!((decoded.links[0].attributes.len(), decoded.links[1].dropped_attributes_count), (0, 1));
}

#[test]
fn events_and_their_attributes_have_limits_of_their_own() {
    let limits = Limits { events: 2, event_attributes: 3, attribute_length: Some(4), ..ALL };
    let (span, decoded) = traced(limits, || {
        info_span!("a").in_scope(|| {
            info!(one = 1, "no message is cut");
            info!(one = 1, two = "2", three = 3);
            info!("dropped");
        });
    });
    assert_eq!((span.events.len(), span.dropped_events, decoded.dropped_events_count), (2, 1, 1));
    let (first, second) = (&span.events[0], &span.events[1]);
    assert_eq!((first.name.as_str(), first.attributes.len()), ("no message is cut", 3));
    assert_eq!((first.dropped_attributes, second.dropped_attributes), (0, 2));
    assert_eq!(second.attributes[1], ("target".to_owned(), Scalar::Str("it::".to_owned())));
    assert_eq!(second.attributes[2], ("one".to_owned(), Scalar::I64(1)));
    let dropped: Vec<_> = decoded.events.iter().map(|event| event.dropped_attributes_count).collect();
    assert_eq!(dropped, [0, 2]);
}

#[test]
fn no_limit_is_granted_beyond_what_is_bounded() {
    let most = usize::MAX;
    let limits =
        Limits { attributes: most, events: most, links: most, event_attributes: most, ..Limits::default() };
    let (span, _) = native(limits, |tracer| {
        assert_eq!(tracer.limits().event_attributes, Fields::MAX_FIELDS);
        let mut span = tracer.start(None, "a", Kind::Internal);
        let ids = span.context().ids();
        for n in 0..Fields::MAX_FIELDS + 3 {
            span.set(format!("k{n}"), Value::I64(0));
        }
        for _ in 0..Limits::MAX_LINKS + 4 {
            span.link(ids);
        }
        tracer.end(span);
    });
    assert_eq!((span.attributes.len(), span.dropped_attributes), (Fields::MAX_FIELDS, 3));
    assert_eq!((span.links.len(), span.dropped_links), (Limits::MAX_LINKS, 4));
}

#[test]
fn nothing_is_left_of_a_span_whose_memory_is_used_again() {
    let sink = Memory::new();
    let small = Tracer::builder(base()).limits(Limits { attributes: 1, links: 1, ..ALL }).sink(sink.clone());
    let (small, large) = (small.build(), Tracer::builder(base()).sink(sink.clone()).build());
    for tracer in [&small, &large] {
        let mut span = tracer.start(None, "a", Kind::Internal);
        let ids = span.context().ids();
        span.set("one", Value::I64(1));
        span.set("two", Value::I64(2));
        span.link(ids);
        span.link(ids);
        tracer.end(span);
    }
    let counts: Vec<_> = sink
        .take()
        .iter()
        .map(|span| (span.attributes.len(), span.dropped_attributes, span.links.len(), span.dropped_links))
        .collect();
    assert_eq!(counts, [(1, 1, 1, 1), (2, 0, 2, 0)]);
}

#[test]
fn fields_of_a_job_are_on_its_local_root_and_on_no_other_span() {
    let setup = setup(Sampler::always_on());
    tracing::dispatcher::with_default(&setup.dispatch, || {
        let job = info_span!("job", user = 1);
        job.in_scope(|| {
            let current = context::current().unwrap();
            current.local().set_field("user", Value::I64(2));
            current.local().set_field("plan", Value::Str("gold"));
            drop(info_span!("step"));
        });
        let request = request(&setup.base, true);
        request.local().set_field("plan", Value::Str("silver"));
        let _poll = context::enter_poll(&request);
        drop(info_span!("of a request"));
    });
    let find = |name| setup.memory.find(name).unwrap();
    let job = find("job");
    assert_eq!(keys(&job), ["code.namespace", "level", "user", "plan"]);
    assert_eq!(job.attribute("user"), Some(&Scalar::I64(1)), "the span's own wins");
    assert_eq!(job.attribute("plan"), Some(&Scalar::Str("gold".into())));
    for name in ["step", "of a request"] {
        assert_eq!(find(name).attribute("plan"), None, "{name}");
    }
}

#[test]
fn fields_of_a_job_count_against_the_limit() {
    let (span, decoded) = native(Limits { attributes: 2, ..ALL }, |tracer| {
        let mut span = tracer.start(None, "job", Kind::Internal);
        for key in ["a", "b", "c"] {
            span.context().local().set_field(key, Value::Bool(true));
        }
        span.set("a", Value::Bool(false));
        tracer.end(span);
    });
    assert_eq!((keys(&span), span.dropped_attributes), (vec!["a", "b"], 1));
    let exported: Vec<_> = decoded.attributes.iter().map(|pair| pair.key.as_str()).collect();
    assert_eq!((exported, decoded.dropped_attributes_count), (vec!["a", "b"], 1));
}

#[test]
fn a_tracers_share_of_roots_is_swapped_while_running() {
    let tracer = Tracer::builder(base()).sampler(Sampler::ratio(0.0).unwrap().parent_based()).build();
    let sampled = || tracer.start(None, "a", Kind::Internal).is_recording();
    assert!(!sampled());
    tracer.set_ratio(1.0).unwrap();
    assert!(sampled());
    assert_eq!(tracer.set_ratio(2.0), Err(SamplerError::BadRatio));
    assert!(sampled(), "the old share stays");
    tracer.set_ratio(0.0).unwrap();
    assert!(!sampled());
    let ids = obs_core::context::Ids {
        trace_id: tracer.base().ids.trace_id(),
        span_id: tracer.base().ids.span_id(),
        flags: TraceFlags::default().sampled(true),
    };
    let parent = context::Context::root(ids, Local::task());
    assert!(tracer.start(Some(&parent), "a", Kind::Internal).is_recording(), "children keep their decision");
    assert_eq!(Tracer::builder(base()).build().set_ratio(0.5), Err(SamplerError::NoRatio));
}
