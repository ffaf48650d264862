//! Which closed files are kept, by how many they are, how old and how large.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::names::{GZ, Kind, Names, Stamp, TEMP, with};

/// How long ago a place was kept that nobody will take any more. Whoever keeps one takes it at once, so that only a
/// process that stands still for so long in between, or whose disk has a clock so far behind, could find it gone.
const PLACE_IS_LEFT: Duration = Duration::from_secs(60);

/// What is kept; 0 is no limit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Retention {
    /// How many files, with the current one.
    pub(crate) files: usize,
    /// How long after they were closed.
    pub(crate) age: Duration,
    /// How many bytes the closed ones have together.
    pub(crate) bytes: u64,
}

/// One file that was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Closed {
    pub(crate) stamp: Stamp,
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) is_compressed: bool,
}

/// The closed files of an output, the oldest first. A file that is there twice, since a process ended between making
/// the compressed one and removing the other, is there once from then on.
pub(crate) fn closed(names: &Names) -> io::Result<Vec<Closed>> {
    let mut all: Vec<Closed> = Vec::new();
    for entry in fs::read_dir(&names.directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some((stamp, kind)) = name.to_str().and_then(|name| names.read(name)) else { continue };
        // Not of what links lead to.
        let Some(metadata) = entry.metadata().ok().filter(fs::Metadata::is_file) else { continue };
        // An empty one keeps a place for a moment.
        if metadata.len() > 0 && kind != Kind::Temporary {
            let is_compressed = kind == Kind::Compressed;
            all.push(Closed { stamp, path: entry.path(), bytes: metadata.len(), is_compressed });
        }
    }
    all.sort_by_key(|file| (file.stamp, file.is_compressed));
    let mut error = Ok(());
    let mut once: Vec<Closed> = Vec::with_capacity(all.len());
    for file in all {
        match once.last() {
            Some(last) if last.stamp == file.stamp => {
                error = error.and(remove(&last.path));
                once.pop();
                once.push(file);
            }
            _ => once.push(file),
        }
    }
    error.map(|()| once)
}

/// Removes what a process left behind that was ended: places that were kept for a minute and longer, and halves of
/// compressed files, unless another process is at them. A place that is younger may be one that another process moves
/// its file to in this moment, which would be removed in its stead; it is removed at a later start.
pub(crate) fn clean(names: &Names) -> io::Result<()> {
    for entry in fs::read_dir(&names.directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some((stamp, kind)) = name.to_str().and_then(|name| names.read(name)) else { continue };
        let Some(metadata) = entry.metadata().ok().filter(fs::Metadata::is_file) else { continue };
        let is_left = match kind {
            Kind::Plain => metadata.len() == 0 && is_left_for(&metadata, PLACE_IS_LEFT),
            Kind::Compressed => false,
            Kind::Temporary => !is_held(&names.closed(stamp)),
        };
        if is_left {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// Whether nothing was done with it for so long. One from the future, or without a time, is young.
fn is_left_for(metadata: &fs::Metadata, age: Duration) -> bool {
    let modified = metadata.modified().ok().and_then(|time| SystemTime::now().duration_since(time).ok());
    modified.is_some_and(|since| since >= age)
}

/// Whether another process compresses this file now.
fn is_held(path: &Path) -> bool {
    fs::File::open(path).is_ok_and(|file| matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)))
}

impl Retention {
    /// Whether there is any limit.
    pub(crate) fn is_any(self) -> bool {
        self.files > 0 || !self.age.is_zero() || self.bytes > 0
    }

    /// Those of the files that are not kept at `now`; they come with the oldest first.
    pub(crate) fn surplus(self, files: &[Closed], now: Stamp) -> usize {
        let by_count = if self.files == 0 { 0 } else { (files.len() + 1).saturating_sub(self.files) };
        let oldest = u64::try_from(self.age.as_micros()).unwrap_or(u64::MAX);
        let is_old = |file: &&Closed| oldest > 0 && now.0.saturating_sub(file.stamp.0) > oldest;
        let by_age = files.iter().take_while(is_old).count();
        let mut room = if self.bytes == 0 { u64::MAX } else { self.bytes };
        let fits = |file: &&Closed| {
            let left = room.checked_sub(file.bytes);
            room = left.unwrap_or(0);
            left.is_some()
        };
        let by_bytes = files.len() - files.iter().rev().take_while(fits).count();
        by_count.max(by_age).max(by_bytes).min(files.len())
    }

    /// Removes what is not kept, and returns the others. All are tried; the first error is told.
    pub(crate) fn prune(self, mut files: Vec<Closed>, now: Stamp) -> (Vec<Closed>, io::Result<()>) {
        let kept = files.split_off(self.surplus(&files, now));
        let results = files.into_iter().map(|file| remove(&file.path));
        (kept, results.fold(Ok(()), io::Result::and))
    }
}

/// Removes a file that may be gone already, and what is left of its being compressed.
fn remove(path: &Path) -> io::Result<()> {
    if path.extension().is_none_or(|ending| format!(".{}", ending.display()) != GZ) {
        let _ = fs::remove_file(with(path, TEMP));
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(io::Error::new(error.kind(), format!("{}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(bytes: &[u64]) -> Vec<Closed> {
        let file = |(second, bytes): (u64, &u64)| Closed {
            stamp: Stamp(second * 1_000_000),
            path: PathBuf::new(),
            bytes: *bytes,
            is_compressed: false,
        };
        (0..).zip(bytes).map(file).collect()
    }

    #[track_caller]
    fn check(retention: Retention, expected: usize) {
        assert_eq!(retention.surplus(&files(&[5, 5, 5, 5]), Stamp(10_000_000)), expected);
    }

    #[test]
    fn the_narrowest_limit_decides() {
        let age = |seconds| Retention { age: Duration::from_secs(seconds), ..Retention::default() };
        let count = |files| Retention { files, ..Retention::default() };
        let bytes = |bytes| Retention { bytes, ..Retention::default() };
        check(Retention::default(), 0);
        check(count(5), 0);
        check(count(3), 2);
        check(count(1), 4);
        check(bytes(20), 0);
        check(bytes(19), 1);
        check(bytes(9), 3);
        check(bytes(4), 4);
        check(age(10), 0);
        check(age(9), 1);
        check(age(7), 3);
        check(age(1), 4);
        check(Retention { files: 4, age: Duration::from_secs(8), bytes: 100 }, 2);
    }

    #[test]
    fn files_from_the_future_are_young() {
        let young = Retention { age: Duration::from_secs(1), ..Retention::default() };
        assert_eq!(young.surplus(&files(&[1, 1]), Stamp(0)), 0);
    }
}
