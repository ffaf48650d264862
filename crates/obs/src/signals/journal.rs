//! Journals by what was chosen for all of them.

use obs_export::journal::Settings;

use crate::config::Journal;

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
