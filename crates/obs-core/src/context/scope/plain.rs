//! Spans that are ids only, and have none until somebody looks: nearly all of them end before that.
//!
//! They are a number on top of the stack. Whoever looks at the stack, or opens or closes anything else on it, has them made
//! entries with ids first, so that nobody else knows of them.

use std::cell::{Cell, RefCell};

use super::{Entry, Owner, stack};
use crate::context::Context;
use crate::id::IdSource;

thread_local! {
    /// How many there are without ids. They are numbered from [`FIRST`] on.
    static COUNT: Cell<u64> = const { Cell::new(0) };
    /// The number of the first; those below it belong to spans that have ids, or are gone.
    static FIRST: Cell<u64> = const { Cell::new(0) };
    /// Where their ids will come from.
    static IDS: RefCell<IdSource> = const { RefCell::new(IdSource::random()) };
}

/// Opens a span under what is open, until [`leave_plain`] is called with the number it is given, or the poll around it ends:
/// it is of the same trace, with the same flags and local root, and gets an id of `ids` when somebody looks. `None`, and
/// nothing is opened, where nothing is open or `is_plain`, which runs no code of a user's, says no of what is.
#[inline]
pub fn push_plain(ids: &IdSource, is_plain: impl FnOnce(&Context) -> bool) -> Option<u64> {
    // Of one without ids all that is asked is as it is of the one below.
    let goes = stack(|stack| stack.current().is_some_and(is_plain));
    if goes != Some(true) {
        return None;
    }
    let is_same = IDS.try_with(|kept| kept.try_borrow().is_ok_and(|kept| kept.is_same(ids)));
    if is_same == Ok(true) { Some(count_one()) } else { turn_to(ids) }
}

#[inline]
fn count_one() -> u64 {
    let count = COUNT.get();
    COUNT.set(count + 1);
    FIRST.get() + count
}

/// The first span whose ids come from elsewhere.
#[cold]
fn turn_to(ids: &IdSource) -> Option<u64> {
    settle();
    IDS.try_with(|kept| kept.try_borrow_mut().map(|mut kept| *kept = ids.clone())).ok()?.ok()?;
    Some(count_one())
}

/// Closes the span of this number; nothing where a poll that ended has done so.
#[inline]
pub fn leave_plain(number: u64) {
    let count = COUNT.get();
    if count > 0 && FIRST.get() + count == number + 1 {
        COUNT.set(count - 1);
    } else {
        leave_settled(number);
    }
}

#[cold]
fn leave_settled(number: u64) {
    super::close(|entry| entry.owner == Owner::Plain(number));
}

/// Gives ids to those that have none.
#[inline]
pub(super) fn settle() {
    if COUNT.get() > 0 {
        settle_all();
    }
}

#[cold]
fn settle_all() {
    let (first, count) = (FIRST.get(), COUNT.replace(0));
    FIRST.set(first + count);
    let settle = |ids: &IdSource| {
        stack(|stack| {
            for number in first..first + count {
                let Some(above) = stack.current() else { return };
                let context = Some(above.child(ids.span_id()));
                stack.push(Entry { context, owner: Owner::Plain(number) });
            }
        });
    };
    let _ = IDS.try_with(|ids| ids.try_borrow().map(|ids| settle(&ids)));
}
