//! No outputs of lines to other machines: they are not built in.

use obs_core::Resource;
use obs_logs::{Logs, Output};

use super::outputs::Problem;
use crate::config::{LogDestination, Logs as Choices, ProxyVariables};
use crate::remotes::Watched;

/// Says so.
pub(super) fn output(_: &LogDestination, _: &Resource, _: &ProxyVariables) -> Result<Output, Problem> {
    let what = "lines are sent to other machines by the feature `logs-ship`, which is not built in";
    Err(String::from(what).into())
}

/// There are none.
pub(super) fn watched(_: &Logs, _: &Choices) -> Vec<Watched> {
    Vec::new()
}
