//! The defaults of health checks, for those that choose nothing themselves, and what the stall watchdog goes by.

use std::time::Duration;

/// The defaults of health checks, and what the stall watchdog goes by.
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
    /// For how long a worker of the service's runtime may be away from its queue, in one task or a few dozen slow ones,
    /// until the service is not alive; default 60 s, never with zero.
    pub stall: Duration,
    /// After how long that is told in a line; default 5 s, never with zero.
    pub stall_warning: Duration,
    /// How many tasks the runtime may have for half a minute until the service is not alive; default as many as there are.
    pub max_tasks: Option<u64>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(1),
            interval: Duration::from_secs(10),
            stale_after: None,
            failure_threshold: 1,
            success_threshold: 1,
            stall: Duration::from_secs(60),
            stall_warning: Duration::from_secs(5),
            max_tasks: None,
        }
    }
}
