//! Spans that are open until they are dropped.

use std::panic::{AssertUnwindSafe, catch_unwind};

use obs_core::context;
use obs_core::fields::Value;
use obs_core::{Base, Resource};
use obs_trace::sampler::Choice;
use obs_trace::sink::{Memory, Scalar};
use obs_trace::{Kind, Sampler, Tail, Tracer};

fn tracer(sampler: Sampler, tail: Tail) -> (Tracer, Memory) {
    let spans = Memory::new();
    let base = Base::new(Resource::new("orders"));
    (Tracer::builder(base).sampler(sampler.parent_based()).tail(tail).sink(spans.clone()).build(), spans)
}

#[test]
fn a_span_is_current_until_it_is_dropped_and_then_ends() {
    let (tracer, spans) = tracer(Sampler::always_on(), Tail::default());
    let mut root = tracer.enter("root", Kind::Server);
    let mut child = tracer.enter(String::from("child"), Kind::Internal);
    child.set("step", Value::U64(7));
    child.recorded().unwrap().rename("renamed");
    let child_id = child.recorded().unwrap().context().span_id();
    let root_id = root.recorded().unwrap().context().span_id();
    assert_eq!(context::current_ids().map(|ids| ids.span_id), Some(child_id));
    drop(child);
    assert_eq!(context::current_ids().map(|ids| ids.span_id), Some(root_id));
    assert_eq!(spans.spans().len(), 1);
    drop(root);
    assert!(!context::is_open());
    let spans = spans.take();
    let [child, root] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!((child.name.as_str(), child.ids.span_id), ("renamed", child_id));
    assert_eq!(child.parent.map(|parent| parent.span_id), Some(root_id));
    assert_eq!(child.attributes, [(String::from("step"), Scalar::U64(7))]);
    assert_eq!((root.ids.trace_id, root.parent), (child.ids.trace_id, None));
}

#[test]
fn a_span_that_is_not_sampled_has_ids_of_its_own_in_the_same_trace_and_leaves_nothing() {
    let (tracer, spans) = tracer(Sampler::always_off(), Tail::default());
    let mut root = tracer.enter("root", Kind::Server);
    let above = context::current().unwrap();
    let mut child = tracer.enter("child", Kind::Internal);
    let below = context::current().unwrap();
    assert!(root.recorded().is_none() && child.recorded().is_none());
    assert_ne!(above.span_id(), below.span_id());
    assert_eq!(context::current_ids(), Some(below.ids()), "given once");
    assert!(above.trace_id() == below.trace_id() && below.is_beside(&above) && !below.is_sampled());
    // Out of order: each takes itself along, and no other.
    drop(root);
    assert_eq!(context::current_ids(), Some(below.ids()));
    drop(child);
    assert!(!context::is_open() && spans.spans().is_empty());
}

#[test]
fn spans_that_nobody_looks_at_close_in_any_order_and_with_the_poll_around_them() {
    let (tracer, _) = tracer(Sampler::always_off(), Tail::default());
    let root = tracer.enter("root", Kind::Server);
    let above = context::current().unwrap();
    let (first, second) = (tracer.enter("first", Kind::Internal), tracer.enter("second", Kind::Internal));
    drop(first);
    let third = tracer.enter("third", Kind::Internal);
    assert!(context::current_ids().is_some_and(|ids| ids != above.ids() && ids.trace_id == above.trace_id()));
    drop(second);
    drop(third);
    assert_eq!(context::current_ids(), Some(above.ids()));
    let poll = context::enter_poll(&above);
    let left = tracer.enter("left open", Kind::Internal);
    drop(poll);
    assert_eq!(context::current_ids(), Some(above.ids()));
    let other = tracer.enter("other", Kind::Internal);
    drop(left);
    assert_ne!(context::current_ids(), Some(above.ids()), "the other one is open");
    drop(other);
    // What is below goes first.
    let last = tracer.enter("last", Kind::Internal);
    drop(root);
    assert_ne!(context::current_ids().unwrap().span_id, above.span_id());
    drop(last);
    assert!(!context::is_open());
}

#[test]
fn what_waits_for_its_end_or_is_decided_anew_is_recorded_below_what_is_not_sampled() {
    let (waiting, kept) = tracer(Sampler::always_off(), Tail::default().errors());
    let ended = catch_unwind(AssertUnwindSafe(|| {
        let _root = waiting.enter("root", Kind::Server);
        assert!(waiting.enter("child", Kind::Internal).recorded().is_some());
        panic!("as it may");
    }));
    assert!(ended.is_err() && !context::is_open());
    assert_eq!(kept.spans().iter().map(|span| span.name.as_str()).collect::<Vec<_>>(), ["child", "root"]);

    let spans = Memory::new();
    let sampler = Sampler::always_off().parent_based().local_unsampled(Choice::ON);
    let tracer = Tracer::builder(Base::new(Resource::new("a"))).sampler(sampler).sink(spans.clone()).build();
    let mut root = tracer.enter("root", Kind::Internal);
    assert!(root.recorded().is_none() && tracer.enter("child", Kind::Internal).recorded().is_some());
    drop(root);
    assert_eq!(spans.spans().len(), 1);
}

#[test]
fn a_span_that_is_taken_out_leaves_nothing_open() {
    let (tracer, spans) = tracer(Sampler::always_on(), Tail::default());
    let mut entered = tracer.enter("first", Kind::Internal);
    let other = tracer.start(None, "second", Kind::Internal);
    let first = std::mem::replace(entered.recorded().unwrap(), other);
    tracer.end(first);
    drop(entered);
    assert!(!context::is_open());
    assert_eq!(spans.spans().len(), 2);
}
