//! What a registry offers of its watchdog.

use tokio::runtime::Handle;

use super::MAX_RUNTIMES;
use super::limits::StallLimits;
use super::report::RuntimeReport;
use crate::error::RegisterError;
use crate::registry::Health;

impl Health {
    /// Sets what the stall watchdog goes by, for runtimes named to [`watch_runtime`](Self::watch_runtime) after this.
    pub fn stall_limits(&self, limits: StallLimits) {
        self.0.watchdog.set_limits(limits);
    }

    /// Has a runtime watched for workers that do not come back from their tasks, and for too many tasks: see
    /// [`StallLimits`]. Does nothing where it is watched already, or there is no limit.
    ///
    /// A runtime that has ended is forgotten. One of the kind `current_thread` has to be driven all the time, as by the
    /// `block_on` of `main`: between two calls of `block_on` it looks as if it were blocked.
    ///
    /// ```
    /// # let health = obs_health::Health::new(obs_core::Base::new(obs_core::Resource::new("orders")));
    /// use std::time::Duration;
    ///
    /// use obs_health::StallLimits;
    ///
    /// # let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
    /// health.stall_limits(StallLimits::new().stall(Duration::from_secs(120)));
    /// health.watch_runtime(runtime.handle())?;
    /// assert!(health.is_alive());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A registry that watches as many runtimes as it may ([`MAX_RUNTIMES`]) or has been shut down; no thread to be had.
    pub fn watch_runtime(&self, runtime: &Handle) -> Result<(), RegisterError> {
        if self.0.has_ended() {
            return Err(RegisterError::ShutDown);
        }
        if !self.0.watchdog.add(runtime) {
            return Err(RegisterError::TooMany { what: "runtimes", most: MAX_RUNTIMES });
        }
        self.0.watchdog.run().map_err(|error| RegisterError::Thread(error.kind()))
    }

    /// Each watched runtime, as of the last look.
    pub fn runtimes(&self) -> Vec<RuntimeReport> {
        self.0.watchdog.reports()
    }
}
