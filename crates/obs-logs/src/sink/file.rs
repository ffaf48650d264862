//! A file that is held open only as long as it is the right one: begun anew when its time is over, and opened again
//! when it was moved away, removed, or could not be written.
//!
//! A file that is gone takes every write without an error, so what was asked once must be asked again: once a batch.

#[cfg(feature = "gzip")]
pub(crate) mod compress;
pub(crate) mod keeper;
pub(crate) mod names;
pub(crate) mod retain;
pub(crate) mod rotate;
pub(crate) mod sync;

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use obs_core::{Clock, Timestamp};

use super::stream::mark::Place;
use super::stream::{Target, Turn};

/// A file that is open.
pub(crate) trait Handle: Write + Send {
    /// What it is, by the file itself and not by its path, which may lead elsewhere by now; by that only where the file
    /// cannot be asked.
    fn look(&self, path: &Path) -> io::Result<fs::Metadata> {
        fs::metadata(path)
    }

    /// Brings what was written to the disk itself.
    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

impl Handle for File {
    fn look(&self, _: &Path) -> io::Result<fs::Metadata> {
        self.metadata()
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Asks for files to be opened again, although they seem to be the right ones. Clones ask the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reopen(Arc<AtomicBool>);

impl Reopen {
    pub(crate) fn ask(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_asked(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    fn take(&self) -> bool {
        self.is_asked() && self.0.swap(false, Ordering::AcqRel)
    }
}

/// Where a file is and how it is opened.
pub(crate) trait Open: fmt::Debug + Send {
    /// The file that lines made at `now` belong into.
    fn path(&self, now: Timestamp) -> PathBuf;

    /// Opens the file of this moment for appending, and makes it where it is missing.
    fn open(&self) -> io::Result<Box<dyn Handle>>;

    /// Removes the files that are no longer kept; `current` is the one just opened.
    fn prune(&self, current: &Path) -> io::Result<()> {
        let _ = current;
        Ok(())
    }
}

/// One file under one name.
#[derive(Debug)]
pub(crate) struct Plain {
    pub(crate) path: PathBuf,
    /// Whether its directory is made where it is missing.
    pub(crate) makes_directory: bool,
}

impl Open for Plain {
    fn path(&self, _: Timestamp) -> PathBuf {
        self.path.clone()
    }

    fn open(&self) -> io::Result<Box<dyn Handle>> {
        let open = || OpenOptions::new().append(true).create(true).open(&self.path);
        let directory = self.path.parent().filter(|_| self.makes_directory);
        match (open(), directory) {
            (Err(error), Some(directory)) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir_all(directory)?;
                Ok(Box::new(open()?))
            }
            (opened, _) => Ok(Box::new(opened?)),
        }
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
    reopen: Reopen,
    /// The file before, until somebody has asked for it.
    left: Option<Box<dyn Handle>>,
}

struct Current {
    file: Box<dyn Handle>,
    path: PathBuf,
    identity: Option<Identity>,
    /// How many bytes it had when it was looked at, and were written since.
    size: u64,
    /// Whether the last write failed.
    failed: bool,
}

impl Held {
    /// Opens the file of this moment.
    pub(crate) fn new(open: Box<dyn Open>, clock: Clock) -> io::Result<Self> {
        let (news, reopen) = (Turn::default(), Reopen::default());
        let mut held = Self { open, clock, current: None, news, reopen, left: None };
        held.news = held.reopen(held.open.path(held.clock.now()))?;
        Ok(held)
    }

    /// Where the file is that is open.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.current.as_ref().map(|current| current.path.as_path())
    }

    /// What asks it to open its file again.
    pub(crate) fn reopener(&self) -> Reopen {
        self.reopen.clone()
    }

    /// How many bytes the file has that is open.
    pub(crate) fn size(&self) -> u64 {
        self.current.as_ref().map_or(0, |current| current.size)
    }

    /// Whether it is a file on a disk: no pipe, no device.
    pub(crate) fn is_regular(&self) -> bool {
        self.current.as_ref().is_some_and(Current::is_regular)
    }

    /// Brings what was written to the disk itself. A file of another kind has none.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        match &self.current {
            Some(current) if current.is_regular() => current.file.sync(),
            _ => Ok(()),
        }
    }

    /// The file that was open before the one that is, if that was on a disk: what was written to it may not be there yet.
    pub(crate) fn take_left(&mut self) -> Option<Box<dyn Handle>> {
        self.left.take()
    }

    fn leave(&mut self, next: Option<Current>) {
        let before = std::mem::replace(&mut self.current, next);
        self.left = before.filter(Current::is_regular).map(|before| before.file);
    }

    fn reopen(&mut self, path: PathBuf) -> io::Result<Turn> {
        match self.open.open() {
            Ok(file) => {
                let trouble = self.open.prune(&path).err();
                let (identity, size) = file.look(&path).ok().as_ref().map(Identity::by).unzip();
                let before = self.current.as_ref().and_then(|current| current.identity);
                let is_same = before.is_some() && before == identity;
                let turn = Turn {
                    // How the same file ends is known to who wrote to it.
                    torn: if is_same { None } else { ends_torn(&path) },
                    trouble: trouble.map(|error| format!("old files are still there: {error}")),
                    room: None,
                };
                let size = size.unwrap_or_default();
                self.leave(Some(Current { file, path, identity, size, failed: false }));
                Ok(turn)
            }
            Err(error) => {
                let is_there = self.current.as_mut().is_some_and(Current::is_there);
                let Some(current) = self.current.as_ref().filter(|_| is_there) else {
                    self.leave(None);
                    return Err(error);
                };
                // Better in the wrong file than in none.
                let (new, old) = (path.display(), current.path.display());
                let trouble = Some(format!("goes on in {old}, as {new} cannot be opened: {error}"));
                Ok(Turn { torn: None, trouble, room: None })
            }
        }
    }
}

impl Current {
    fn is_regular(&self) -> bool {
        self.identity.is_some_and(|identity| identity.regular)
    }

