//! Free slots near at hand: each thread keeps a few, so that a span takes no lock that another thread wants.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use super::Slab;

/// How many slots move between a thread and the shared list at once.
const BATCH: usize = 16;
/// The most a thread keeps.
const MOST: usize = 4 * BATCH;

thread_local! {
    static NEAR: RefCell<Near> = const { RefCell::new(Near { slab: Weak::new(), free: Vec::new() }) };
}

/// The free slots of one slab: the one this thread used last.
struct Near {
    slab: Weak<Slab>,
    free: Vec<u32>,
}

impl Near {
    #[inline]
    fn turn_to(&mut self, slab: &Arc<Slab>) {
        if !std::ptr::eq(self.slab.as_ptr(), Arc::as_ptr(slab)) {
            self.turn(slab);
        }
    }

    #[cold]
    fn turn(&mut self, slab: &Arc<Slab>) {
        self.give_back(0);
        self.slab = Arc::downgrade(slab);
    }

    #[cold]
    fn fetch(&mut self, slab: &Arc<Slab>) -> Option<u32> {
        slab.shared().hand_out(&mut self.free, BATCH);
        self.free.pop()
    }

    /// Keeps `kept` of them.
    #[cold]
    fn give_back(&mut self, kept: usize) {
        if let Some(slab) = self.slab.upgrade() {
            slab.shared().give_back(self.free.drain(kept..));
        }
        self.free.truncate(kept);
    }
}

impl Drop for Near {
    fn drop(&mut self) {
        self.give_back(0);
    }
}

#[inline]
fn near<R>(slab: &Arc<Slab>, with: impl FnOnce(&mut Near) -> R) -> Option<R> {
    let lent = NEAR.try_with(|near| {
        let mut near = near.try_borrow_mut().ok()?;
        near.turn_to(slab);
        Some(with(&mut near))
    });
    lent.ok().flatten()
}

/// A free slot; `None` when there is none.
#[inline]
pub(super) fn take(slab: &Arc<Slab>) -> Option<u32> {
    let taken = near(slab, |near| near.free.pop().or_else(|| near.fetch(slab)));
    // A thread that is ending keeps none.
    taken.unwrap_or_else(|| take_shared(slab))
}

#[cold]
fn take_shared(slab: &Arc<Slab>) -> Option<u32> {
    let mut one = Vec::new();
    slab.shared().hand_out(&mut one, 1);
    one.pop()
}

/// Puts a slot that has become free where it is found again.
#[inline]
pub(super) fn put(slab: &Arc<Slab>, index: u32) {
    let kept = near(slab, |near| {
        if near.free.len() >= MOST {
            near.give_back(MOST - BATCH);
        }
        near.free.push(index);
    });
    if kept.is_none() {
        put_shared(slab, index);
    }
}

#[cold]
fn put_shared(slab: &Arc<Slab>, index: u32) {
    slab.shared().give_back([index]);
}
