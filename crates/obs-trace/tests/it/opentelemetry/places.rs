//! Under what a span stands, and whether it is recorded.

use obs_core::context;
use obs_trace::record::{Kind, Parent};
use obs_trace::{Limits, Sampler};
use opentelemetry::Context as TheirContext;
use opentelemetry::baggage::BaggageExt;
use opentelemetry::trace::{
    Span as _, SpanContext, SpanKind, TraceContextExt, TraceFlags, TraceState, Tracer as _,
    TracerProvider as _,
};
use opentelemetry::{KeyValue, SpanId as TheirSpanId, TraceId as TheirTraceId};
use tracing::info_span;

use super::{provided, setup, span_id};

#[test]
fn inside_of_a_request_it_is_a_child_with_the_requests_decision() {
    // Neither decision is the sampler's own.
    for (sampler, sampled) in [(Sampler::always_off(), true), (Sampler::always_on(), false)] {
        let setup = setup(sampler);
        let mut theirs = SpanContext::empty_context();
        let mut request = None;
        let spans = setup.in_request(sampled, |open| {
            let span = setup.theirs.span_builder("charge").with_kind(SpanKind::Client).start(&setup.theirs);
            assert_eq!(span.is_recording(), sampled);
            (theirs, request) = (span.span_context().clone(), Some(open.clone()));
        });
        let request = request.unwrap();
        assert_eq!(theirs.trace_id().to_bytes(), request.trace_id().to_bytes());
        assert_eq!((theirs.is_sampled(), theirs.is_remote()), (sampled, false));
        if !sampled {
            assert_eq!(spans, []);
            continue;
        }
        let [span] = &spans[..] else { panic!("{spans:?}") };
        assert_eq!((span.ids.span_id, span.kind), (span_id(&theirs), Kind::Client));
        assert_eq!(span.parent, Some(Parent { span_id: request.span_id(), remote: false }));
    }
}

#[test]
fn outside_of_all_it_begins_a_trace_and_the_sampler_decides() {
    for (sampler, count) in [(Sampler::always_on(), 1), (Sampler::always_off(), 0)] {
        let setup = setup(sampler);
        let spans = setup.record(|| {
            setup.theirs.in_span("job", |cx| {
                assert!(cx.span().span_context().is_valid());
                assert_eq!(cx.span().span_context().is_sampled(), count == 1);
            })
        });
        assert_eq!(spans.iter().filter(|span| span.name == "job" && span.parent.is_none()).count(), count);
    }
}

#[test]
fn the_innermost_span_is_the_parent_whoever_made_it() {
    let setup = setup(Sampler::always_on());
    let spans = setup.in_request(true, |_| {
        setup.theirs.in_span("a", |_| {
            info_span!("b").in_scope(|| {
                setup.theirs.in_span("c", |cx| {
                    info_span!("d").in_scope(|| ());
                    // Said by hand, as older code does.
                    drop(setup.theirs.start_with_context("e", &cx));
                });
            });
        });
    });
    let parent = |name: &str| {
        let span = spans.iter().find(|span| span.name == name).unwrap();
        spans
            .iter()
            .find(|above| Some(above.ids.span_id) == span.parent_id())
            .map(|above| above.name.as_str())
    };
    assert_eq!(["b", "c", "d", "e"].map(parent), [Some("a"), Some("b"), Some("c"), Some("c")]);
    assert!(spans.iter().all(|span| span.ids.trace_id == spans[0].ids.trace_id));
}

#[test]
fn a_span_that_is_named_is_the_parent_although_others_are_open() {
    let setup = setup(Sampler::always_on());
    let spans = setup.in_request(true, |_| {
        let named = TheirContext::current_with_span(setup.theirs.start("named"));
        setup.theirs.in_span("open", |_| drop(setup.theirs.start_with_context("child", &named)));
    });
    let find = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    assert_eq!(find("child").parent_id(), Some(find("named").ids.span_id));
}

pub(super) fn remote(flags: TraceFlags) -> TheirContext {
    let context = SpanContext::new(
        TheirTraceId::from(7),
        TheirSpanId::from(9),
        flags,
        true,
        TraceState::from_key_value([("vendor", "x")]).unwrap(),
    );
    TheirContext::new().with_remote_span_context(context)
}

#[test]
fn a_span_of_another_process_is_a_remote_parent_and_is_believed_as_a_caller_is() {
    let setup = setup(Sampler::ratio(0.0).unwrap().parent_based().caller_limit(1));
    let baggage = [KeyValue::new("tenant", "blue")];
    let named = remote(TraceFlags::SAMPLED).with_baggage(baggage);
    let spans = setup.record(|| {
        let span = setup.theirs.start_with_context("first", &named);
        assert_eq!(span.span_context().trace_state().header(), "vendor=x");
        drop(span);
        // Beyond the limit, and of a caller that decided against it.
        drop(setup.theirs.start_with_context("second", &named));
        drop(setup.theirs.start_with_context("third", &remote(TraceFlags::NOT_SAMPLED)));
    });
    let [span] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!((span.ids.trace_id.get(), span.name.as_str()), (7, "first"));
    assert_eq!(span.parent.map(|parent| (parent.span_id.get(), parent.remote)), Some((9, true)));
    assert_eq!(span.trace_state.as_deref(), Some("vendor=x"));
}

#[test]
fn work_of_telemetrys_own_makes_no_spans() {
    let setup = setup(Sampler::always_on());
    let spans = setup.record(|| {
        {
            let _suppressed = TheirContext::enter_telemetry_suppressed_scope();
            assert!(!setup.theirs.start("suppressed").span_context().is_valid());
        }
        let _silence = context::silence();
        assert!(!setup.theirs.start("silenced").span_context().is_valid());
    });
    assert_eq!(spans, []);
}

#[test]
fn the_parent_is_told_although_the_span_has_more_attributes_than_are_kept() {
    let memory = obs_trace::sink::Memory::new();
    let limits = Limits { attributes: 4, ..Limits::default() };
    let (base, tracer) = provided(Sampler::always_on(), limits, memory.clone());
    let theirs = obs_trace::opentelemetry::Provider::new(&tracer).tracer("");
    let request = super::super::layer::request(&base, true);
    {
        let _poll = context::enter_poll(&request);
        let many = (0..9).map(|n| KeyValue::new(format!("k{n}"), n));
        drop(theirs.span_builder("wide").with_attributes(many).start(&theirs));
    }
    let span = memory.find("wide").unwrap();
    assert_eq!(span.parent_id(), Some(request.span_id()));
    assert_eq!((span.attributes.len(), span.dropped_attributes), (4, 5));
}