    /// Whether its path still leads to it; looks how large it is by the way.
    fn is_there(&mut self) -> bool {
        match Identity::of(&self.path) {
            Some((identity, size)) if self.identity == Some(identity) => {
                self.size = size;
                true
            }
            _ => false,
        }
    }

    fn is_right(&mut self, path: &Path) -> bool {
        // A pipe or device is no better for being opened again, which could wait for its other end.
        self.path == path && self.is_there() && !(self.failed && self.is_regular())
    }
}

impl Target for Held {
    fn turn(&mut self, _: &[u8]) -> io::Result<Turn> {
        let path = self.open.path(self.clock.now());
        let is_asked = self.reopen.take();
        let is_right = self
            .current
            .as_mut()
            .is_some_and(|current| current.is_right(&path) && !(is_asked && current.is_regular()));
        if is_right { Ok(std::mem::take(&mut self.news)) } else { self.reopen(path) }
    }

    fn place(&self) -> Option<Place> {
        let current = self.current.as_ref().filter(|current| current.is_regular())?;
        Some(Place { file: current.identity?.number, length: current.size })
    }

    fn length_at(&self, place: &Place) -> Option<u64> {
        // Under its own name, or another one beside it.
        let path = self.open.path(self.clock.now());
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let beside = fs::read_dir(directory.unwrap_or(Path::new("."))).into_iter().flatten();
        let beside = beside.filter_map(|entry| Some(entry.ok()?.path()));
        let found = std::iter::once(path).chain(beside).filter_map(|path| Identity::of(&path));
        found.into_iter().find(|(identity, _)| identity.number == place.file).map(|(_, length)| length)
    }

    fn is_asked_to_reopen(&self) -> bool {
        self.reopen.is_asked()
    }
}

impl Write for Held {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(current) = &mut self.current else { return Err(ErrorKind::NotFound.into()) };
        let written = current.file.write(bytes);
        current.size += written.as_ref().map_or(0, |&written| written as u64);
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
    /// That of the file `path` leads to, if there is one, and how many bytes it has.
    fn of(path: &Path) -> Option<(Self, u64)> {
        fs::metadata(path).ok().as_ref().map(Self::by)
    }

    fn by(metadata: &fs::Metadata) -> (Self, u64) {
        (Self { number: number(metadata), regular: metadata.is_file() }, metadata.len())
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
pub(super) mod tests;
