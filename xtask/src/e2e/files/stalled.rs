//! Standard output into a pipe that nobody reads.

use super::Scene;
use super::lines;
use super::writer::Writer;
use crate::Result;

/// Far more than a pipe and the queue in front of it hold.
const LINES: u64 = 100_000;

pub(super) fn pipe(scene: &Scene<'_>) -> Result<String> {
    let folder = scene.folder("stalled")?;
    let path = folder.join("lines.log");
    let mut writer = Writer::start(scene, &path, &["stdout"])?;
    let mut written = 0;
    while written < LINES {
        written = writer.write(10_000)?.next;
    }
    let (counted, read) = (lines::wc(&path)?, lines::read(&[path], false)?);
    lines::all_up_to(&read, LINES)?;
    writer.kill()?;
    if counted == LINES {
        Ok(format!("{counted} lines in the file"))
    } else {
        Err(format!("wc counts {counted}"))
    }
}
