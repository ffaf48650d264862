//! No outputs of lines to syslog: they are not built in.

use std::time::Duration;

use obs_logs::Output;

use crate::config::LogShip;

/// Says so.
pub(super) fn output(_: &LogShip, _: Duration) -> Result<Output, String> {
    Err(String::from("lines are sent to syslog by the feature `logs-syslog`, which is not built in"))
}
