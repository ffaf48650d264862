//! Counters: one atomic until hot, then one cell for each thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::arena::HOT;
use super::{Make, Sample, Stored, Tail};
use crate::family::Family;

pub(crate) struct Counters;

/// `cold` is never reset: the total is `cold` plus what the threads have counted since the series became hot.
pub(crate) struct Counter<T> {
    family: Arc<Family>,
    cold: AtomicU64,
    run: AtomicU32,
    tail: T,
}

impl Make for Counters {
    type Series<T: Tail> = Counter<T>;

    fn make<T: Tail>(family: Arc<Family>, tail: T) -> Counter<T> {
        Counter { family, cold: AtomicU64::new(0), run: AtomicU32::new(0), tail }
    }
}

impl<T: Tail> Counter<T> {
    fn hot_total(&self) -> u64 {
        match self.run.load(Ordering::Relaxed) {
            0 => 0,
            run => self.family.shared.arena.total(run),
        }
    }
}

impl<T: Tail> metrics::CounterFn for Counter<T> {
    #[inline]
    fn increment(&self, value: u64) {
        let run = self.run.load(Ordering::Relaxed);
        if run != 0 {
            return self.family.shared.arena.mine().add(run, value);
        }
        let old = self.cold.fetch_add(value, Ordering::Relaxed);
        if old / HOT != old.wrapping_add(value) / HOT {
            self.family.shared.arena.promote(&self.run, 1);
        }
    }

    fn absolute(&self, value: u64) {
        // What threads count after they were read here counts as added after the set.
        self.cold.fetch_max(value.saturating_sub(self.hot_total()), Ordering::Relaxed);
    }
}

impl<T: Tail> Stored for Counter<T> {
    fn family(&self) -> &Arc<Family> {
        &self.family
    }

    fn text(&self) -> &[u8] {
        self.tail.text()
    }

    fn sample(&self) -> Sample<'_> {
        Sample::Counter(self.cold.load(Ordering::Relaxed).wrapping_add(self.hot_total()))
    }

    fn counter(self: Arc<Self>) -> metrics::Counter {
        metrics::Counter::from_arc(self)
    }
}
