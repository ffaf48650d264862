//! The defaults of health checks, for those that choose nothing themselves.

use std::time::Duration;

/// The defaults of health checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// How long one run of a check may take; default 1 s.
    pub timeout: Duration,
    /// How long after one run the next begins; default 10 s.
    pub interval: Duration,
    /// How old a result may be before it counts as unknown; default three intervals and a time-out.
    pub stale_after: Option<Duration>,
    /// How many runs in a row have to fail until a check counts as failed; default 1.
    pub failure_threshold: u32,
    /// How many runs in a row have to pass until a check that has failed counts as passed; default 1.
    pub success_threshold: u32,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(1),
            interval: Duration::from_secs(10),
            stale_after: None,
            failure_threshold: 1,
            success_threshold: 1,
        }
    }
}
