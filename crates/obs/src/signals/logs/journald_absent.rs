//! No outputs of lines to the journal: they are not built in, or this is not Linux.

use std::time::Duration;

use obs_logs::Output;

use crate::config::LogShip;

/// Says so.
pub(super) fn output(_: &LogShip, _: Duration) -> Result<Output, String> {
    Err(String::from(
        "lines are sent to the journal by the feature `logs-journald`, on Linux, which is not built in",
    ))
}
