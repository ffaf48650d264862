//! Outputs whose lines survive the process.

use obs_logs::Output;

use crate::config::{Journal, LogDestination};
use crate::signals::journal;

/// The output with a journal of its own.
///
/// # Errors
/// Why it can have none, in words.
pub(super) fn durable(output: Output, chosen: &LogDestination, journal: &Journal) -> Result<Output, String> {
    let settings = journal::settings(journal, &format!("logs_{}", chosen.name), chosen.spill)?;
    Ok(output.durable(settings))
}
