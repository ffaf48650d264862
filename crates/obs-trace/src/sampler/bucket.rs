//! A token bucket without a lock: how many sampled callers are believed.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use obs_core::Clock;
use obs_core::time::Monotonic;

const SECOND: u64 = 1_000_000_000;

/// Holds one second's tokens and refills evenly. Kept as the one number of the generic cell rate algorithm (ITU-T
/// I.371): the time at which the bucket would be full again.
#[derive(Debug)]
pub(super) struct Bucket {
    /// The first look at the clock; what `full_at` counts from.
    begun: OnceLock<Monotonic>,
    full_at: AtomicU64,
    /// Nanoseconds per token; zero gives none at all.
    interval: u64,
}

impl Bucket {
    pub(super) const fn new(per_second: u32) -> Self {
        let interval = if per_second == 0 { 0 } else { SECOND / per_second as u64 };
        Self { begun: OnceLock::new(), full_at: AtomicU64::new(0), interval }
    }

    pub(super) fn take(&self, clock: &Clock) -> bool {
        if self.interval == 0 {
            return false;
        }
        let now = clock.monotonic();
        let now = now.since(*self.begun.get_or_init(|| now)).as_nanos() as u64;
        let empty_beyond = SECOND - self.interval;
        // Relaxed: the number stands for nothing but itself.
        self.full_at
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
                let full_at = full_at.max(now);
                (full_at - now <= empty_beyond).then(|| full_at + self.interval)
            })
            .is_ok()
    }
}
