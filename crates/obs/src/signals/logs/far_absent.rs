//! No outputs of lines to other machines: they are not built in.

use obs_core::Resource;
use obs_logs::Output;

use super::outputs::Problem;
use crate::config::{LogDestination, ProxyVariables};

/// Says so.
pub(super) fn output(_: &LogDestination, _: &Resource, _: &ProxyVariables) -> Result<Output, Problem> {
    let what = "lines are sent to other machines by the feature `logs-ship`, which is not built in";
    Err(String::from(what).into())
}
