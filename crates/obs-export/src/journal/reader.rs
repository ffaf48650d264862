//! The end where records are taken out, beside the writer and without its lock.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::Error;
use super::scan::Scan;
use super::segment::{self, Kind};
use super::shared::Shared;
use super::table::Claim;
use super::upkeep::Upkeep;

/// Files are read in pieces of this size at least, and of this size at most.
const CHUNKS: (usize, usize) = (16 * 1024, 256 * 1024);

/// How often a segment that cannot be read is tried before it is gone on without what cannot be had of it.
const TRIES: u32 = 3;

/// A record as it was put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its place among all records that were ever put into this journal, from 1.
    pub sequence: u64,
    /// What it was put in with.
    pub priority: u8,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// What a read took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// How many records.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The sequence of the first one.
    pub first: Option<u64>,
    /// The sequence of the last one, for [`Reader::delivered`].
    pub last: Option<u64>,
    /// Records that should have been there, in front of these or instead of them, and are damaged. They are no longer
    /// pending. What was found damaged when the journal was opened is not counted again.
    pub lost: u64,
}

/// Takes records out. It belongs to the thread that delivers them.
#[derive(Debug)]
pub struct Reader {
    shared: Arc<Shared>,
    /// The segment that is being read.
    open: Option<Open>,
    /// The segment that the disk did not give, and how often.
    failed: (u64, u32),
}

#[derive(Debug)]
struct Open {
    number: u64,
    path: PathBuf,
    scan: Scan,
}

