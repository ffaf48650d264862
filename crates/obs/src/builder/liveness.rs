//! Choices of what takes liveness away.

use std::time::Duration;

use super::Builder;

impl Builder {
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
