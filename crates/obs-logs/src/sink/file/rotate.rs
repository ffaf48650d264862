//! A file that is closed when it is large or its hour or day is over: moved away under the moment's name, and made anew
//! under its own.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use obs_core::{Clock, Timestamp};

use super::keeper::Keeper;
use super::names::{Names, Stamp};
use super::retain;
use super::sync::{Sync, Syncing, sync_directory};
use super::{Held, Reopen};
use crate::Rotation;
use crate::sink::stream::mark::Place;
use crate::sink::stream::{Target, Turn};

/// When a file is closed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The most bytes it has; 0 is no limit.
    pub(crate) max_bytes: u64,
    pub(crate) rotation: Rotation,
}

impl Limits {
    /// The number of the hour or day.
    fn period(self, time: Timestamp) -> u64 {
        let hours = time.unix_nanos() / 3_600_000_000_000;
        match self.rotation {
            Rotation::Never => 0,
            Rotation::Hourly => hours,
            Rotation::Daily => hours / 24,
        }
    }

    pub(crate) fn rotates(self) -> bool {
        self.max_bytes > 0 || self.rotation != Rotation::Never
    }
}

/// A file that is ready, and how long it is waited for room on its disk.
pub(crate) struct Opened {
    pub(crate) rotated: Rotated,
    pub(crate) patience: Duration,
}

impl From<Rotated> for Opened {
    fn from(rotated: Rotated) -> Self {
        Self { rotated, patience: Duration::ZERO }
    }
}

/// The file under its own name, and the closed ones beside it.
pub(crate) struct Rotated {
    held: Held,
    clock: Clock,
    closing: Option<Closing>,
    syncing: Syncing,
    keeper: Option<Keeper>,
    trouble: Option<String>,
}

/// When the file is closed, and what it is called then.
#[derive(Debug)]
struct Closing {
    limits: Limits,
    names: Names,
    /// The hour or day its first line is of.
    period: u64,
    /// The name given last; those after it are later, wherever the clock went.
    last: Stamp,
}

impl Rotated {
    /// A file that is never closed.
    pub(crate) fn new(held: Held, clock: Clock, sync: Sync) -> Self {
        let syncing = Syncing::new(sync, clock.clone());
        Self { held, clock, closing: None, syncing, keeper: None, trouble: None }
    }

    /// Has it closed within these limits. Cleans up behind a process that was ended.
    pub(crate) fn rotate(&mut self, limits: Limits, names: Names) -> io::Result<()> {
        retain::clean(&names)?;
        let last = retain::closed(&names)?.last().map_or(Stamp::default(), |file| file.stamp);
        self.closing = Some(Closing { limits, names, period: 0, last });
        self.begin();
        Ok(())
    }

    /// Has this thread look after what is closed.
    pub(crate) fn keep(&mut self, keeper: Keeper) {
        self.keeper = Some(keeper);
    }

    /// Whether it is a file on a disk.
    pub(crate) fn is_regular(&self) -> bool {
        self.held.is_regular()
    }

    /// What asks it to open its file again.
    pub(crate) fn reopener(&self) -> Reopen {
        self.held.reopener()
    }

    /// Where the file is that is open.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.held.path()
    }

    /// Notes of which hour or day the file is that was just opened.
    fn begin(&mut self) {
        let Some(closing) = &mut self.closing else { return };
        let written = self.held.path().filter(|_| self.held.size() > 0).and_then(modified);
        closing.period = closing.limits.period(written.unwrap_or_else(|| self.clock.now()));
    }

    /// Moves the file away under the name of this moment.
    fn close(&mut self) -> io::Result<()> {
        self.sync()?;
        let (Some(path), Some(closing)) = (self.held.path(), &mut self.closing) else { return Ok(()) };
        let stamp = Stamp::of(self.clock.now()).max(Stamp(closing.last.0 + 1));
        let (stamp, closed) = closing.names.reserve(stamp)?;
        if let Err(error) = fs::rename(path, &closed) {
            let _ = fs::remove_file(&closed);
            return Err(error);
        }
        closing.last = stamp;
        if self.syncing.is_wanted() {
            sync_directory(&closed);
        }
        Ok(())
    }

    /// How much of `next` may go into the file that is open: `None` where it is to be closed before.
    fn room(&mut self, next: &[u8]) -> Option<usize> {
        let (size, now) = (self.held.size(), self.clock.now());
        match &mut self.closing {
            Some(closing) if self.held.is_regular() => closing.room(next, size, now),
            _ => Some(next.len()),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        if !self.syncing.is_dirty() {
            return Ok(());
        }
        let synced = self.held.sync();
        self.syncing.done(synced.is_ok());
        synced
    }

    /// Adds to what is told of before the next batch.
    fn note(&mut self, trouble: String) {
        self.trouble.get_or_insert(trouble);
    }

    /// Looks whether the file is the right one; after `close` it is another.
    fn look(&mut self) -> io::Result<Turn> {
        let turn = self.held.turn(&[]);
        if let Some(left) = self.held.take_left().filter(|_| self.syncing.is_dirty()) {
            let synced = left.sync();
            self.syncing.done(synced.is_ok());
            if let Err(error) = synced {
                self.note(format!("lines may not be on the disk: {error}"));
            }
        }
        let turn = turn?;
        if turn.torn.is_some() {
            self.begin();
        }
        Ok(turn)
    }
}

