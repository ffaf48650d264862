//! A token bucket without a lock: how many traces a second are recorded, or sampled callers believed.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use obs_core::Clock;
use obs_core::time::Monotonic;

const SECOND: u64 = 1_000_000_000;
/// In the place of nanoseconds for each token: as many as are asked for.
const UNLIMITED: u64 = u64::MAX;
const NONE: u64 = 0;

/// Refills evenly. Kept as the one number of the generic cell rate algorithm (ITU-T I.371): the time at which the bucket
/// would be full again.
#[derive(Debug)]
pub(super) struct Bucket {
    /// The first look at the clock; what `full_at` counts from.
    begun: OnceLock<Monotonic>,
    full_at: AtomicU64,
    /// Nanoseconds per token.
    interval: AtomicU64,
    /// What it holds, as the time in which that is refilled; one token at least.
    holds: u64,
}

impl Bucket {
    /// Holds one second's tokens.
    pub(super) const fn of_a_second(per_second: u32) -> Self {
        Self::new(interval(Some(per_second)), SECOND)
    }

    /// Holds no more than a tenth of a second's tokens, so that what it gives is spread over each second; without a
    /// number as many as are asked for.
    pub(super) const fn even(per_second: Option<u32>) -> Self {
        Self::new(interval(per_second), SECOND / 10)
    }

    const fn new(interval: u64, holds: u64) -> Self {
        Self { begun: OnceLock::new(), full_at: AtomicU64::new(0), interval: AtomicU64::new(interval), holds }
    }

    /// Changes the number while others take.
    pub(super) fn set(&self, per_second: Option<u32>) {
        self.interval.store(interval(per_second), Ordering::Relaxed);
    }

    /// Whether this number lets more through than the one in force.
    pub(super) fn is_loosened_by(&self, per_second: Option<u32>) -> bool {
        // As tokens come: never, each so many nanoseconds, always.
        let order = |interval| match interval {
            UNLIMITED => (2, 0),
            NONE => (0, 0),
            interval => (1, UNLIMITED - interval),
        };
        order(interval(per_second)) > order(self.interval.load(Ordering::Relaxed))
    }

    #[inline]
    pub(super) fn take(&self, clock: &Clock) -> bool {
        // Relaxed here and below: each number stands for nothing but itself.
        match self.interval.load(Ordering::Relaxed) {
            UNLIMITED => true,
            NONE => false,
            interval => self.take_of(interval, clock),
        }
    }

    fn take_of(&self, interval: u64, clock: &Clock) -> bool {
        let now = clock.monotonic();
        let now = now.since(*self.begun.get_or_init(|| now)).as_nanos() as u64;
        let empty_beyond = self.holds.saturating_sub(interval);
        self.full_at
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
                let full_at = full_at.max(now);
                (full_at - now <= empty_beyond).then(|| full_at + interval)
            })
            .is_ok()
    }
}

const fn interval(per_second: Option<u32>) -> u64 {
    match per_second {
        None => UNLIMITED,
        Some(0) => NONE,
        Some(per_second) => match SECOND / per_second as u64 {
            // More than one each nanosecond.
            0 => 1,
            interval => interval,
        },
    }
}
