//! No outputs but those of this process: no others are built in.

use obs_logs::Logs;

use crate::config::{LogDestination, Logs as Choices};
use crate::remotes::Watched;

/// What is not built in is told by whoever would be it.
pub(super) fn fits(_: &LogDestination) -> Result<(), String> {
    Ok(())
}

/// There are none.
pub(super) fn watched(_: &Logs, _: &Choices) -> Vec<Watched> {
    Vec::new()
}
