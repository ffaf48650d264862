//! What is told of watched runtimes.

use std::fmt;
use std::time::Duration;

/// One watched runtime as of the last look.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuntimeReport {
    /// Its name, or `main`; with a number where another has that name.
    pub name: String,
    /// How many workers it has.
    pub workers: usize,
    /// How many tasks it has.
    pub tasks: usize,
    /// Workers that have not come back from their tasks for longer than the warning or the stall limit.
    pub stalled: Vec<StalledWorker>,
    /// For how long it has had more tasks than it may, and how many it may have.
    pub overfull: Option<(Duration, usize)>,
    /// How often a worker has become one of the stalled.
    pub stalls: u64,
    /// For how long the worker has not come back that has not for longest.
    pub longest: Duration,
}

/// A worker that has not come back from its tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StalledWorker {
    /// Its number, as tokio counts.
    pub worker: usize,
    /// For how long.
    pub away: Duration,
    /// Whether the service is not alive because of it.
    pub is_fatal: bool,
}

impl RuntimeReport {
    /// Why the service is not alive, where this is why.
    pub(super) fn faults(&self) -> impl Iterator<Item = String> {
        let stalled = self.stalled.iter().filter(|stalled| stalled.is_fatal).map(|stalled| {
            let StalledWorker { worker, away, .. } = stalled;
            format!("worker {worker} of runtime {} blocked for {}", self.name, Seconds(*away))
        });
        let overfull = self.overfull.filter(|(time, _)| *time >= super::StallLimits::TASKS_FOR);
        let overfull = overfull.map(|(time, most)| {
            let Self { name, tasks, .. } = self;
            format!("runtime {name} has {tasks} tasks, more than {most} for {}", Seconds(time))
        });
        stalled.chain(overfull)
    }
}

/// Seconds to a tenth, for people.
pub(super) struct Seconds(pub(super) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}s", self.0.as_secs_f64())
    }
}
