//! Without the feature `journal` no spans survive the process.

use obs_trace::otlp::Settings;

use crate::config::{Journal, Traces};

/// Why spans cannot be kept, where they are to be.
pub(super) fn problem(choices: &Traces, _: &Journal) -> Option<String> {
    let absent = "it is not built in: it needs the feature `journal`, on Unix";
    choices.durable.then(|| String::from(absent))
}

/// The same settings.
pub(super) fn durable(settings: Settings, choices: &Traces, journal: &Journal) -> Result<Settings, String> {
    problem(choices, journal).map_or(Ok(settings), Err)
}
