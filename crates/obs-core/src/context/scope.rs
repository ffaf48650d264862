//! The one thread-local stack of open contexts, and the rules that keep one request's ids out of another's lines.
//!
//! - The top of the stack is the contextual parent, whatever opened it.
//! - A span leaves by its name, not by its position: spans may exit out of order.
//! - A poll knows its own entry and takes all above it along when it ends, so that a guard held across an await
//!   leaves nothing behind for the next task on this thread.
//! - An entry without a context, of a span that is only seen by lines, shows the one below it.
//! - A span that is ids only may stand on top as a number, until somebody looks ([`plain`]).
//! - Readers get copies or a short borrow; no cell is borrowed while user code runs.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroU64;

use super::{Context, Ids, Local, LocalKind};
use crate::id::SpanId;

#[cfg(test)]
mod tests;

mod plain;

pub use plain::{leave_plain, push_plain};

thread_local! {
    static STACK: RefCell<Stack> = const { RefCell::new(Stack { entries: Vec::new(), polls: 0 }) };
    /// How many entries the stack has: to be read where lending the stack would cost more than what is done.
    static OPEN: Cell<usize> = const { Cell::new(0) };
    static SILENCED: Cell<u32> = const { Cell::new(0) };
}

struct Stack {
    entries: Vec<Entry>,
    /// Numbers the polls of this thread.
    polls: u64,
}

struct Entry {
    context: Option<Context>,
    owner: Owner,
}

/// Who closes an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// A native span, by its span id.
    Native,
    /// A poll, by its number.
    Poll(u64),
    /// A span of a subscriber, by the tag that one chose.
    Tagged(NonZeroU64),
    /// A span that was opened without ids, by its number.
    Plain(u64),
}

impl Owner {
    fn is_poll(self) -> bool {
        matches!(self, Self::Poll(_))
    }

    /// The tag of a subscriber's span.
    fn tag(self) -> Option<NonZeroU64> {
        match self {
            Self::Tagged(tag) => Some(tag),
            _ => None,
        }
    }
}

impl Stack {
    /// The topmost context.
    #[inline]
    fn current(&self) -> Option<&Context> {
        match self.entries.last() {
            Some(Entry { context: Some(context), .. }) => Some(context),
            _ => self.current_below(),
        }
    }

    #[cold]
    fn current_below(&self) -> Option<&Context> {
        self.entries.iter().rev().find_map(|entry| entry.context.as_ref())
    }

    #[inline]
    fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
        OPEN.set(self.entries.len());
    }

    #[inline]
    fn pop(&mut self) -> Option<Entry> {
        let popped = self.entries.pop();
        OPEN.set(self.entries.len());
        popped
    }

    /// Takes out the topmost entry that `is` the one meant.
    fn take(&mut self, is: impl Fn(&Entry) -> bool) -> Option<Entry> {
        let at = self.entries.iter().rposition(is)?;
        let taken = self.entries.remove(at);
        OPEN.set(self.entries.len());
        Some(taken)
    }
}

/// Lends the stack, unless it is lent already or this thread is ending.
#[inline]
fn stack<R>(with: impl FnOnce(&mut Stack) -> R) -> Option<R> {
    STACK.try_with(|stack| stack.try_borrow_mut().ok().map(|mut stack| with(&mut stack))).ok().flatten()
}

/// A copy of the context that is open on this thread.
#[inline]
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
    if is_open() { sampled_top() } else { None }
}

/// Whether anything is open on this thread; where counts are cheap, looking at more than this is not.
#[inline]
pub fn is_open() -> bool {
    OPEN.get() > 0
}

/// Whether the span of this id is open on this thread, at the top or below.
pub fn is_open_span(span_id: SpanId) -> bool {
    plain::settle();
    let is = |entry: &Entry| entry.context.as_ref().is_some_and(|context| context.span_id() == span_id);
    STACK.try_with(|stack| Some(stack.try_borrow().ok()?.entries.iter().any(is))).ok().flatten() == Some(true)
}

#[inline(never)]
fn sampled_top() -> Option<Ids> {
    with_current(|context| context.is_sampled().then(|| context.ids())).flatten()
}

/// Lends the open context to `read`, which copies what it needs and runs no code of a user's. `None` when no context
/// is open.
#[inline]
pub fn with_current<R>(read: impl FnOnce(&Context) -> R) -> Option<R> {
    plain::settle();
    STACK.try_with(|stack| stack.try_borrow().ok()?.current().map(read)).ok().flatten()
}

/// Lends the request whose poll runs on this thread, under the same rules as [`with_current`]. `None` outside of any
/// and once it has ended, also where a span of a request is open without a poll of it: a guard that was held across an await must not make
/// the next request look like a part of its own.
#[inline]
pub fn with_polled_request<R>(read: impl FnOnce(&Context) -> R) -> Option<R> {
    let read_from = |stack: &Stack| {
        let polls = stack.entries.iter().rev().filter(|entry| entry.owner.is_poll());
        let innermost = polls.filter_map(|entry| entry.context.as_ref()).next();
        // Work that a request left behind may serve others long after it: they are requests of their own.
        let goes_on = |local: &Local| local.kind() == LocalKind::Server && local.verdict().is_none();
        innermost.filter(|context| goes_on(context.local())).map(read)
    };
    STACK.try_with(|stack| read_from(&*stack.try_borrow().ok()?)).ok().flatten()
}

