//! From when on a worker is stalled, and a runtime has too many tasks.

use std::time::Duration;

/// What the stall watchdog goes by; with none of the limits a runtime is not watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct StallLimits {
    pub(super) warning: Option<Duration>,
    pub(super) stall: Option<Duration>,
    pub(super) max_tasks: Option<usize>,
}

impl Default for StallLimits {
    fn default() -> Self {
        Self { warning: Some(Duration::from_secs(5)), stall: Some(Duration::from_secs(60)), max_tasks: None }
    }
}

impl StallLimits {
    /// How many looks there are until the shorter of the limits.
    const LOOKS: u32 = 10;
    const MOST_OFTEN: Duration = Duration::from_millis(5);
    const LEAST_OFTEN: Duration = Duration::from_millis(500);
    /// For how long there have to be too many tasks, look for look.
    pub(super) const TASKS_FOR: Duration = Duration::from_secs(30);

    /// The defaults: a line after 5 s, not alive after 60 s, as many tasks as there are.
    pub fn new() -> Self {
        Self::default()
    }

    /// No limit at all.
    pub const fn none() -> Self {
        Self { warning: None, stall: None, max_tasks: None }
    }

    /// After how long a worker that does not come back from its tasks is told of in a line; default 5 s. It is not told
    /// of before, and never with zero.
    pub fn warning(mut self, after: Duration) -> Self {
        self.warning = Some(after).filter(|after| !after.is_zero());
        self
    }

    /// After how long the service is not alive because of it; default 60 s, and never with zero. Restarts lose what is in
    /// flight, so it should be longer than the longest computation that stands, wrongly, in a task.
    pub fn stall(mut self, after: Duration) -> Self {
        self.stall = Some(after).filter(|after| !after.is_zero());
        self
    }

    /// How many tasks a runtime may have; where it has had more for 30 s, at each look, the service is not alive. Default as
    /// many as there are. A connection is a task or two, a request in flight may be several.
    pub fn max_tasks(mut self, tasks: usize) -> Self {
        self.max_tasks = Some(tasks);
        self
    }

    pub(super) fn is_none(self) -> bool {
        self == Self::none()
    }

    /// How often is looked.
    pub(super) fn every(self) -> Duration {
        let limits = [self.warning, self.stall].into_iter().flatten();
        let shortest = limits.min().unwrap_or(Self::LEAST_OFTEN * Self::LOOKS);
        (shortest / Self::LOOKS).clamp(Self::MOST_OFTEN, Self::LEAST_OFTEN)
    }
}
