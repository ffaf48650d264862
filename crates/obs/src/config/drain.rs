//! How a service ends: how long it says so before it stops taking connections, and how long all of it may take.

use std::time::Duration;

/// How a service ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drain {
    /// How long the service goes on serving after it was asked to end, unready, so that load balancers hear of it;
    /// default 2 s. `OBS_DRAIN_DELAY`.
    pub delay: Duration,
    /// How long the whole end may take, from the signal to the exit, the delay and the last flush included; default
    /// 25 s, below the 30 s after which Kubernetes kills. `OBS_DRAIN_TIMEOUT`.
    pub timeout: Duration,
}

impl Default for Drain {
    fn default() -> Self {
        Self { delay: Duration::from_secs(2), timeout: Duration::from_secs(25) }
    }
}

/// How long delivering may take at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flush {
    /// Of the end of a service that is served, the last part of `drain.timeout`, in which requests are over and what was
    /// recorded is delivered; default a fifth of `drain.timeout`, at most 5 s. Of any other end, 5 s. `OBS_FLUSH_TIMEOUT`.
    pub timeout: Option<Duration>,
}
