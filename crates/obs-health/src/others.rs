//! What a service is told of its other replicas, for checks that fail open.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use obs_core::Clock;
use obs_core::time::Monotonic;

use crate::error::RegisterError;
use crate::registry::Health;

/// How many other replicas pass a check, as far as somebody knows who tells it here. Clones are the same.
///
/// Count those whose check passes, as each tells by a [group](crate::Health::group) of that check alone, and not those that
/// are ready: a replica that fails open is ready too.
#[derive(Clone)]
pub struct Others(Arc<Inner>);

struct Inner {
    max_age: Duration,
    clock: OnceLock<Clock>,
    told: Mutex<Option<(Monotonic, u32)>>,
}

impl Others {
    /// What is told is forgotten after `max_age`, and nothing is known then.
    pub fn new(max_age: Duration) -> Self {
        Self(Arc::new(Inner { max_age, clock: OnceLock::new(), told: Mutex::default() }))
    }

    /// So many others pass. Does nothing before it is registered.
    pub fn tell(&self, passing: u32) {
        if let Some(clock) = self.0.clock.get() {
            *self.0.told.lock().unwrap_or_else(PoisonError::into_inner) = Some((clock.monotonic(), passing));
        }
    }

    /// How many are known to pass; `None` where nothing is known, or not any more.
    pub fn passing(&self) -> Option<u32> {
        let clock = self.0.clock.get()?;
        let (at, passing) = (*self.0.told.lock().unwrap_or_else(PoisonError::into_inner))?;
        (clock.monotonic().since(at) <= self.0.max_age).then_some(passing)
    }
}

impl fmt::Debug for Others {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Others").field("passing", &self.passing()).finish_non_exhaustive()
    }
}

impl Health {
    /// Has a check that [fails open](crate::Settings::fail_open) know of the other replicas: while at least one of them is known
    /// to pass it, its failure takes this one out of traffic.
    ///
    /// ```
    /// # let health = obs_health::Health::new(obs_core::Base::new(obs_core::Resource::new("orders")));
    /// use std::time::Duration;
    ///
    /// use obs_health::{Others, Settings};
    ///
    /// health.check_with("postgres", Settings::new().fail_open(), || async { Ok::<(), String>(()) })?;
    /// let others = Others::new(Duration::from_secs(30));
    /// health.others("postgres", others.clone())?;
    /// others.tell(2); // by a task that asks them, every few seconds
    /// # Ok::<(), obs_health::RegisterError>(())
    /// ```
    ///
    /// # Errors
    /// No check of this name that fails open.
    pub fn others(&self, check: &str, others: Others) -> Result<(), RegisterError> {
        let checks = self.0.checks();
        let entry = checks.iter().find(|entry| entry.name == check && entry.settings.fails_open);
        let Some(entry) = entry else { return Err(RegisterError::NotOpen(check.chars().take(64).collect())) };
        others.0.clock.get_or_init(|| self.0.base.clock.clone());
        entry.know(others);
        Ok(())
    }
}