impl Closing {
    fn room(&mut self, next: &[u8], size: u64, now: Timestamp) -> Option<usize> {
        let period = self.limits.period(now);
        if size == 0 || period < self.period {
            // Nothing is in it, or the clock was set back: it is of this period from now on.
            self.period = period;
        }
        if period > self.period {
            return None;
        }
        if self.limits.max_bytes == 0 {
            return Some(next.len());
        }
        let room = self.limits.max_bytes.saturating_sub(size);
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        if next.len() <= room {
            return Some(next.len());
        }
        let line_end = |place: usize| place + 1;
        match next[..room].iter().rposition(|&byte| byte == b'\n').map(line_end) {
            None if size > 0 => None,
            // A line that is larger than a file has one of its own.
            None => Some(next.iter().position(|&byte| byte == b'\n').map_or(next.len(), line_end)),
            end => end,
        }
    }
}

impl Target for Rotated {
    fn turn(&mut self, next: &[u8]) -> io::Result<Turn> {
        let mut turn = self.look()?;
        if next.is_empty() {
            return Ok(turn);
        }
        turn.room = self.room(next);
        if turn.room.is_none() {
            if self.syncing.is_each_batch() {
                // What the batch has in this file counts as delivered only if it is on the disk.
                self.sync()?;
            }
            match self.close() {
                Ok(()) => {
                    turn.trouble.take().into_iter().for_each(|trouble| self.note(trouble));
                    turn = self.look()?;
                    turn.room = self.room(next);
                    if let Some(keeper) = &self.keeper {
                        keeper.ring();
                    }
                }
                // Better in a file that is too large than in none.
                Err(error) => self.note(format!("the next file cannot be begun: {error}")),
            }
        }
        if let Some(error) = self.keeper.as_ref().and_then(Keeper::trouble) {
            self.note(format!("old files are not in order: {error}"));
        }
        turn.trouble = turn.trouble.or_else(|| self.trouble.take());
        Ok(turn)
    }

    fn settle(&mut self) -> io::Result<()> {
        if self.syncing.is_each_batch() {
            let synced = self.sync();
            // Also what failed when a file was closed within the batch.
            return if self.syncing.take_failed() { synced.and(Err(unsynced())) } else { synced };
        }
        if self.syncing.left().is_some_and(|left| left.is_zero())
            && let Err(error) = self.sync()
        {
            self.note(format!("lines may not be on the disk: {error}"));
        }
        Ok(())
    }

    fn rest(&mut self) -> Option<Duration> {
        let _ = self.settle();
        self.syncing.left()
    }

    fn place(&self) -> Option<Place> {
        self.held.place()
    }

    fn length_at(&self, place: &Place) -> Option<u64> {
        self.held.length_at(place)
    }

    fn is_asked_to_reopen(&self) -> bool {
        self.held.is_asked_to_reopen()
    }
}

impl Write for Rotated {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.syncing.note();
        self.held.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        let synced = self.sync();
        self.held.flush().and(synced)
    }
}

impl fmt::Debug for Rotated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rotated").field("held", &self.held).field("closing", &self.closing).finish()
    }
}

fn unsynced() -> io::Error {
    io::Error::other("a file could not be brought to the disk")
}

/// When the file was written last.
fn modified(path: &Path) -> Option<Timestamp> {
    let modified: SystemTime = fs::metadata(path).ok()?.modified().ok()?;
    let nanos = modified.duration_since(UNIX_EPOCH).ok()?.as_nanos();
    Some(Timestamp::from_unix_nanos(u64::try_from(nanos).ok()?))
}
