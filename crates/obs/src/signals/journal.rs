//! Journals by what was chosen for all of them.

use std::io::Write;
use std::path::Path;

use obs_export::journal::{Recovered, Settings};

use crate::config::{Config, Journal};

/// Segments are as long as lets four of them be there, within what a journal takes.
const SEGMENTS: u64 = 4;
const LONGEST_SEGMENT: u64 = 8 * 1024 * 1024;

/// The journal of one way out, in a directory of its name.
///
/// # Errors
/// That no directory was chosen.
pub(crate) fn settings(chosen: &Journal, name: &str, most: Option<u64>) -> Result<Settings, String> {
    let directory = chosen.directory.as_ref();
    let directory = directory.ok_or("it is `durable`, and no `journal.directory` is chosen")?;
    let most = most.unwrap_or(chosen.max);
    let segment = (most / SEGMENTS).clamp(Settings::MIN_SEGMENT_BYTES, LONGEST_SEGMENT);
    Ok(Settings::new(directory.join(name)).max_bytes(most).segment_bytes(segment))
}

/// Says on standard error which journals hold records that nobody delivers: an output was renamed, or is `durable` no
/// more.
pub(crate) fn tell_of_forgotten(config: &Config) {
    let Some(directory) = &config.journal.directory else { return };
    let outputs = config.logs.outputs.iter().filter(|output| output.durable);
    let mut known: Vec<_> = outputs.map(|output| format!("logs_{}", output.name)).collect();
    if config.traces.durable {
        known.push(String::from("traces_otlp"));
    }
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_str().filter(|name| name.starts_with("logs_") || *name == "traces_otlp");
        if name.is_none_or(|name| known.iter().any(|known| known == name)) || !is_one(&entry.path()) {
            continue;
        }
        // One that another process has is that one's own; what cannot be read, whoever replays it is told.
        let Ok(found) = Recovered::look_at(&entry.path()) else { continue };
        if found.records > 0 {
            let text = format!(
                "obs: {} holds {} records of an output that is not there, or not `durable`; `obs replay` delivers them by a \
                 configuration that has it\n",
                entry.path().display(),
                found.records
            );
            // Where standard error is closed there is nobody left to tell.
            let _ = std::io::stderr().write_all(text.as_bytes());
        }
    }
}

/// Whether a directory is a journal: what every one has since it was first opened.
pub(crate) fn is_one(directory: &Path) -> bool {
    ["lock", "cursor"].iter().all(|name| directory.join(name).is_file())
}
