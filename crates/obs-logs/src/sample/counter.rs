//! How many lines of one kind there were in a tick, in one word, so that no line is counted in the wrong tick.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use obs_core::Timestamp;

/// Milliseconds, modulo 2^32: 49 days, after which nobody looks back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Millis(u32);

impl Millis {
    pub(super) fn of(time: Timestamp) -> Self {
        Self((time.unix_nanos() / 1_000_000) as u32)
    }

    pub(super) fn from_word(word: u32) -> Self {
        Self(word)
    }

    pub(super) fn word(self) -> u32 {
        self.0
    }

    /// Time since `earlier`; long ago where that is later.
    pub(super) fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::from(self.0.wrapping_sub(earlier.0)))
    }

    /// Whether this is in the tick that began at `start`. A clock that was read a moment before another thread began
    /// the tick is in it; after a step backwards by more than a tick, another begins.
    pub(super) fn is_in_tick(self, start: Self, tick: Duration) -> bool {
        self.since(start) < tick || start.since(self) < tick
    }
}

/// When the tick began, and the lines in it.
#[derive(Debug)]
pub(super) struct Counter(AtomicU64);

/// Nobody finds the counter any more; a bit of the lines'.
const RETIRED: u64 = 1 << 31;

/// Lines beyond are not counted, so that threads at once do not reach the bit above.
const MOST_LINES: u32 = (1 << 31) - (1 << 16);

impl Counter {
    /// With so many lines in a tick that began at `start`.
    pub(super) fn new(start: Millis, lines: u32) -> Self {
        Self(AtomicU64::new(word(start, lines)))
    }

    /// Counts a line; which one of its tick it is, from 1. `None` where the counter is retired.
    pub(super) fn count(&self, now: Millis, tick: Duration) -> Option<u64> {
        let mut known = self.0.load(Ordering::Relaxed);
        loop {
            if known & RETIRED != 0 {
                return None;
            }
            if now.is_in_tick(start(known), tick) {
                if known as u32 >= MOST_LINES {
                    return Some(u64::from(known as u32));
                }
                // Should another have begun the next tick meanwhile, the line is in that.
                let before = self.0.fetch_add(1, Ordering::Relaxed);
                return (before & RETIRED == 0).then_some(u64::from(before as u32) + 1);
            }
            let new = word(now, 1);
            match self.0.compare_exchange(known, new, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Some(1),
                Err(now) => known = now,
            }
        }
    }

    /// Whether its tick is over.
    pub(super) fn is_over(&self, now: Millis, tick: Duration) -> bool {
        !now.is_in_tick(start(self.0.load(Ordering::Relaxed)), tick)
    }

    /// Retires it if nothing was counted in a tick that is not `idle` old by now. No line is lost: one that comes at the
    /// same time is counted before, and keeps it, or not at all.
    pub(super) fn retire(&self, now: Millis, idle: Duration) -> bool {
        let known = self.0.load(Ordering::Relaxed);
        !now.is_in_tick(start(known), idle)
            && self.0.compare_exchange(known, known | RETIRED, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

fn word(start: Millis, lines: u32) -> u64 {
    u64::from(start.0) << 32 | u64::from(lines)
}

fn start(word: u64) -> Millis {
    Millis((word >> 32) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_secs(1);

    fn numbers<const N: usize>(counter: &Counter, times: [u32; N]) -> [u64; N] {
        times.map(|now| counter.count(Millis(now), TICK).unwrap())
    }

    #[test]
    fn lines_are_numbered_within_their_tick() {
        let counter = Counter::new(Millis(5_000), 0);
        assert_eq!(numbers(&counter, [5_000, 5_999, 5_500, 6_000, 6_999, 7_500]), [1, 2, 3, 1, 2, 1]);
    }

    #[test]
    fn a_tick_begins_anew_when_the_clock_steps_back_and_not_when_it_wraps() {
        let counter = Counter::new(Millis(u32::MAX - 10), 0);
        let times = [u32::MAX - 10, u32::MAX, 5, 3, 2_000, 1_000];
        assert_eq!(numbers(&counter, times), [1, 2, 3, 4, 1, 1]);
    }

    #[test]
    fn a_line_whose_clock_was_read_just_before_the_tick_began_is_in_it() {
        let counter = Counter::new(Millis(5_000), 0);
        assert_eq!(numbers(&counter, [5_000, 4_999, 5_001, 4_500]), [1, 2, 3, 4]);
    }

    #[test]
    fn a_retired_counter_counts_nothing_and_one_in_use_is_not_retired() {
        let counter = Counter::new(Millis(5_000), 7);
        assert!(!counter.retire(Millis(9_999), 5 * TICK));
        assert_eq!(counter.count(Millis(5_001), TICK), Some(8));
        assert!(counter.retire(Millis(10_000), 5 * TICK));
        assert_eq!([5_001, 10_000, 90_000].map(|now| counter.count(Millis(now), TICK)), [None; 3]);
    }

    #[test]
    fn a_tick_without_an_end_does_not_count_beyond_its_word() {
        let counter = Counter::new(Millis(0), MOST_LINES - 1);
        assert_eq!(numbers(&counter, [0; 3]), [u64::from(MOST_LINES); 3]);
    }

    #[test]
    fn no_line_is_lost_between_threads() {
        let counter = Counter::new(Millis(0), 0);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    (0..10_000).for_each(|_| {
                        let _ = counter.count(Millis(1), TICK);
                    })
                });
            }
        });
        assert_eq!(counter.count(Millis(1), TICK), Some(20_001));
    }
}
