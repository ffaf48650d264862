//! Choices of a service's life: its checks, what takes liveness away, and its end.

use std::time::Duration;

use super::Builder;

impl Builder {
    /// How long one run of a health check may take, and how long after it the next begins, for checks that choose
    /// nothing themselves; default 1 s and 10 s.
    pub fn health(mut self, timeout: Duration, interval: Duration) -> Self {
        self.config.health.timeout = timeout;
        self.config.health.interval = interval;
        self
    }

    /// How the service ends: how long it says so before it takes no more connections, and how long all of it may take,
    /// the last flush included; default 2 s and 25 s.
    pub fn drain(mut self, delay: Duration, timeout: Duration) -> Self {
        self.config.drain.delay = delay;
        self.config.drain.timeout = timeout;
        self
    }

    /// How long delivering may take at the end: of a service that is served the last part of `drain`'s time, by default a
    /// fifth of it and at most 5 s; when the [`Obs`](crate::Obs) is dropped without that, 5 s by default.
    pub fn flush_timeout(mut self, timeout: Duration) -> Self {
        self.config.flush.timeout = Some(timeout);
        self
    }

    /// For how long a worker of the service's runtime may be blocked in its tasks until the service is not alive, and after
    /// how long that is told in a line; default 60 s and 5 s, and never with zero.
    pub fn stall(mut self, stall: Duration, warning: Duration) -> Self {
        self.config.health.stall = stall;
        self.config.health.stall_warning = warning;
        self
    }

    /// How many tasks the service's runtime may have for half a minute until the service is not alive; default as many as
    /// there are.
    pub fn max_tasks(mut self, tasks: u64) -> Self {
        self.config.health.max_tasks = Some(tasks);
        self
    }
}