/// Why the reading of one segment ended.
enum End {
    /// The batch is full.
    Batch,
    /// Nothing more is to be had of it.
    Segment,
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, open: None, failed: (0, 0) }
    }

    /// Hands the next records to `take`, in their order: those of one segment, as long as their bytes together are no
    /// more than `batch_bytes`, but one at least. Nothing where all have been read. What was handed out comes again only
    /// if it was not [delivered](Self::delivered) when the journal is next opened.
    ///
    /// It holds a quarter more than `batch_bytes` of a file in memory, from 16 to 256 KiB, or one record where that is longer.
    ///
    /// # Errors
    /// [`Error::Io`] when a file cannot be read, and no record was handed out or lost; the next call tries again there.
    /// What the disk does not give three times is lost, as is a segment whose file is gone.
    pub fn read(&mut self, batch_bytes: usize, take: impl FnMut(Record<'_>)) -> Result<Read, Error> {
        self.read_and_lose(batch_bytes, take, |lose| lose())
    }

    /// The same; what is lost is no longer pending by what `losing` is given to call, which says how many records that are.
    pub(crate) fn read_and_lose(
        &mut self,
        batch_bytes: usize,
        mut take: impl FnMut(Record<'_>),
        mut losing: impl FnMut(&dyn Fn() -> u64) -> u64,
    ) -> Result<Read, Error> {
        self.shared.undo_maps();
        let mut read = Read::default();
        if let Some(open) = &mut self.open {
            open.scan.refresh();
        }
        loop {
            let published = self.shared.published();
            let Some((number, first)) =
                self.shared.table().readable(published).map(|entry| (entry.number, entry.first))
            else {
                return Ok(read);
            };
            let end = match self.turn_to(number, first, batch_bytes) {
                Ok(()) => self.read_segment(number, published, batch_bytes, &mut read, &mut take),
                Err(error) => Err(error),
            };
            match end {
                Ok(End::Batch) => return Ok(read),
                Ok(End::Segment) if read.records > 0 => return Ok(read),
                Ok(End::Segment) => {
                    read.lost += losing(&|| self.shared.table().lose(number, published));
                    if read.lost > 0 {
                        // Where it cannot be written down, that is tried again with what is settled next.
                        let _ = self.shared.save();
                    }
                }
                // It was dropped meanwhile, if it is not there any more.
                Err(_) if self.shared.table().entry(number).is_none() => self.open = None,
                Err(_) if read.records + read.lost > 0 => return Ok(read),
                Err(error) if !self.goes_on(number, &error) => return Err(error),
                Err(_) => {}
            }
        }
    }

    /// Whether a segment is to be read at once without what cannot be read of it: after some tries.
    fn goes_on(&mut self, number: u64, error: &Error) -> bool {
        if !error.is_unreadable() {
            return false;
        }
        let before = if self.failed.0 == number { self.failed.1 } else { 0 };
        self.failed = (number, before + 1);
        match self.open.as_mut().filter(|open| open.number == number) {
            Some(open) if self.failed.1 >= TRIES => {
                open.scan.pass_unreadable();
                if let Some(entry) = self.shared.table().entry(number) {
                    entry.is_unreadable = true;
                }
                true
            }
            _ => false,
        }
    }

    /// Opens a segment's file, if it is not open and there is one.
    fn turn_to(&mut self, number: u64, first: u64, batch_bytes: usize) -> Result<(), Error> {
        if self.open.as_ref().is_some_and(|open| open.number == number) {
            return Ok(());
        }
        let path = segment::path(&self.shared.settings.directory, number, Kind::Segment);
        // A batch with its headers in one piece, where records are not very small.
        let chunk = (batch_bytes / 4).saturating_mul(5).clamp(CHUNKS.0, CHUNKS.1);
        // What stands in front of the first record is known from the table, even where the head is damaged.
        let opened = File::open(&path).map_err(Error::io("open", &path)).and_then(|file| {
            let scan = Scan::new(file, number, first.saturating_sub(1), true, chunk);
            scan.map_err(Error::io("read", &path))
        });
        self.open = match opened {
            Ok(scan) => Some(Open { number, path, scan }),
            // Nothing of it is to be had any more.
            Err(error) if error.is_missing() => None,
            Err(error) if error.is_unreadable() && self.failed == (number, TRIES) => None,
            Err(error) => return Err(error),
        };
        Ok(())
    }

    fn read_segment(
        &mut self,
        number: u64,
        published: u64,
        batch_bytes: usize,
        read: &mut Read,
        take: &mut impl FnMut(Record<'_>),
    ) -> Result<End, Error> {
        let Some(Open { path, scan, .. }) = &mut self.open else { return Ok(End::Segment) };
        let failed = |error: io::Error| Error::io("read", path)(error);
        while let Some(found) = scan.next().map_err(failed)? {
            let length = found.record.len() as u64;
            if found.sequence > published {
                scan.put_back();
                return Ok(End::Segment);
            }
            if read.records > 0 && read.bytes + length > batch_bytes as u64 {
                scan.put_back();
                return Ok(End::Batch);
            }
            let claim =
                self.shared.table().claim(number, found.sequence, length, published, read.records > 0);
            let more = match claim {
                Claim::Skip => continue,
                Claim::Over => return Ok(End::Segment),
                Claim::Taken { more } => more,
            };
            read.records += 1;
            read.bytes += length;
            read.first.get_or_insert(found.sequence);
            read.last = Some(found.sequence);
            take(Record { sequence: found.sequence, priority: found.priority, bytes: scan.bytes(&found) });
            if !more {
                return Ok(End::Batch);
            }
        }
        Ok(End::Segment)
    }

    /// Everything that was read up to this sequence has arrived, or is given up: it never comes again. Segments of which
    /// nothing is left are freed. Only whole [reads](Self::read) are: `up_to` is a [`Read::last`], and anything else is
    /// taken for the last of those in front of it.
    ///
    /// # Errors
    /// [`Error::Io`] when that cannot be written down, or a file not be removed. It is no longer pending nevertheless,
    /// and is written down with the next call.
    pub fn delivered(&mut self, up_to: u64) -> Result<(), Error> {
        self.shared.undo_maps();
        if self.shared.table().deliver(up_to) { self.shared.save() } else { Ok(()) }
    }

    /// The same, told apart: what is pending changes here, and [`Reader::save`] writes it down. Returns whether there is
    /// anything to be written.
    pub(crate) fn settle(&mut self, up_to: u64) -> bool {
        self.shared.table().deliver(up_to)
    }

    /// Writes down what is settled, and frees what that leaves over.
    pub(crate) fn save(&mut self) -> Result<(), Error> {
        self.shared.undo_maps();
        self.shared.save()
    }

    /// [`Upkeep::prepare_spare`](super::Upkeep::prepare_spare), by whoever reads.
    ///
    /// # Errors
    /// The same.
    pub fn prepare_spare(&mut self) -> Result<bool, Error> {
        Upkeep::new(Arc::clone(&self.shared)).prepare_spare()
    }
}
