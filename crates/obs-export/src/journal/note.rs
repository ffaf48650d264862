//! What whoever delivers wants to know again of records that were on their way when the process ended.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::Error;
use super::format::{HEAD, Sealed, is_sane, seal, unseal};

const MAGIC: [u8; 8] = *b"OBSNOTE\0";
/// Where the two copies are, which are written in turn.
const SLOTS: [u64; 2] = [0, 128];
const BYTES: usize = 256;

/// A few bytes that belong to one record, and are of use only while that record is the first to be delivered: where it
/// was being written to, for one. The journal does not know what they mean.
#[derive(Debug)]
pub struct Note {
    file: File,
    path: PathBuf,
    generation: u64,
    earlier: Option<(u64, Vec<u8>)>,
}

/// What is in a file of notes.
#[derive(Debug, Default)]
pub(super) struct Found {
    generation: u64,
    note: Option<(u64, Vec<u8>)>,
}

impl Note {
    /// The longest note, in bytes.
    pub const MOST_BYTES: usize = 48;

    /// The last note of the process before: the sequence that it belongs to, and its bytes.
    pub fn earlier(&self) -> Option<(u64, &[u8])> {
        self.earlier.as_ref().map(|(sequence, note)| (*sequence, note.as_slice()))
    }

    /// Puts a note in the place of the one before: one `write` of the operating system, synced no more than records are.
    /// Of a longer one than [`Note::MOST_BYTES`] nothing is kept.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be written; the one before may still be there.
    pub fn write(&mut self, sequence: u64, note: &[u8]) -> Result<(), Error> {
        let note = if note.len() > Self::MOST_BYTES { &[] } else { note };
        let generation = self.generation + 1;
        let checksum = u64::from(crc32fast::hash(note));
        let mut bytes = [0; HEAD + Self::MOST_BYTES];
        bytes[..HEAD].copy_from_slice(&seal(MAGIC, [generation, sequence, note.len() as u64, checksum, 0]));
        bytes[HEAD..HEAD + note.len()].copy_from_slice(note);
        let slot = SLOTS[(generation % 2) as usize];
        self.file.write_all_at(&bytes, slot).map_err(Error::io("write", &self.path))?;
        self.generation = generation;
        Ok(())
    }

    /// Opens or makes the file.
    pub(super) fn open(directory: &Path, found: Found) -> Result<Self, Error> {
        let path = path(directory);
        if found.generation == 0 {
            // What is there, if anything, is damaged, and may lie where nothing can be written.
            let _ = std::fs::remove_file(&path);
        }
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(Error::io("open", &path))?;
        let length = file.metadata().map_err(Error::io("look at", &path))?.len();
        let mut notes = Self { file, path, generation: found.generation, earlier: found.note };
        if length < BYTES as u64 {
            // Written whole, so that a disk that becomes full later has a place for it.
            let rest = vec![0; BYTES - length as usize];
            let wrote = notes.file.write_all_at(&rest, length).map_err(Error::io("write", &notes.path));
            Error::unless_full(wrote)?;
            for _ in SLOTS {
                Error::unless_full(notes.write(0, &[]))?;
            }
        }
        Ok(notes)
    }
}

fn path(directory: &Path) -> PathBuf {
    directory.join("note")
}

/// The newest note that is whole, if there is one.
pub(super) fn read(directory: &Path) -> Result<Found, Error> {
    let path = path(directory);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::default()),
        Err(error) if super::error::is_unreadable(&error) => return Ok(Found::default()),
        Err(error) => return Err(Error::io("read", &path)(error)),
    };
    let mut found = Found::default();
    for slot in SLOTS {
        let slot = bytes.get(slot as usize..).unwrap_or_default();
        match unseal(slot, MAGIC) {
            Sealed::Whole([generation, sequence, length, checksum, _])
                if generation > found.generation && is_sane(generation) =>
            {
                found.generation = generation;
                let note = slot.get(HEAD..).and_then(|rest| rest.get(..usize::try_from(length).ok()?));
                let whole = note.filter(|note| u64::from(crc32fast::hash(note)) == checksum);
                found.note = whole.map(|note| (sequence, note.to_vec()));
            }
            Sealed::Newer(version) => return Err(Error::Newer { path, version }),
            Sealed::Whole(_) | Sealed::Damaged => {}
        }
    }
    Ok(found)
}
