//! Outputs whose lines survive the process.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use obs_core::Base;
use obs_export::queue::Counts;
use obs_logs::{Logs, Output};

use crate::config::{Config, Journal, LogDestination};
use crate::signals::journal;

/// The output with a journal of its own.
///
/// # Errors
/// Why it can have none, in words.
pub(super) fn durable(output: Output, chosen: &LogDestination, journal: &Journal) -> Result<Output, String> {
    let settings = journal::settings(journal, &format!("logs_{}", chosen.name), chosen.spill)?;
    Ok(output.durable(settings))
}

/// Delivers what is in the journal of the output of this name, as long as there is patience.
///
/// # Errors
/// Why that cannot be tried.
#[cfg_attr(not(feature = "traces"), expect(dead_code, reason = "replay is there with logs and traces"))]
pub(crate) fn replay(
    config: &Config,
    name: &str,
    journal: Journal,
    base: &Arc<Base>,
    patience: Duration,
) -> Result<Counts, Box<dyn Error + Send + Sync>> {
    let chosen = config.logs.outputs.iter().find(|output| output.name == name);
    let mut chosen = chosen.ok_or_else(|| format!("there is no output `{name}` in `logs.outputs`"))?.clone();
    chosen.durable = true;
    let output = super::outputs::named(&chosen, config, &journal, &mut Vec::new());
    let output = output.map_err(|problem| problem.to_string())?;
    let (logs, mut guard) = Logs::builder(Arc::clone(base)).output(output).build()?;
    let queue = logs.queues().next().ok_or("the output has no queue")?.clone();
    // What is left then is counted below.
    let _ = queue.flush(patience);
    guard.shutdown(Duration::ZERO);
    Ok(queue.counts())
}
