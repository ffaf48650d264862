//! What a service says of itself: that it is broken, and only a restart would help.

use std::sync::{PoisonError, RwLock};

use obs_core::keys::target;

use crate::registry::Health;
use crate::text;

/// Why, as long as it is.
#[derive(Debug, Default)]
pub(crate) struct Broken(RwLock<Option<String>>);

impl Broken {
    pub(crate) fn why(&self) -> Option<String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was said before.
    fn set(&self, why: Option<String>) -> Option<String> {
        std::mem::replace(&mut *self.0.write().unwrap_or_else(PoisonError::into_inner), why)
    }
}

impl Health {
    /// Says that the service is broken in a way that only a restart mends, such as state that contradicts itself or a
    /// thread that is gone: `/healthz` answers 503 and shows `why`, until [`mended`](Self::mended), or until it drains.
    ///
    /// Not for what is broken elsewhere, which a restart does not mend: that is a [check](Self::check). Of `why` at most
    /// 256 bytes are kept, and no secrets. Said twice, the second holds.
    ///
    /// ```
    /// # let health = obs_health::Health::new(obs_core::Base::new(obs_core::Resource::new("orders")));
    /// health.broken("the index does not match its file");
    /// assert!(!health.is_alive());
    /// health.mended();
    /// assert!(health.is_alive());
    /// ```
    pub fn broken(&self, why: impl std::fmt::Display) {
        let why = text::tell(format_args!("{why}"));
        if self.0.broken.set(Some(why.clone())).as_ref() != Some(&why) {
            tracing::error!(target: target::HEALTH, error = why, "not alive: the service says it is broken");
        }
    }

    /// Takes back what was said by [`broken`](Self::broken).
    pub fn mended(&self) {
        if self.0.broken.set(None).is_some() {
            tracing::info!(target: target::HEALTH, "the service says it is mended");
        }
    }
}
