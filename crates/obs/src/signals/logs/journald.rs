//! Outputs of lines to the journal of systemd.

use std::time::Duration;

use obs_export::socket::Retry;
use obs_logs::{Journald, Output};

use crate::config::LogShip;

/// An output to the journal.
///
/// # Errors
/// None; that it is not built in is one.
#[expect(clippy::unnecessary_wraps, reason = "it is as where it is not built in")]
pub(super) fn output(ship: &LogShip, patience: Duration) -> Result<Output, String> {
    let journald = Journald::new().timeout(ship.timeout).retry(Retry::new().budget(patience));
    Ok(ship.socket.iter().fold(journald, Journald::socket).into())
}
