//! The end where records are put in: a copy into memory that outlives the process.

use std::sync::Arc;
use std::sync::atomic::{Ordering, compiler_fence};
use std::time::{Duration, Instant};

use super::format::{self, HEAD, HEADER, Head, Seed};
use super::map::Map;
use super::segment::Spare;
use super::shared::Shared;
use super::table::{Amount, Entry};
use super::{Error, Refused, content};

/// How long nothing is tried after no segment could be made: on a full disk each attempt writes up to a segment.
const PAUSE: Duration = Duration::from_secs(1);

/// What is in a journal and neither delivered nor dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// How many records.
    pub records: u64,
    /// Their bytes, without what the journal adds to them.
    pub bytes: u64,
}

/// Puts records in. Several producers share one behind a lock of theirs.
#[derive(Debug)]
pub struct Writer {
    shared: Arc<Shared>,
    active: Option<Active>,
    /// What it is to hold, where that is still to be written down.
    unsaid: Option<String>,
    /// The sequence of the next record.
    next: u64,
    /// What was found at the start, and everything since.
    total: Amount,
    /// When making a segment failed.
    failed: Option<Instant>,
    /// How many segments it has begun.
    begun: u64,
}

/// The segment that is written to.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) map: Map,
    /// Where the next record begins.
    pub(super) at: usize,
    pub(super) seed: Seed,
    /// Of all that there is in it to be delivered.
    pub(super) bytes: u64,
}

impl Writer {
    pub(super) fn new(
        shared: Arc<Shared>,
        active: Option<Active>,
        unsaid: Option<String>,
        next: u64,
        total: Amount,
    ) -> Self {
        Self { shared, active, unsaid, next, total, failed: None, begun: 0 }
    }

    /// Copies a record into the journal and returns its sequence, which is one more than that of the record before.
    /// From then on it survives the process, however that ends; it does not survive the machine.
    ///
    /// `priority` goes with it and means nothing here. A record takes up 24 bytes more than its own, and up to 7 more.
    ///
    /// This is a copy and a checksum. Where a segment is full it begins the next one, which is a file that has been
    /// prepared ([`Reader::prepare_spare`](super::Reader::prepare_spare)); where there is none, it is made here, which
    /// means writing as many bytes as a segment has.
    ///
    /// # Errors
    /// [`Refused`]: nothing of the record is in the journal, and records after it may be put in.
    pub fn append(&mut self, record: &[u8], priority: u8) -> Result<u64, Refused> {
        let size = format::size(record.len());
        let fits = self.active.as_ref().is_some_and(|active| active.at + size <= active.map.len());
        if !fits {
            self.roll(record.len())?;
        }
        let sequence = self.next;
        if !self.active.as_mut().is_some_and(|active| active.put(record, sequence, priority)) {
            return Err(Refused::Full);
        }
        self.next += 1;
        self.total.add(Amount { records: 1, bytes: record.len() as u64 });
        self.shared.publish(sequence);
        Ok(sequence)
    }

    /// What is in the journal and neither delivered nor dropped. The bytes of records that turned out to be damaged in
    /// the segment that is still written to are in it until the segment is full.
    pub fn pending(&self) -> Pending {
        let Amount { records, bytes } = self.total.without(self.shared.table().settled);
        Pending { records, bytes }
    }

    /// Drops the oldest records, so that at least so many `bytes` of files are free, and returns how many records that
    /// were. It drops whole segments, at least one, and with them what is unread in front of them; what was read and is
    /// not delivered is not touched. 0 where no segment can be dropped: there is only the one that is written to, or
    /// those that are full are on their way. 0 also where records between some that are on their way were dropped
    /// before, and these would be others.
    ///
    /// Where it cannot be written down what was dropped, that is tried again later; until then the files are not free.
    pub fn drop_oldest(&mut self, bytes: u64) -> u64 {
        let dropped = self.shared.table().drop_oldest(bytes, self.shared.published());
        let _ = self.shared.save();
        dropped
    }

    /// The longest record that a segment holds, in bytes.
    pub fn most_bytes(&self) -> usize {
        self.shared.settings.segment_bytes as usize - HEAD - HEADER
    }

    /// How many segments it has begun: once that is one more, a spare is missing.
    pub(crate) fn begun(&self) -> u64 {
        self.begun
    }