/// Opens `context` until [`leave`] is called with its span id, or the poll around it ends.
#[inline]
pub fn push(context: Context) {
    plain::settle();
    stack(|stack| stack.push(Entry { context: Some(context), owner: Owner::Native }));
}

/// Closes the topmost context that was pushed for this span, wherever it stands. Does nothing when there is none: a
/// poll that ended has closed it already.
#[inline]
pub fn leave(span_id: SpanId) {
    let is = |entry: &Entry| {
        entry.owner == Owner::Native
            && entry.context.as_ref().is_some_and(|context| context.span_id() == span_id)
    };
    close(is);
}

/// Opens a span of a subscriber under a tag of its choice below 2^63, until [`leave_tagged`] is called with that, or the poll
/// around it ends. Without a context of its own the span shows the one it is entered in.
#[inline]
pub fn push_tagged(context: Option<Context>, tag: NonZeroU64) {
    plain::settle();
    stack(|stack| stack.push(Entry { context, owner: Owner::Tagged(tag) }));
}

/// Closes the topmost span that was opened under `tag`, wherever it stands; nothing when there is none.
#[inline]
pub fn leave_tagged(tag: NonZeroU64) {
    close(|entry| entry.owner == Owner::Tagged(tag));
}

/// Closes the topmost entry that `is` the one meant: nearly always the top itself.
#[inline]
fn close(is: impl Fn(&Entry) -> bool) {
    plain::settle();
    let top = stack(|stack| match stack.entries.last() {
        Some(entry) if is(entry) => stack.pop().map(|entry| entry.context.map(|context| context.local)),
        _ => None,
    });
    // Dropped out here, where nothing is borrowed.
    match top.flatten() {
        Some(local) => drop(local),
        None => close_below(is),
    }
}

#[cold]
fn close_below(is: impl Fn(&Entry) -> bool) {
    drop(stack(|stack| stack.take(is)));
}

/// What a subscriber finds when it asks for the innermost span of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Innermost {
    /// The tag of the innermost span that is one of its own.
    pub tag: Option<NonZeroU64>,
    /// Whether a poll began since that span was entered: what is open is not the span, but work inside of it.
    pub is_behind_poll: bool,
}

/// Looks for the innermost open span whose tag is one of the subscriber's own. Spans of other subscribers and native
/// spans are looked through.
#[inline]
pub fn innermost_tagged(is_own: impl Fn(NonZeroU64) -> bool) -> Innermost {
    let search = |stack: &Stack| {
        let mut found = Innermost::default();
        for entry in stack.entries.iter().rev() {
            found.tag = entry.owner.tag().filter(|tag| is_own(*tag));
            if found.tag.is_some() {
                break;
            }
            found.is_behind_poll |= entry.owner.is_poll();
        }
        found
    };
    STACK.try_with(|stack| Some(search(&*stack.try_borrow().ok()?))).ok().flatten().unwrap_or_default()
}

/// Something that is entered with each poll of a request's work, such as a subscriber that is not the process's own.
pub trait Around: Any + fmt::Debug + Send + Sync {
    /// Enters; what it gives is dropped at the end of the poll, on the same thread.
    fn enter(&self) -> Box<dyn Any>;
}

/// Opens `context` for one poll; whatever the poll leaves open is closed with it.
#[inline]
#[must_use = "the context is open until this is dropped"]
pub fn enter_poll(context: &Context) -> PollScope {
    let around = context.local().around().map(|around| around.enter());
    plain::settle();
    let owner = stack(|stack| {
        stack.polls = stack.polls.wrapping_add(1);
        let owner = Owner::Poll(stack.polls);
        stack.push(Entry { context: Some(context.clone()), owner });
        owner
    });
    // Where nothing could be opened, nothing is found to be closed.
    PollScope { owner: owner.unwrap_or(Owner::Native), _around: around, not_send: PhantomData }
}

/// Open while it lives; made by [`enter_poll`].
#[derive(Debug)]
pub struct PollScope {
    owner: Owner,
    // After the stack is as it was.
    _around: Option<Box<dyn Any>>,
    not_send: PhantomData<*const ()>,
}

impl Drop for PollScope {
    #[inline]
    fn drop(&mut self) {
        if self.owner == Owner::Native {
            return;
        }
        plain::settle();
        let own = |stack: &mut Stack| match stack.entries.last() {
            Some(entry) if entry.owner == self.owner => stack.pop(),
            _ => None,
        };
        // Dropped out here, where nothing is borrowed.
        match stack(own).flatten() {
            Some(entry) => drop(entry),
            None => self.close_all_above(),
        }
    }
}

impl PollScope {
    /// Takes along what was left open inside, and searches for the poll's own entry: guards from outside that were
    /// dropped inside have moved it down.
    #[cold]
    fn close_all_above(&self) {
        let left = stack(|stack| {
            let own = stack.entries.iter().rposition(|entry| entry.owner == self.owner)?;
            let left = stack.entries.split_off(own);
            OPEN.set(stack.entries.len());
            Some(left)
        });
        // The innermost first.
        left.flatten().into_iter().flat_map(|left| left.into_iter().rev()).for_each(drop);
    }
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
