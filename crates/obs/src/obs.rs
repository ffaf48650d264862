//! The running installation, and the guard that ends it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use obs_core::{Base, Lifecycle, Phase, time};

use crate::admin::Listener;
use crate::config::{Admin, Config};
use crate::observers::Observers;
use crate::signals::Signals;
use crate::subscriber::Subscriber;
use crate::{Error, install};

/// A running installation. Keep it until the end of `main`: dropping it delivers what waits, within
/// [`Obs::DROP_DEADLINE`], and ends its threads.
#[must_use = "dropping it ends the installation; keep it until the end of `main`"]
pub struct Obs {
    // In the order they end: the listener first, so that nothing scrapes a base that is going.
    admin: Option<Listener>,
    pub(crate) signals: Signals,
    observers: Observers,
    pub(crate) subscriber: Subscriber,
    base: Arc<Base>,
    config: Config,
}

impl Obs {
    /// How long a drop waits for sinks that do not answer, over all signals together.
    pub const DROP_DEADLINE: Duration = Duration::from_secs(5);

    pub(crate) fn start(config: Config) -> Result<Self, Error> {
        let mut resource = config.resource.clone();
        let base_ids = obs_core::IdSource::random();
        resource.instance.get_or_insert_with(|| base_ids.request_id().to_string());
        let base = Base::new(resource);
        let signals = Signals::start(&config, &base)?;
        let admin = match config.admin {
            Admin::At(addr) => {
                Listener::start(addr, signals.endpoints()).map_err(|source| Error::Admin { addr, source })?
            }
            Admin::Off => None,
        };
        let observers = Observers::new(signals.observers());
        let subscriber = signals.subscriber();
        base.lifecycle.advance(Phase::Ready);
        Ok(Self { admin, signals, observers, subscriber, base, config })
    }

    pub(crate) fn install(&self) -> Result<(), Error> {
        install::globals(&self.signals, &self.subscriber)
    }

    /// What was chosen, the environment included.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where the admin listener is, if there is one; tells the port when 0 was asked for.
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(Listener::addr)
    }

    /// What each request is shown to, for middleware of one's own.
    pub fn observers(&self) -> &Observers {
        &self.observers
    }

    /// The parts that all signals share.
    pub fn base(&self) -> &Arc<Base> {
        &self.base
    }

    /// Which phase the service is in.
    pub fn lifecycle(&self) -> &Lifecycle {
        &self.base.lifecycle
    }

    /// Waits until what was recorded before this call has left the process, at most for `deadline`. Returns whether
    /// all of it has; what has not is not lost by this.
    pub fn flush(&self, deadline: Duration) -> bool {
        let until = time::deadline(deadline);
        self.signals.all().into_iter().fold(true, |all, signal| {
            let left = until.saturating_duration_since(Instant::now());
            signal.flush(left) && all
        })
    }
}

impl Drop for Obs {
    fn drop(&mut self) {
        self.base.lifecycle.advance(Phase::Draining);
        self.admin = None;
        self.signals.shutdown(Self::DROP_DEADLINE);
        self.base.lifecycle.advance(Phase::Stopped);
    }
}

impl fmt::Debug for Obs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Obs")
            .field("service", &self.base.resource.name)
            .field("admin", &self.admin_addr())
            .finish_non_exhaustive()
    }
}
