//! What the writer and the reader have in common.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::cursor::Cursor;
use super::lock::Lock;
use super::segment::{self, Kind, Spare};
use super::table::{Entry, Table};
use super::{Error, Settings};

/// Locks are taken in the order of the fields, and none but `making` is held while segments are made, removed or read.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: Settings,
    /// The sequence of the last record that is whole.
    published: AtomicU64,
    /// Held while a spare is on its way that the writer may want: one that is made, or a segment that is freed.
    making: Mutex<()>,
    cursor: Mutex<Cursor>,
    table: Mutex<Table>,
    _lock: Lock,
}

impl Shared {
    pub(super) fn new(settings: Settings, published: u64, cursor: Cursor, table: Table, lock: Lock) -> Self {
        Self {
            settings,
            published: AtomicU64::new(published),
            making: Mutex::default(),
            cursor: Mutex::new(cursor),
            table: Mutex::new(table),
            _lock: lock,
        }
    }

    pub(super) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn published(&self) -> u64 {
        self.published.load(Ordering::Acquire)
    }

    #[inline]
    pub(super) fn publish(&self, sequence: u64) {
        self.published.store(sequence, Ordering::Release);
    }

    /// A spare that is there.
    pub(super) fn take_spare(&self) -> Option<Spare> {
        let mut table = self.table();
        // One that is mapped, if there is.
        let mapped = table.spares.iter().position(|spare| spare.map.is_some());
        let place = mapped.or_else(|| table.spares.len().checked_sub(1))?;
        Some(table.spares.swap_remove(place))
    }

    /// Makes one more ahead, if that is allowed, and puts it where the writer takes it.
    pub(super) fn prepare_spare(&self) -> Result<bool, Error> {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mut spare) = self.make_spare()? else { return Ok(false) };
        let prepared = spare.prepare();
        self.table().spares.push(spare);
        prepared.map(|()| true)
    }

    /// A spare that another thread had under way: it is within the bound already, so that no other can be made.
    pub(super) fn take_spare_in_the_making(&self) -> Option<Spare> {
        drop(self.making.lock());
        self.take_spare()
    }

    /// Makes one more, if that is allowed.
    pub(super) fn make_spare(&self) -> Result<Option<Spare>, Error> {
        let bytes = self.settings.segment_bytes;
        let mut table = self.table();
        if table.file_bytes.saturating_add(bytes) > self.settings.max_bytes {
            return Ok(None);
        }
        table.file_bytes += bytes;
        let number = table.number();
        drop(table);
        let made = segment::make(segment::path(&self.settings.directory, number, Kind::Spare), bytes);
        if made.is_err() {
            self.table().file_bytes -= bytes;
        }
        made.map(Some)
    }

    /// Undoes maps that are no longer used.
    pub(super) fn undo_maps(&self) {
        let retired = std::mem::take(&mut self.table().retired);
        drop(retired);
    }

    /// Removes a spare that cannot be used.
    pub(super) fn discard(&self, spare: Spare) {
        let _ = std::fs::remove_file(&spare.path);
        self.table().file_bytes -= spare.bytes;
    }

    /// Writes down what is settled, and only then frees what that leaves over.
    pub(super) fn save(&self) -> Result<(), Error> {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let mut cursor = self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        let mut table = self.table();
        let (mark, freed) = (table.mark, std::mem::take(&mut table.freed));
        drop(table);
        if let Err(error) = cursor.write(mark) {
            // They stay until it can be written.
            self.table().freed.extend(freed);
            return Err(error);
        }
        drop(cursor);
        freed.iter().map(|entry| self.free(entry)).fold(Ok(()), Result::and)
    }

    /// Keeps a segment as a spare, or removes it.
    fn free(&self, entry: &Entry) -> Result<(), Error> {
        let Settings { directory, segment_bytes, spares, .. } = &self.settings;
        let path = segment::path(directory, entry.number, Kind::Segment);
        let spare = segment::path(directory, entry.number, Kind::Spare);
        let wanted = !entry.is_unreadable
            && self.table().spares.len() < *spares
            && segment::is_written(&path, *segment_bytes);
        if wanted && std::fs::rename(&path, &spare).is_ok() {
            self.table().spares.push(Spare { path: spare, bytes: entry.file_bytes, map: None });
            return Ok(());
        }
        let removed = std::fs::remove_file(&path).map_err(Error::io("remove", &path));
        self.table().file_bytes -= entry.file_bytes;
        // Somebody else may have done it.
        removed.or_else(|error| if error.is_missing() { Ok(()) } else { Err(error) })
    }
}