    /// Whether [`Refused::Full`] means that no segment could be made a moment ago, and not that there are as many as may
    /// be.
    pub(crate) fn is_broken(&self) -> bool {
        self.failed.is_some_and(|at| at.elapsed() < PAUSE)
    }

    /// Begins the next segment.
    #[cold]
    fn roll(&mut self, bytes: usize) -> Result<(), Refused> {
        let most_bytes = self.most_bytes();
        if bytes > most_bytes {
            return Err(Refused::TooLarge { most_bytes });
        }
        let pauses = self.is_broken();
        let begun = self.spare(pauses).and_then(|spare| spare.map(|spare| self.begin(spare)).transpose());
        match begun {
            Ok(Some(())) => self.failed = None,
            Err(_) => self.failed = Some(Instant::now()),
            Ok(None) => {}
        }
        begun.map_err(Refused::Broken)?.ok_or(Refused::Full)
    }

    /// An empty segment; nothing where no more are allowed, or none is there and none is to be made.
    fn spare(&self, pauses: bool) -> Result<Option<Spare>, Error> {
        if let Some(spare) = self.shared.take_spare() {
            return Ok(Some(spare));
        }
        if pauses {
            return Ok(None);
        }
        if let Some(spare) = self.shared.make_spare()? {
            return Ok(Some(spare));
        }
        if let Some(spare) = self.shared.take_spare_in_the_making() {
            return Ok(Some(spare));
        }
        // What is delivered may be taken again.
        self.shared.table().settle_front();
        self.shared.save()?;
        match self.shared.take_spare() {
            Some(spare) => Ok(Some(spare)),
            None => self.shared.make_spare(),
        }
    }

    /// Begins a first segment, if one is allowed.
    pub(super) fn start(&mut self) -> Result<(), Error> {
        let begun = match self.spare(false) {
            Ok(Some(mut spare)) => spare.prepare().and_then(|()| self.begin(spare)),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if begun.is_err() {
            self.failed = Some(Instant::now());
        }
        begun
    }

    fn begin(&mut self, mut spare: Spare) -> Result<(), Error> {
        let number = self.shared.table().number();
        let head = Head { number, first: self.next, segment_bytes: spare.bytes };
        let directory = &self.shared.settings.directory;
        let said = self.unsaid.as_ref().map_or(Ok(()), |unsaid| content::write(directory, unsaid));
        let map = match said.and_then(|()| spare.begin(directory, head)) {
            Ok(map) => {
                self.unsaid = None;
                map
            }
            Err(error) => {
                self.shared.discard(spare);
                return Err(error);
            }
        };
        let active = Active { map, at: HEAD, seed: Seed::new(number), bytes: 0 };
        let before = self.active.replace(active);
        self.begun += 1;
        let mut table = self.shared.table();
        if let Some(before) = before {
            if let Some(entry) = table.segments.back_mut() {
                (entry.closed, entry.bytes) = (Some(self.next - 1), before.bytes);
            }
            table.retired.push(before.map);
        }
        table.segments.push_back(Entry {
            number,
            file_bytes: spare.bytes,
            first: self.next,
            closed: None,
            records: 0,
            counted: self.next - 1,
            bytes: 0,
            taken: Amount::default(),
            is_unreadable: false,
        });
        Ok(())
    }
}

impl Active {
    /// `false` where it does not fit.
    #[inline]
    fn put(&mut self, record: &[u8], sequence: u64, priority: u8) -> bool {
        let header = format::header(&self.seed, sequence, priority, record);
        let size = format::size(record.len());
        let Some(place) = self.map.bytes_mut().get_mut(self.at..self.at + size) else { return false };
        let Some((head, rest)) = place.split_first_chunk_mut::<HEADER>() else { return false };
        let Some(payload) = rest.get_mut(..record.len()) else { return false };
        // The commit word of whatever was here before goes first, that of the record comes last: a process that dies in
        // between leaves nothing that looks whole. Only the order of the program matters, as the memory outlives it.
        head[20..].fill(0);
        compiler_fence(Ordering::SeqCst);
        head[..20].copy_from_slice(&header[..20]);
        payload.copy_from_slice(record);
        compiler_fence(Ordering::SeqCst);
        head[20..].copy_from_slice(&format::commit(priority));
        self.at += size;
        self.bytes += record.len() as u64;
        true
    }
}
