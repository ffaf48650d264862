//! What is current for one world is for the other.

use std::thread;

use obs_core::context;
use obs_core::context::{Context, Ids, Local, TraceFlags};
use obs_core::propagate::Baggage;
use obs_core::{RequestId, TraceId};
use obs_trace::Sampler;
use obs_trace::opentelemetry::current;
use opentelemetry::Context as TheirContext;
use opentelemetry::baggage::BaggageExt;
use opentelemetry::trace::{TraceContextExt, Tracer as _};

use super::{setup, span_id};

fn open() -> Option<obs_core::SpanId> {
    context::current_ids().map(|ids| ids.span_id)
}

#[test]
fn while_a_span_is_attached_it_is_the_one_that_is_open_and_the_request_goes_on() {
    let setup = setup(Sampler::always_on());
    setup.in_request(true, |request| {
        let cx = TheirContext::current_with_span(setup.theirs.start("a"));
        assert_eq!(open(), Some(request.span_id()), "not yet");
        let guard = cx.clone().attach();
        let inside = context::current().unwrap();
        assert_eq!(inside.span_id(), span_id(cx.span().span_context()));
        assert_eq!((inside.trace_id(), inside.is_sampled()), (request.trace_id(), true));
        assert_eq!(inside.request_id().map(RequestId::as_str), Some("ORD-1"));
        {
            // The same span with something beside it.
            let _value = cx.with_value(5u8).attach();
            assert_eq!(open(), Some(inside.span_id()));
        }
        {
            // Without a span nothing changes.
            let _empty = TheirContext::new().attach();
            assert_eq!(open(), Some(inside.span_id()));
        }
        assert_eq!(open(), Some(inside.span_id()));
        drop(guard);
        assert_eq!(open(), Some(request.span_id()));
    });
}

#[test]
fn the_request_goes_on_where_a_context_is_attached_on_another_thread() {
    let setup = setup(Sampler::always_on());
    setup.in_request(true, |request| {
        let cx = TheirContext::current_with_span(setup.theirs.start("a"));
        let elsewhere = thread::spawn(move || {
            let _attached = cx.attach();
            let open = context::current().unwrap();
            (open.trace_id(), open.request_id().map(|id| id.as_str().to_owned()))
        });
        let expected = (request.trace_id(), Some("ORD-1".to_owned()));
        assert_eq!(elsewhere.join().unwrap(), expected);
        // And where a child of it is made there first.
        let cx = TheirContext::current_with_span(setup.theirs.start("b"));
        let theirs = setup.theirs.clone();
        let elsewhere = thread::spawn(move || {
            let child = cx.with_span(theirs.start_with_context("child", &cx));
            let _attached = child.attach();
            let open = context::current().unwrap();
            (open.trace_id(), open.request_id().map(|id| id.as_str().to_owned()))
        });
        assert_eq!(elsewhere.join().unwrap(), expected);
    });
}

#[test]
fn contexts_that_are_detached_out_of_order_leave_nothing_open() {
    let setup = setup(Sampler::always_on());
    setup.record(|| {
        let [a, b, c] = ["a", "b", "c"].map(|name| TheirContext::new().with_span(setup.theirs.start(name)));
        let ids = [&a, &b, &c].map(|cx| Some(span_id(cx.span().span_context())));
        let (first, second, third) = (a.attach(), b.attach(), c.attach());
        assert_eq!(open(), ids[2]);
        drop(second);
        assert_eq!(open(), ids[2]);
        drop(third);
        assert_eq!(open(), ids[0]);
        drop(first);
        assert_eq!(open(), None);
    });
}

#[test]
fn a_panic_while_a_span_is_attached_leaves_nothing_open_and_the_span_ends() {
    let setup = setup(Sampler::always_on());
    let spans = setup.record(|| {
        let work = || setup.theirs.in_span("a", |_| panic!("no"));
        let ended: Result<(), _> = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        assert!(ended.is_err());
    });
    assert_eq!(spans.len(), 1);
}

#[test]
fn what_is_open_is_lent_to_propagators_with_its_baggage() {
    let setup = setup(Sampler::always_on());
    assert!(!current().has_active_span());
    let flags = TraceFlags::default().random().sampled(true);
    let ids = Ids { trace_id: TraceId::new(7).unwrap(), span_id: setup.base.ids.span_id(), flags };
    let baggage = Baggage::parse([&b"tenant=blue%20one"[..]]);
    let request = Context::root(ids, Local::task().carrying(baggage));
    let _poll = context::enter_poll(&request);
    let lent = current();
    let span = lent.span().span_context().clone();
    assert_eq!((span.trace_id().to_string(), span_id(&span)), (format!("{:032x}", 7), ids.span_id));
    assert_eq!((span.trace_flags().to_u8(), span.is_remote()), (3, false));
    assert_eq!(lent.baggage().get("tenant").map(|value| value.as_str()), Some("blue one"));
    // Attached, it opens what is open already.
    let _attached = lent.attach();
    assert_eq!(open(), Some(ids.span_id));
    assert!(context::current().is_some_and(|inside| inside.is_beside(&request)));
}
