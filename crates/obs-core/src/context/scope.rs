//! The one thread-local stack of open contexts, and the rules that keep one request's ids out of another's lines.
//!
//! - The top of the stack is the contextual parent, whatever opened it.
//! - A span leaves by its id, not by its position: spans may exit out of order.
//! - A poll records the depth it found and truncates to it when it ends, so that a guard held across an await
//!   leaves nothing behind for the next task on this thread.
//! - Readers get copies or a short borrow; no cell is borrowed while user code runs.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;

use super::{Context, Ids};
use crate::id::SpanId;

thread_local! {
    static STACK: RefCell<Vec<Context>> = const { RefCell::new(Vec::new()) };
    static SILENCED: Cell<u32> = const { Cell::new(0) };
}

/// A copy of the context that is open on this thread.
pub fn current() -> Option<Context> {
    with_current(Context::clone)
}

/// The ids of the context that is open on this thread.
#[inline]
pub fn current_ids() -> Option<Ids> {
    with_current(Context::ids)
}

/// The ids of the open context if it is sampled: what an exemplar points at.
#[inline]
pub fn sampled() -> Option<Ids> {
    current_ids().filter(|ids| ids.flags.is_sampled())
}

/// Lends the open context to `read`, which copies what it needs and runs no code of a user's. `None` when no context
/// is open.
#[inline]
pub fn with_current<R>(read: impl FnOnce(&Context) -> R) -> Option<R> {
    STACK.try_with(|stack| stack.try_borrow().ok()?.last().map(read)).ok().flatten()
}

/// Opens `context` until [`leave`] is called with its span id, or the poll around it ends.
pub fn push(context: Context) {
    let _ = STACK.try_with(|stack| {
        if let Ok(mut stack) = stack.try_borrow_mut() {
            stack.push(context);
        }
    });
}

/// Closes the topmost context of this span, wherever it stands. Does nothing when there is none: a poll that ended
/// has closed it already.
pub fn leave(span_id: SpanId) {
    let removed = STACK.try_with(|stack| {
        let mut stack = stack.try_borrow_mut().ok()?;
        let at = stack.iter().rposition(|context| context.span_id() == span_id)?;
        Some(stack.remove(at))
    });
    // Dropped out here, where nothing is borrowed.
    drop(removed);
}

/// Opens `context` for one poll; whatever the poll leaves open is closed with it.
#[must_use = "the context is open until this is dropped"]
pub fn enter_poll(context: &Context) -> PollScope {
    let depth = STACK
        .try_with(|stack| {
            let mut stack = stack.try_borrow_mut().ok()?;
            let depth = stack.len();
            stack.push(context.clone());
            Some(depth)
        })
        .ok()
        .flatten();
    PollScope { depth, not_send: PhantomData }
}

/// Open while it lives; made by [`enter_poll`].
#[derive(Debug)]
pub struct PollScope {
    depth: Option<usize>,
    not_send: PhantomData<*const ()>,
}

impl Drop for PollScope {
    fn drop(&mut self) {
        let Some(depth) = self.depth else { return };
        // Popped one by one and dropped outside of the borrow.
        while let Some((context, is_last)) = pop_above(depth) {
            drop(context);
            if is_last {
                break;
            }
        }
    }
}

/// The top of the stack if it is above `depth`, and whether nothing is left above then.
fn pop_above(depth: usize) -> Option<(Context, bool)> {
    let popped = STACK.try_with(|stack| {
        let mut stack = stack.try_borrow_mut().ok()?;
        let context = if stack.len() > depth { stack.pop() } else { None };
        context.map(|context| (context, stack.len() <= depth))
    });
    popped.ok().flatten()
}

/// Marks this thread's work as telemetry's own while the guard lives: engines ignore spans and events it makes, so
/// that an exporter never traces itself.
#[must_use = "silent until this is dropped"]
pub fn silence() -> Silence {
    let _ = SILENCED.try_with(|depth| depth.set(depth.get() + 1));
    Silence { not_send: PhantomData }
}

/// Whether this thread works for telemetry itself.
#[inline]
pub fn is_silenced() -> bool {
    SILENCED.try_with(|depth| depth.get() > 0).unwrap_or(true)
}

/// Silent while it lives; made by [`silence`].
#[derive(Debug)]
pub struct Silence {
    not_send: PhantomData<*const ()>,
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = SILENCED.try_with(|depth| depth.set(depth.get().saturating_sub(1)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Local, TraceFlags};
    use crate::id::IdSource;

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
}
