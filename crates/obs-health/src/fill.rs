//! A check of what fills up: a queue, a pool of connections.

use std::fmt;

use crate::check::Check;
use crate::error::CheckError;

/// How full it may be, in percent.
const PERCENT: u8 = 90;

/// Passes while a queue, a pool or the like is not too full. It takes a closure that says how much is used, and of how much.
///
/// ```
/// use obs_health::{Fill, Importance, Settings};
///
/// # fn check(health: obs_health::Health, jobs: std::sync::Arc<std::sync::Mutex<Vec<u64>>>) -> Result<(), obs_health::RegisterError> {
/// // One that is full now and then is no trouble; one that is so for half a minute may be.
/// let patient = Settings::new().failure_threshold(3).importance(Importance::Degraded);
/// let jobs = Fill::new(move || (jobs.lock().map_or(0, |jobs| jobs.len() as u64), 1_000)).percent(80);
/// health.check_with("jobs", patient, jobs)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Fill<F> {
    read: F,
    percent: u8,
}

impl<F: Fn() -> (u64, u64) + Send + Sync + 'static> Fill<F> {
    /// Of what `read` says: how much is used, and how much there is. It must not block.
    pub const fn new(read: F) -> Self {
        Self { read, percent: PERCENT }
    }

    /// How full it may be at most; default 90. With 100 it never fails but for what is over-full.
    #[must_use]
    pub const fn percent(mut self, percent: u8) -> Self {
        self.percent = percent;
        self
    }
}

impl<F: Fn() -> (u64, u64) + Send + Sync + 'static> Check for Fill<F> {
    async fn check(&self) -> Result<(), CheckError> {
        let (used, of) = (self.read)();
        if u128::from(used) * 100 <= u128::from(of) * u128::from(self.percent) {
            return Ok(());
        }
        Err(CheckError::new(format_args!("{used} of {of} are used, and at most {} % may be", self.percent)))
    }
}

impl<F> fmt::Debug for Fill<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fill").field("percent", &self.percent).finish_non_exhaustive()
    }
}
