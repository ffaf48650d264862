//! Outputs of lines to the journal of systemd.

use obs_export::socket::Retry;
use obs_logs::{Journald, Output};

use crate::config::LogShip;

/// An output to the journal.
///
/// # Errors
/// None; that it is not built in is one.
#[expect(clippy::unnecessary_wraps, reason = "it is as where it is not built in")]
pub(super) fn output(ship: &LogShip) -> Result<Output, String> {
    let journald = Journald::new().timeout(ship.timeout).retry(Retry::new().budget(ship.retry_for));
    Ok(ship.socket.iter().fold(journald, Journald::socket).into())
}
