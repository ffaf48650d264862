//! Liveness: a sign of life that the service gives by itself, and no other way to declare it dead.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use obs_core::Clock;
use obs_core::time::Monotonic;

/// A sign of life, given by a loop that has to keep turning: [`beat`](Self::beat) once each turn. Where none came for
/// the greatest age, `/healthz` answers 503 and the orchestrator restarts the process.
///
/// It is all that liveness takes. A dependency that is down is no reason to be restarted, so there is no way to make
/// a [`Check`](crate::Check) part of it:
///
/// ```compile_fail,E0308
/// # let health = obs_health::Health::new(obs_core::Base::new(obs_core::Resource::new("orders")));
/// health.liveness(|| async { Ok::<(), String>(()) })?;
/// # Ok::<(), obs_health::RegisterError>(())
/// ```
///
/// ```
/// # let health = obs_health::Health::new(obs_core::Base::new(obs_core::Resource::new("orders")));
/// use std::time::Duration;
///
/// let heartbeat = obs_health::Heartbeat::new(Duration::from_secs(5));
/// health.liveness(heartbeat.clone())?;
/// heartbeat.beat(); // each time round
/// # Ok::<(), obs_health::RegisterError>(())
/// ```
///
/// Clones are the same heartbeat.
#[derive(Clone)]
pub struct Heartbeat(Arc<Inner>);

struct Inner {
    max_age: Duration,
    /// Set when it is registered: the clock, and when that was.
    origin: OnceLock<(Clock, Monotonic)>,
    /// Nanoseconds from the origin to the last beat.
    last: AtomicU64,
}

impl Heartbeat {
    /// A heartbeat that is missed once the last beat is longer ago than `max_age`. Its time begins when it is
    /// registered with [`Health::liveness`](crate::Health::liveness), which counts as a beat.
    pub fn new(max_age: Duration) -> Self {
        Self(Arc::new(Inner { max_age, origin: OnceLock::new(), last: AtomicU64::new(0) }))
    }

    /// Gives a sign of life: one reading of the clock and one atomic. Does nothing before it is registered.
    pub fn beat(&self) {
        if let Some((clock, origin)) = self.0.origin.get() {
            let now = clock.monotonic().since(*origin).as_nanos();
            // Of threads that beat at once the latest counts, whoever comes last.
            self.0.last.fetch_max(u64::try_from(now).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    /// How old a beat may be.
    pub fn max_age(&self) -> Duration {
        self.0.max_age
    }

    /// How long ago the last beat was; zero before it is registered.
    pub fn age(&self) -> Duration {
        self.0.origin.get().map_or(Duration::ZERO, |(clock, origin)| {
            let now = clock.monotonic().since(*origin);
            now.saturating_sub(Duration::from_nanos(self.0.last.load(Ordering::Relaxed)))
        })
    }

    /// Whether the last beat is too old.
    pub fn is_missed(&self) -> bool {
        self.age() > self.0.max_age
    }

    /// Begins to count.
    pub(crate) fn start(&self, clock: &Clock) {
        self.0.origin.get_or_init(|| (clock.clone(), clock.monotonic()));
    }
}

impl fmt::Debug for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heartbeat").field("max_age", &self.max_age()).field("age", &self.age()).finish()
    }
}

#[cfg(test)]
mod tests {
    use obs_core::Timestamp;

    use super::*;

    #[test]
    fn a_heartbeat_is_missed_when_the_last_beat_is_older_than_it_may_be() {
        let clock = Clock::manual(Timestamp::default());
        let heartbeat = Heartbeat::new(Duration::from_secs(5));
        clock.advance(Duration::from_secs(60));
        heartbeat.beat();
        assert!(!heartbeat.is_missed(), "its time has not begun");
        heartbeat.start(&clock);
        clock.advance(Duration::from_secs(5));
        assert!(!heartbeat.is_missed());
        clock.advance(Duration::from_nanos(1));
        assert!(heartbeat.is_missed());
        heartbeat.clone().beat();
        assert_eq!((heartbeat.age(), heartbeat.is_missed()), (Duration::ZERO, false));
        clock.advance(Duration::from_secs(6));
        heartbeat.start(&Clock::system());
        assert!(heartbeat.is_missed(), "starting again changes nothing");
    }
}
