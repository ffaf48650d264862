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

    /// Time since `earlier`. After a step of the clock backwards it is long ago.
    pub(super) fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::from(self.0.wrapping_sub(earlier.0)))
    }
}

/// When the tick began, and the lines in it.
#[derive(Debug)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    /// With so many lines in a tick that began at `start`.
    pub(super) fn new(start: Millis, lines: u32) -> Self {
        Self(AtomicU64::new(word(start, lines)))
    }

    /// Counts a line; which one of its tick it is, from 1.
    pub(super) fn count(&self, now: Millis, tick: Duration) -> u64 {
        let mut known = self.0.load(Ordering::Relaxed);
        loop {
            if now.since(start(known)) < tick {
                // Should another have begun the next tick meanwhile, the line is in that.
                let before = self.0.fetch_add(1, Ordering::Relaxed);
                return u64::from(before as u32) + 1;
            }
            let new = word(now, 1);
            match self.0.compare_exchange(known, new, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return 1,
                Err(now) => known = now,
            }
        }
    }

    /// How long ago its tick began.
    pub(super) fn age(&self, now: Millis) -> Duration {
        now.since(start(self.0.load(Ordering::Relaxed)))
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

    #[test]
    fn lines_are_numbered_within_their_tick() {
        let counter = Counter::new(Millis(5_000), 0);
        let numbers: Vec<_> =
            [5_000, 5_999, 5_500, 6_000, 6_999, 7_500].map(|now| counter.count(Millis(now), TICK)).into();
        assert_eq!(numbers, [1, 2, 3, 1, 2, 1]);
    }

    #[test]
    fn a_tick_begins_anew_when_the_clock_steps_back_and_when_it_wraps() {
        let counter = Counter::new(Millis(u32::MAX - 10), 0);
        let numbers: Vec<_> =
            [u32::MAX - 10, u32::MAX, 5, 3, 2_000, 1_000].map(|now| counter.count(Millis(now), TICK)).into();
        assert_eq!(numbers, [1, 2, 3, 4, 1, 1]);
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
        assert_eq!(counter.count(Millis(1), TICK), 20_001);
    }
}
