//! How serving ended, as `main` can return it.

use std::process::{ExitCode, Termination};
use std::time::Duration;

/// How serving ended, and how long each phase took. Returned from `main` it is the exit code: 0 when every request
/// was finished, 1 otherwise.
#[derive(Debug)]
#[must_use = "return it from `main`, so that the exit code says how it ended"]
pub struct Ended {
    pub(super) how: How,
    pub(super) timings: Timings,
    pub(super) delivered: bool,
    pub(super) served: bool,
}

/// How serving ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum How {
    /// Every request that had begun was finished.
    Drained,
    /// The time was over with requests unfinished; they ended as cancelled.
    Cut {
        /// How many.
        requests: usize,
    },
    /// Nothing was served, as signals could not be listened for; or a server of somebody's own has failed.
    Failed(std::io::Error),
}

/// How long each phase took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timings {
    /// From the first connection that could be made until the end was asked for.
    pub ready: Duration,
    /// Unready, but still taking connections.
    pub draining: Duration,
    /// Taking none, finishing what had begun.
    pub finishing: Duration,
    /// Delivering what was recorded.
    pub flushing: Duration,
}

impl Ended {
    /// How it ended.
    pub fn how(&self) -> &How {
        &self.how
    }

    /// Whether no request was lost.
    pub fn is_drained(&self) -> bool {
        matches!(self.how, How::Drained)
    }

    /// Whether everything that was recorded left the process in time. What did not is no failure of the service, and
    /// does not change the exit code.
    pub fn is_delivered(&self) -> bool {
        self.delivered
    }

    /// How long each phase took.
    pub fn timings(&self) -> Timings {
        self.timings
    }

    pub(super) fn failed(error: std::io::Error) -> Self {
        Self { how: How::Failed(error), timings: Timings::default(), delivered: true, served: false }
    }
}

impl Termination for Ended {
    fn report(self) -> ExitCode {
        if let How::Failed(error) = &self.how {
            // As `main` does with an error it returns; nobody else is left to tell.
            use std::io::Write;
            let what = if self.served { "the server has failed" } else { "nothing was served" };
            let _ = writeln!(std::io::stderr(), "Error: {what}: {error}");
        }
        if self.is_drained() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
