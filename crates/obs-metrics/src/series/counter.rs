//! Counters: one atomic until hot, then one cell for each thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use obs_core::context::{self, Ids};

use super::arena::HOT;
use super::{Make, Slot, Stored, Tail, Value};
use crate::error::Rejection;
use crate::family::Family;

pub(crate) struct Counters;

/// `cold` is never reset: the total is `cold` plus what the threads have counted since the series became hot.
pub(crate) struct Counter<T: Tail> {
    family: Arc<Family>,
    cold: AtomicU64,
    run: AtomicU32,
    /// The number of its exemplar's slot; 0 as long as it has none.
    exemplar: AtomicU32,
    created: u32,
    tail: T,
}

impl Make for Counters {
    type Series<T: Tail> = Counter<T>;

    fn make<T: Tail>(family: Arc<Family>, tail: T) -> Counter<T> {
        let created = family.shared.stamp();
        let (run, exemplar) = (AtomicU32::new(0), AtomicU32::new(0));
        Counter { family, cold: AtomicU64::new(0), run, exemplar, created, tail }
    }
}

impl<T: Tail> Counter<T> {
    fn hot_total(&self) -> u64 {
        match self.run.load(Ordering::Relaxed) {
            0 => 0,
            run => self.family.shared.arena.total(run),
        }
    }

    fn total(&self) -> u64 {
        self.cold.load(Ordering::Relaxed).wrapping_add(self.hot_total())
    }

    #[inline]
    fn count(&self, by: u64) {
        if !self.count_hot(by) {
            self.count_otherwise(by);
        }
    }

    /// Counts in the cell that this thread has already; whether it has one.
    #[inline]
    fn count_hot(&self, by: u64) -> bool {
        let run = self.run.load(Ordering::Relaxed);
        if run == 0 {
            return false;
        }
        let mine = self.family.shared.arena.own();
        mine.is_some_and(|mine| {
            mine.add(run, by);
            true
        })
    }

    #[inline]
    fn count_otherwise(&self, by: u64) {
        let run = self.run.load(Ordering::Relaxed);
        if run != 0 {
            return self.family.shared.arena.mine().add(run, by);
        }
        let old = self.cold.fetch_add(by, Ordering::Relaxed);
        if old / HOT != old.wrapping_add(by) / HOT {
            self.family.shared.arena.promote(&self.run, 1);
        }
    }

    #[inline(never)]
    fn increment_otherwise(&self, by: u64) {
        self.count_otherwise(by);
        if context::is_open() {
            self.remember_open(by);
        }
    }

    /// Takes the open span for an exemplar.
    #[inline(never)]
    fn remember_open(&self, by: u64) {
        let shared = &self.family.shared;
        if !shared.exemplars {
            return;
        }
        let slot = shared.slots.get(self.exemplar.load(Ordering::Acquire));
        if slot.is_none_or(Slot::is_due)
            && let Some(ids) = context::sampled()
        {
            self.remember(by, &ids);
        }
    }

    /// An exemplar's value is what was added.
    #[inline]
    fn remember(&self, by: u64, ids: &Ids) {
        if let Some(slot) = self.family.shared.slots.of(&self.exemplar) {
            slot.offer(by as f64, ids);
        }
    }
}

impl<T: Tail> metrics::CounterFn for Counter<T> {
    // Whatever is called is called last, so that counting in a hot cell has nothing to save before.
    #[inline]
    fn increment(&self, value: u64) {
        if !self.count_hot(value) {
            self.increment_otherwise(value);
        } else if context::is_open() {
            self.remember_open(value);
        }
    }

    fn absolute(&self, value: u64) {
        // What threads count after they were read here counts as added after the set.
        let hot = self.hot_total();
        let cold = self.cold.fetch_max(value.saturating_sub(hot), Ordering::Relaxed);
        if value < cold.wrapping_add(hot) {
            self.family.shared.reject(Rejection::Decrease);
        }
    }
}

impl<T: Tail> Stored for Counter<T> {
    fn family(&self) -> &Arc<Family> {
        &self.family
    }

    fn text(&self) -> &[u8] {
        self.tail.text()
    }

    fn value(&self) -> Value<'_> {
        let slot = self.family.shared.slots.get(self.exemplar.load(Ordering::Acquire));
        Value::Counter(self.total(), slot)
    }

    fn created(&self) -> u32 {
        self.created
    }

    fn moved(&self, seen: &mut u64) -> bool {
        let total = self.total();
        std::mem::replace(seen, total) != total
    }

    fn counter(self: Arc<Self>) -> metrics::Counter {
        metrics::Counter::from_arc(self)
    }

    #[inline]
    fn add(&self, by: u64, ids: Option<&Ids>) {
        self.count(by);
        if let Some(ids) = ids
            && self.family.shared.exemplars
        {
            self.remember(by, ids);
        }
    }
}

impl<T: Tail> Drop for Counter<T> {
    fn drop(&mut self) {
        self.family.shared.slots.give_back(*self.exemplar.get_mut());
    }
}
