//! Nothing of tasks: tokio tells it to programs alone that were built for it.

use super::Refusal;

/// Knows no runtime.
#[derive(Debug, Default)]
pub(super) struct Tasks;

impl Tasks {
    pub(super) fn meet_runtime(&self) {}

    pub(super) fn dump(&self) -> Result<String, Refusal> {
        Err(Refusal::Absent(
            "dumps of tasks need the feature `profiling-tasks` and a program built with `--cfg tokio_unstable`, on Linux: see docs/profiling.md",
        ))
    }
}
