//! A program with a journal, ended by SIGKILL at any moment: while it writes, rotates, compresses, recovers or shuts down.
//! How many of its calls had returned is read from memory that outlives it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use super::Scene;
use super::lines;
use super::writer::Writer;
use crate::Result;
use crate::ids::Ids;

/// How often it is killed.
const ROUNDS: u64 = 100;

/// Where it is killed, in turn.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// While it writes and rotates.
    Writing,
    /// While it comes up with what was left.
    Recovering,
    /// While it ends by itself.
    Ending,
}

impl Moment {
    const ALL: [Self; 4] = [Self::Writing, Self::Ending, Self::Recovering, Self::Writing];
}

pub(super) fn nothing_is_lost(scene: &Scene<'_>) -> Result<String> {
    let folder = scene.folder("durable")?;
    let (path, journal) = (folder.join("lines.log"), scene.folder("durable-journal")?);
    // In memory, where there is such a file system: it is written once for each line.
    let shared = Path::new("/dev/shm");
    let name = format!("obs-e2e-{}-returned", std::process::id());
    let returned = Gone(if shared.is_dir() { shared } else { &folder }.join(name));
    let mut ids = Ids::new();
    let (mut expected, mut may_be) = (BTreeSet::new(), BTreeSet::new());
    let mut start = 0;
    for round in 0..ROUNDS {
        let arguments = arguments(start, &journal, &returned.0);
        let mut writer = Writer::start(scene, &path, &arguments.each_ref().map(String::as_str))?;
        let moment = Moment::ALL[(round % 4) as usize];
        match moment {
            Moment::Writing => {
                writer.tell("go")?;
                writer.answer().ok_or("the writer ended by itself")?;
                sleep(Duration::from_micros(ids.number() % 20_000));
            }
            Moment::Recovering => sleep(Duration::from_micros(ids.number() % 8_000)),
            Moment::Ending => {
                writer.tell("some")?;
                writer.answer().ok_or("the writer ended by itself")?;
                writer.close();
                sleep(Duration::from_micros(ids.number() % 10_000));
            }
        }
        writer.kill()?;
        let next = read(&returned.0, start)?;
        expected.extend(start..next);
        // The call that had not returned.
        may_be.insert(next);
        start = next + 1;
    }
    // What is left is delivered by a last one.
    let last = arguments(start, &journal, &returned.0);
    let mut writer = Writer::start(scene, &path, &last.each_ref().map(String::as_str))?;
    let books = writer.write(1)?;
    writer.end()?;
    expected.insert(start);
    if books.dropped > 0 {
        return Err(format!("{books:?}"));
    }
    let files = lines::files(&folder, "lines.log")?;
    let read = lines::read(&files, false)?;
    judge(&read.numbers, &expected, &may_be)?;
    Ok(format!("killed {ROUNDS} times: {} lines, 0 lost, 0 twice, in {} files", expected.len(), read.files))
}

fn arguments(start: u64, journal: &Path, returned: &Path) -> [String; 5] {
    [
        format!("start={start}"),
        String::from("max_bytes=20000"),
        String::from("gzip"),
        format!("durable={}", journal.display()),
        format!("returned={}", returned.display()),
    ]
}

/// The number of the first line whose call has not returned.
fn read(path: &Path, before: u64) -> Result<u64> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(bytes.first_chunk().map_or(before, |bytes| u64::from_le_bytes(*bytes)).max(before)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(before),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

fn judge(found: &[u64], expected: &BTreeSet<u64>, may_be: &BTreeSet<u64>) -> Result {
    if let Some(pair) = found.windows(2).find(|pair| pair[0] >= pair[1]) {
        let what = if pair[0] == pair[1] { "comes twice" } else { "stands behind a later one" };
        return Err(format!("line {} {what}", pair[1]));
    }
    let all: BTreeSet<u64> = found.iter().copied().collect();
    if let Some(missing) = expected.difference(&all).next() {
        let missing_all = expected.difference(&all).count();
        return Err(format!("line {missing} was said and is missing, and {} more", missing_all - 1));
    }
    match all.iter().find(|number| !expected.contains(number) && !may_be.contains(number)) {
        Some(number) => Err(format!("line {number} was never said")),
        None => Ok(()),
    }
}

/// A file that is removed.
struct Gone(PathBuf);

impl Drop for Gone {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_twice_out_of_order_or_unheard_of_is_found() {
        let (expected, may_be) = (BTreeSet::from([0, 1, 3]), BTreeSet::from([2, 4]));
        assert_eq!(judge(&[0, 1, 3], &expected, &may_be), Ok(()));
        assert_eq!(judge(&[0, 1, 2, 3], &expected, &may_be), Ok(()));
        for wrong in [&[0, 3][..], &[0, 1, 1, 3], &[1, 0, 3], &[0, 1, 3, 5]] {
            assert!(judge(wrong, &expected, &may_be).is_err(), "{wrong:?}");
        }
    }
}
