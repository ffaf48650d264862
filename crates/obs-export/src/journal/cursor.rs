//! How far a journal has been delivered: a small file with two copies, of which one is always whole.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::Error;
use super::format::{HEAD, Sealed, seal, unseal};

const MAGIC: [u8; 8] = *b"OBSCURS\0";
/// Where the two copies are.
const SLOTS: [u64; 2] = [0, 2048];
const BYTES: usize = 4096;

/// What is settled: everything up to a sequence, and perhaps a range behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// The last sequence in front of which nothing is to be delivered any more.
    pub(super) settled: u64,
    /// Records from the first to the second that were dropped while earlier ones were on their way.
    pub(super) hole: Option<(u64, u64)>,
}

impl Mark {
    /// Whether this record is still to be delivered.
    pub(super) fn is_live(&self, sequence: u64) -> bool {
        sequence > self.settled && self.hole.is_none_or(|(from, to)| sequence < from || to < sequence)
    }

    /// How many of the records from `from` to the one before `to` are still to be delivered.
    pub(super) fn live_between(&self, from: u64, to: u64) -> u64 {
        let from = from.max(self.settled.saturating_add(1));
        let hole = self
            .hole
            .map_or(0, |(first, last)| last.saturating_add(1).min(to).saturating_sub(first.max(from)));
        to.saturating_sub(from).saturating_sub(hole)
    }

    /// Settles everything up to a sequence; a hole that this reaches is settled with it.
    pub(super) fn settle(&mut self, sequence: u64) {
        self.settled = self.settled.max(sequence);
        if let Some((from, to)) = self.hole
            && self.settled.saturating_add(1) >= from
        {
            self.settled = self.settled.max(to);
            self.hole = None;
        }
    }
}

/// The file.
#[derive(Debug)]
pub(super) struct Cursor {
    file: File,
    path: PathBuf,
    generation: u64,
}

/// The file's path in a journal's directory.
pub(super) fn path(directory: &Path) -> PathBuf {
    directory.join("cursor")
}

/// Reads a cursor: its generation, and its mark where one of the copies is whole.
pub(super) fn read(directory: &Path) -> Result<(u64, Option<Mark>), Error> {
    let path = path(directory);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((0, None)),
        Err(error) if super::error::is_unreadable(&error) => return Ok((0, None)),
        Err(error) => return Err(Error::io("read", &path)(error)),
    };
    let mut newest = (0, None);
    for slot in SLOTS {
        match unseal(bytes.get(slot as usize..).unwrap_or_default(), MAGIC) {
            Sealed::Whole([generation, settled, from, to, _]) if generation >= newest.0 => {
                let hole = (from <= to && from > settled).then_some((from, to));
                newest = (generation, Some(Mark { settled, hole }));
            }
            Sealed::Newer(version) => return Err(Error::Newer { path, version }),
            Sealed::Whole(_) | Sealed::Damaged => {}
        }
    }
    Ok(newest)
}

impl Cursor {
    /// Opens or makes the file, and writes what is known to be settled.
    pub(super) fn open(directory: &Path, generation: u64, mark: Mark) -> Result<Self, Error> {
        let path = path(directory);
        if generation == 0 {
            // What is there, if anything, is damaged, and may lie where nothing can be written.
            let _ = std::fs::remove_file(&path);
        }
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(Error::io("open", &path))?;
        let length = file.metadata().map_err(Error::io("look at", &path))?.len();
        if length < BYTES as u64 {
            // Written whole, so that a disk that becomes full later has a place for it.
            let rest = vec![0; BYTES - length as usize];
            Error::unless_full(file.write_all_at(&rest, length).map_err(Error::io("write", &path)))?;
        }
        let mut cursor = Self { file, path, generation };
        Error::unless_full(cursor.write(mark))?;
        Ok(cursor)
    }

    /// Writes both copies, one after the other: whenever the process ends, one is whole, and at rest either can be lost.
    pub(super) fn write(&mut self, mark: Mark) -> Result<(), Error> {
        let generation = self.generation + 1;
        // A range that ends before it begins is none.
        let (from, to) = mark.hole.unwrap_or((1, 0));
        let bytes: [u8; HEAD] = seal(MAGIC, [generation, mark.settled, from, to, 0]);
        for slot in SLOTS {
            self.file.write_all_at(&bytes, slot).map_err(Error::io("write", &self.path))?;
        }
        self.generation = generation;
        Ok(())
    }
}
