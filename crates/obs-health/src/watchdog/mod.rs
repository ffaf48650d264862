//! The stall watchdog: tokio runtimes, looked at from a thread of its own, so that a worker that never comes back from a
//! task, a deadlock among workers, and a leak of tasks are found by somebody who is not part of it.
//!
//! Tokio tells of each worker how often it went to sleep and woke, and for how long it was busy, and writes both down
//! whenever the worker comes back from its tasks. A worker that is awake and of which neither number moves has not come
//! back: it is in one task, or in a few dozen slow ones. One that sleeps may do so for ever, and one that is busy moves.

mod api;
mod limits;
mod pace;
mod report;
mod runtime;
mod teller;
#[cfg(test)]
mod tests;
mod watch;
mod worker;

pub use limits::StallLimits;
pub use report::{RuntimeReport, StalledWorker};

pub(crate) use watch::Watchdog;

/// The most runtimes that are watched.
pub const MAX_RUNTIMES: usize = 64;
