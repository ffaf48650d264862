//! The outputs that are no part of this process, as they are watched.

use std::sync::Arc;

use obs_export::watch::Remote;
use obs_logs::Logs;

use crate::config::{LogDestination, LogShip, Logs as Choices};
use crate::remotes::{Watched, unfit};

/// Whether an output can be watched as was chosen.
///
/// # Errors
/// Why it cannot have the check it is to have.
pub(super) fn fits(chosen: &LogDestination) -> Result<(), String> {
    let why = unfit(&format!("logs_{}", chosen.name)).filter(|_| chosen.ship.health);
    why.map_or(Ok(()), Err)
}

/// Those that are running.
pub(super) fn watched(logs: &Logs, choices: &Choices) -> Vec<Watched> {
    let watched = |remote: &Arc<Remote>| {
        let name = remote.pipeline().strip_prefix("logs_")?;
        let chosen = choices.outputs.iter().find(|output| output.name == name)?;
        let LogShip { probe, health, .. } = chosen.ship;
        Some(Watched { shown: format!("log output {name}"), remote: Arc::clone(remote), probe, health })
    };
    logs.remotes().filter_map(watched).collect()
}
