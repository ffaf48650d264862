//! Who closes what, in whatever order.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::context::{Local, TraceFlags};
use crate::id::IdSource;
use crate::observe::Verdict;

fn context() -> Context {
    let ids = IdSource::random();
    let flags = TraceFlags::default().sampled(true);
    Context::root(Ids { trace_id: ids.trace_id(), span_id: ids.span_id(), flags }, Local::task())
}

fn child(of: &Context) -> Context {
    of.child(IdSource::random().span_id())
}

#[test]
fn the_top_is_current_and_spans_leave_out_of_order() {
    let root = context();
    let (a, b) = (child(&root), child(&root));
    push(root.clone());
    push(a.clone());
    push(b.clone());
    leave(a.span_id());
    assert_eq!(current_ids(), Some(b.ids()));
    leave(a.span_id());
    leave(b.span_id());
    assert_eq!(current_ids(), Some(root.ids()));
    leave(root.span_id());
    assert!(current().is_none());
}

#[test]
fn a_poll_closes_what_was_left_open_inside() {
    let (first, second) = (context(), context());
    let scope = enter_poll(&first);
    push(child(&first));
    push(child(&first));
    drop(scope);
    assert!(current().is_none());
    let outer = enter_poll(&second);
    let inner = enter_poll(&first);
    drop(inner);
    assert_eq!(current_ids(), Some(second.ids()));
    drop(outer);
    assert!(current().is_none());
}

#[test]
fn a_poll_finds_its_own_entry_when_a_guard_from_outside_is_dropped_inside() {
    let (outer, request) = (context(), context());
    push(outer.clone());
    let poll = enter_poll(&request);
    push(child(&request));
    leave(outer.span_id());
    drop(poll);
    assert!(current().is_none());

    let (first, second) = (enter_poll(&request), enter_poll(&outer));
    drop(first);
    assert!(current().is_none());
    push(request.clone());
    drop(second);
    assert_eq!(current_ids(), Some(request.ids()));
    leave(request.span_id());
}

#[test]
fn a_native_span_and_a_poll_of_the_same_ids_are_two_entries() {
    let root = context();
    let poll = enter_poll(&root);
    leave(root.span_id());
    assert_eq!(current_ids(), Some(root.ids()));
    push(root.clone());
    leave(root.span_id());
    assert_eq!(current_ids(), Some(root.ids()));
    drop(poll);
    assert!(current().is_none());
}

fn tag(number: u64) -> NonZeroU64 {
    NonZeroU64::new(number).unwrap()
}

#[test]
fn tagged_spans_leave_by_their_tag_and_show_the_context_below_where_they_have_none() {
    let (root, own) = (context(), context());
    push_tagged(None, tag(1));
    assert!(current().is_none());
    leave_tagged(tag(1));
    let poll = enter_poll(&root);
    push_tagged(None, tag(1));
    assert_eq!(current_ids(), Some(root.ids()));
    push_tagged(Some(own.clone()), tag(2));
    assert_eq!(current_ids(), Some(own.ids()));
    leave_tagged(tag(1));
    leave_tagged(tag(7));
    assert_eq!(current_ids(), Some(own.ids()));
    leave_tagged(tag(2));
    assert_eq!(current_ids(), Some(root.ids()));
    push_tagged(Some(own), tag(3));
    drop(poll);
    leave_tagged(tag(3));
    assert!(current().is_none());
}

#[test]
fn the_innermost_span_of_a_subscriber_is_found_through_what_is_not_its_own() {
    let is_small = |tag: NonZeroU64| tag.get() < 100;
    let root = context();
    assert_eq!(innermost_tagged(is_small), Innermost::default());
    push_tagged(None, tag(1));
    push(child(&root));
    push_tagged(None, tag(100));
    assert_eq!(innermost_tagged(is_small), Innermost { tag: Some(tag(1)), is_behind_poll: false });
    let poll = enter_poll(&root);
    assert_eq!(innermost_tagged(is_small), Innermost { tag: Some(tag(1)), is_behind_poll: true });
    push_tagged(None, tag(2));
    assert_eq!(innermost_tagged(is_small), Innermost { tag: Some(tag(2)), is_behind_poll: false });
    drop(poll);
    leave_tagged(tag(100));
    leave_tagged(tag(1));
    assert_eq!(innermost_tagged(is_small), Innermost::default());
    drop(stack(|stack| std::mem::take(&mut stack.entries)));
}

#[test]
fn a_request_is_polled_only_in_polls_of_its_own() {
    let ids = context().ids();
    let request = Context::root(ids, Local::server(IdSource::random().request_id(), None));
    let polled = || with_polled_request(Context::ids);
    // As a guard that was held across an await leaves it.
    push_tagged(Some(request.clone()), tag(1));
    assert_eq!(polled(), None);
    let poll = enter_poll(&request);
    push(child(&context()));
    assert_eq!(polled(), Some(ids));
    let job = enter_poll(&context());
    assert_eq!(polled(), None);
    drop(job);
    // What it left behind may work for others.
    request.local().set_verdict(Verdict::Keep);
    assert_eq!(polled(), None);
    drop(poll);
    leave_tagged(tag(1));
    assert!(current().is_none());
}

#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

struct Entered(Arc<AtomicUsize>);

impl Around for Counted {
    fn enter(&self) -> Box<dyn Any> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::new(Entered(Arc::clone(&self.0)))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        assert!(current().is_none(), "left after the context");
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn what_is_around_a_request_is_entered_with_each_poll() {
    let (root, entered) = (context(), Arc::new(AtomicUsize::new(0)));
    root.local().surround(Arc::new(Counted(Arc::clone(&entered))));
    for _ in 0..2 {
        let poll = enter_poll(&child(&root));
        assert_eq!(entered.load(Ordering::Relaxed), 1);
        drop(poll);
        assert_eq!(entered.load(Ordering::Relaxed), 0);
    }
}

#[test]
fn a_span_entered_twice_leaves_twice() {
    let root = context();
    push(root.clone());
    push(root.clone());
    leave(root.span_id());
    assert_eq!(current_ids(), Some(root.ids()));
    leave(root.span_id());
    assert!(current().is_none());
}

#[test]
fn a_reader_that_writes_is_ignored_and_never_panics() {
    let root = context();
    let _scope = enter_poll(&root);
    with_current(|_| {
        push(child(&root));
        leave(root.span_id());
    });
    assert_eq!(current_ids(), Some(root.ids()));
}

#[test]
fn only_sampled_contexts_make_exemplars() {
    let root = context();
    assert_eq!(sampled(), None);
    let _scope = enter_poll(&root);
    assert_eq!(sampled(), Some(root.ids()));
    let ids = Ids { flags: TraceFlags::default(), ..root.ids() };
    let _inner = enter_poll(&Context::root(ids, Local::task()));
    assert_eq!(sampled(), None);
}

#[test]
fn silence_nests_and_stays_on_its_thread() {
    assert!(!is_silenced());
    let outer = silence();
    drop(silence());
    assert!(is_silenced());
    assert!(!std::thread::spawn(is_silenced).join().unwrap());
    drop(outer);
    assert!(!is_silenced());
}
