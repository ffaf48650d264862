//! Spans that survive the process.

use std::time::Duration;

use obs_export::http::Retry;
use obs_export::journal;
use obs_trace::otlp::Settings;

use super::Teller;
use crate::config::{Journal, Traces};
use crate::signals::journal::settings as journal_of;

fn chosen(choices: &Traces, journal: &Journal) -> Result<journal::Settings, String> {
    journal_of(journal, obs_trace::otlp::PIPELINE, choices.spill)
}

/// Why spans cannot be kept, where they are to be.
pub(super) fn problem(choices: &Traces, journal: &Journal) -> Option<String> {
    chosen(choices, journal).err().filter(|_| choices.durable)
}

/// The same settings, with a journal where one was chosen.
pub(super) fn durable(settings: Settings, choices: &Traces, journal: &Journal) -> Result<Settings, String> {
    if !choices.durable {
        return Ok(settings);
    }
    let mut trouble = Teller::new("");
    let journal = chosen(choices, journal)?;
    // What survives the process is not given up while it runs, unless that was chosen.
    let patience = choices.retry_for.unwrap_or(Duration::MAX);
    let settings = settings.retry(Retry::new().budget(patience).access());
    Ok(settings
        .durable(journal, move |error| trouble.tell("have trouble", error, "obs_pipeline_dropped_total")))
}
