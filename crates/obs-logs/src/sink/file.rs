//! A file that is held open only as long as it is the right one: begun anew when its time is over, and opened again
//! when it was moved away, removed, or could not be written.
//!
//! A file that is gone takes every write without an error, so what was asked once must be asked again: once a batch.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use obs_core::{Clock, Timestamp};

use super::stream::{Target, Turn};

/// Where a file is and how it is opened.
pub(crate) trait Open: fmt::Debug + Send {
    /// The file that lines made at `now` belong into.
    fn path(&self, now: Timestamp) -> PathBuf;

    /// Opens the file of this moment for appending, and makes it where it is missing.
    fn open(&self) -> io::Result<Box<dyn Write + Send>>;

    /// Removes the files that are no longer kept; `current` is the one just opened.
    fn prune(&self, current: &Path) -> io::Result<()> {
        let _ = current;
        Ok(())
    }
}

/// One file under one name.
#[derive(Debug)]
pub(crate) struct Plain(pub(crate) PathBuf);

impl Open for Plain {
    fn path(&self, _: Timestamp) -> PathBuf {
        self.0.clone()
    }

    fn open(&self) -> io::Result<Box<dyn Write + Send>> {
        Ok(Box::new(OpenOptions::new().append(true).create(true).open(&self.0)?))
    }
}

/// The file that is open now.
pub(crate) struct Held {
    open: Box<dyn Open>,
    /// Tells which file it is time for.
    clock: Clock,
    current: Option<Current>,
    /// What was found when it was opened and is not told yet.
    news: Turn,
}

struct Current {
    file: Box<dyn Write + Send>,
    path: PathBuf,
    identity: Option<Identity>,
    /// Whether the last write failed.
    failed: bool,
}

impl Held {
    /// Opens the file of this moment.
    pub(crate) fn new(open: Box<dyn Open>, clock: Clock) -> io::Result<Self> {
        let mut held = Self { open, clock, current: None, news: Turn::default() };
        held.news = held.reopen(held.open.path(held.clock.now()))?;
        Ok(held)
    }

    /// Where the file is that is open.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.current.as_ref().map(|current| current.path.as_path())
    }

    fn reopen(&mut self, path: PathBuf) -> io::Result<Turn> {
        match self.open.open() {
            Ok(file) => {
                let trouble = self.open.prune(&path).err();
                let turn = Turn {
                    torn: ends_torn(&path),
                    trouble: trouble.map(|error| format!("old files are still there: {error}")),
                };
                let identity = Identity::of(&path);
                self.current = Some(Current { file, path, identity, failed: false });
                Ok(turn)
            }
            Err(error) => match &self.current {
                // Better in the wrong file than in none.
                Some(current) if current.is_there() => {
                    let (new, old) = (path.display(), current.path.display());
                    let trouble = Some(format!("goes on in {old}, as {new} cannot be opened: {error}"));
                    Ok(Turn { torn: None, trouble })
                }
                _ => {
                    self.current = None;
                    Err(error)
                }
            },
        }
    }
}

impl Current {
    /// Whether its path still leads to it.
    fn is_there(&self) -> bool {
        self.identity.is_some() && self.identity == Identity::of(&self.path)
    }

    fn is_right(&self, path: &Path) -> bool {
        // A pipe or device is no better for being opened again, which could wait for its other end.
        let regular = self.identity.is_some_and(|identity| identity.regular);
        self.path == path && self.is_there() && !(self.failed && regular)
    }
}

impl Target for Held {
    fn turn(&mut self) -> io::Result<Turn> {
        let path = self.open.path(self.clock.now());
        match &self.current {
            Some(current) if current.is_right(&path) => Ok(std::mem::take(&mut self.news)),
            _ => self.reopen(path),
        }
    }
}

impl Write for Held {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(current) = &mut self.current else { return Err(ErrorKind::NotFound.into()) };
        let written = current.file.write(bytes);
        current.failed = match &written {
            Ok(written) => *written == 0,
            Err(error) => !matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock),
        };
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.current.as_mut().map_or(Ok(()), |current| current.file.flush())
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("open", &self.open).field("path", &self.path()).finish()
    }
}

/// Which file it is, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    number: (u64, u64),
    regular: bool,
}

impl Identity {
    /// That of the file `path` leads to, if there is one.
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self { number: number(&metadata), regular: metadata.is_file() })
    }
}

#[cfg(unix)]
fn number(metadata: &fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// Without a number it is known only whether there is a file at all.
#[cfg(not(unix))]
fn number(_: &fs::Metadata) -> (u64, u64) {
    (0, 0)
}

/// Whether a file ends in the middle of a line, as after a full disk or a crash; `None` where that cannot be told.
fn ends_torn(path: &Path) -> Option<bool> {
    // Opening a pipe could wait for its other end.
    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    if metadata.len() == 0 {
        return Some(false);
    }
    let mut last = [0];
    let mut file = File::open(path).ok()?;
    file.seek(SeekFrom::End(-1)).ok()?;
    file.read_exact(&mut last).ok()?;
    Some(last != *b"\n")
}

#[cfg(test)]
mod tests;
