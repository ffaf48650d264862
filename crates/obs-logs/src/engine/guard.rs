//! The guard that owns the outputs' threads.

use std::thread;
use std::time::{Duration, Instant};

use obs_core::time;
use obs_export::queue::{FlushTimeout, Worker};

use super::Logs;

/// Owns the threads that write. Dropping it ends all outputs within [`Worker::DROP_DEADLINE`]; what is written
/// afterwards is counted as dropped.
#[derive(Debug)]
#[must_use = "dropping the guard ends all outputs"]
pub struct LogsGuard {
    workers: Vec<Worker>,
    logs: Logs,
}

impl LogsGuard {
    pub(super) fn new(workers: Vec<Worker>, logs: Logs) -> Self {
        Self { workers, logs }
    }

    /// Waits until every line written before this call is delivered or dropped.
    ///
    /// # Errors
    /// [`FlushTimeout`] with all that is still pending when `deadline` passes first; nothing is lost by it.
    pub fn flush(&self, deadline: Duration) -> Result<(), FlushTimeout> {
        let until = time::deadline(deadline);
        let late =
            |worker: &Worker| worker.queue().flush(until.saturating_duration_since(Instant::now())).err();
        let pending = self.workers.iter().filter_map(late).map(|timeout| timeout.pending).sum();
        if pending == 0 { Ok(()) } else { Err(FlushTimeout { pending }) }
    }

    /// Ends all outputs at once: delivers what waits until `deadline`, drops and counts the rest. An output that
    /// hangs takes no time from another. Further calls do nothing.
    pub fn shutdown(&mut self, deadline: Duration) {
        self.logs.0.upkeep.stop();
        self.logs.catch_up_last();
        let mut workers: Vec<_> = self.workers.drain(..).collect();
        let Some(mut last) = workers.pop() else { return };
        let until = time::deadline(deadline);
        thread::scope(|scope| {
            for mut worker in workers {
                // Where there is no thread to be had, the closure is dropped, and the worker ends by its own drop.
                let _ = thread::Builder::new().spawn_scoped(scope, move || worker.shutdown(deadline));
            }
            last.shutdown(until.saturating_duration_since(Instant::now()));
        });
    }
}

impl Drop for LogsGuard {
    fn drop(&mut self) {
        self.shutdown(Worker::DROP_DEADLINE);
    }
}
