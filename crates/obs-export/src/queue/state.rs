//! What producers and the worker share under the lock.

use std::time::{Duration, Instant};

use super::age::Ages;
use super::kept::Kept;
use super::marks::Marks;
use super::{Batch, Losses, Reason, Settings, books, gap};

#[derive(Default)]
pub(crate) struct State {
    /// What gathers; its bytes have holes where records made room, its count has not.
    pub(super) filling: Batch,
    /// Where its records end, where that must be known.
    pub(super) marks: Marks,
    /// Where records are kept instead, if they are to survive the process; of `filling` its gaps alone are used then.
    pub(super) kept: Option<Kept>,
    /// How long they have been there.
    pub(super) ages: Ages,
    pub(super) in_flight_bytes: usize,
    pub(super) in_flight_records: u64,
    pub(super) books: books::Books,
    pub(super) phase: Phase,
    /// Flush calls that want the worker to hurry, and producers that wait for room.
    pub(super) hurry: u32,
    /// Producers among them.
    pub(super) waiting: u32,
    /// Whether the sink is to be asked once more what it has to do while nothing comes.
    pub(super) nudged: bool,
    /// When the worker gives up what it cannot deliver; set when the queue is closed.
    pub(super) deadline: Option<Instant>,
    /// How many places there were: records that were taken in, and gaps that are told.
    pub(super) end: u64,
    /// The place behind all that were taken out.
    taken: u64,
    /// The place in front of which the fate of all is known.
    pub(super) settled: u64,
}

/// What the worker is doing, so that a producer knows whether it must wake it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waiting for a first record.
    #[default]
    Idle,
    /// Gathering; wants to be woken once the batch is full.
    Gathering,
    /// Delivering; looks at the buffer by itself when it is done.
    Busy,
    /// Closed: takes nothing more.
    Closed,
}

impl State {
    /// Records that wait or are being sent.
    pub(super) fn pending(&self) -> u64 {
        match &self.kept {
            Some(kept) => kept.pending().0,
            None => self.filling.records + self.in_flight_records,
        }
    }

    /// Their bytes.
    pub(super) fn pending_bytes(&self) -> usize {
        match &self.kept {
            Some(kept) => kept.pending().1,
            None => self.memory_bytes(),
        }
    }

    /// The same where nothing is kept on a disk.
    #[inline]
    pub(super) fn memory_bytes(&self) -> usize {
        self.filling.bytes.len() - self.marks.holes + self.in_flight_bytes
    }

    /// How many bytes have gathered, where nothing is being sent.
    pub(super) fn gathered_bytes(&self) -> usize {
        match &self.kept {
            Some(kept) => kept.pending().1,
            None => self.filling.bytes.len(),
        }
    }

    /// Whether there is anything for the sink.
    pub(super) fn has_work(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.pending().0 > 0)
            || self.filling.records > 0
            || !self.filling.gaps.is_empty()
            || self.marks.has_gaps()
    }

    /// Takes a record in; it fits.
    #[inline]
    pub(super) fn add(&mut self, record: &[u8], priority: u8, settings: &Settings) {
        self.books.produced += 1;
        self.ages.came(self.end);
        self.end += 1;
        self.filling.bytes.extend_from_slice(record);
        self.filling.records += 1;
        if settings.marks() {
            self.marks.push(record.len(), settings.is_low(priority));
        }
    }

    /// Counts a record that is not taken in.
    pub(super) fn refuse(&mut self, reason: Reason, settings: &Settings) {
        self.books.produced += 1;
        self.books.drop_records(reason, 1);
        if !settings.tells_gaps || reason == Reason::Closed {
            return;
        }
        self.end += 1;
        if self.kept.is_some() {
            self.miss(reason, 1);
        } else if settings.marks() {
            self.marks.miss(reason);
            self.mend_where_worn(settings);
        } else {
            gap::note(&mut self.filling.gaps, self.filling.bytes.len(), reason, 1);
        }
    }

    /// Drops older records for one of `bytes`. `false`, and nothing is dropped, where that would not be enough.
    pub(super) fn make_room(&mut self, bytes: usize, settings: &Settings) -> bool {
        let missing = (self.memory_bytes() + bytes).saturating_sub(settings.capacity_bytes);
        let Some(evicted) = self.marks.make_room(missing) else { return false };
        self.filling.records -= evicted;
        self.books.drop_records(Reason::Evicted, evicted);
        self.mend_where_worn(settings);
        true
    }

    fn mend_where_worn(&mut self, settings: &Settings) {
        if self.marks.is_worn(settings.capacity_bytes) {
            self.marks.mend(&mut self.filling.bytes);
        }
    }

    /// Moves what has gathered, or its first record where they leave one by one, into `batch` and `marks`, which are
    /// empty. The holes of a whole batch are still to be closed: that is left for when nobody waits for the lock.
    pub(super) fn take(&mut self, batch: &mut Batch, marks: &mut Marks, settings: &Settings) {
        if settings.one_by_one {
            let (hole, record, places) = self.marks.first(&mut batch.gaps, settings.tells_gaps);
            let length = record.unwrap_or_default();
            batch.bytes.extend(self.filling.bytes.drain(..hole + length).skip(hole));
            batch.records = u64::from(record.is_some());
            self.filling.records -= batch.records;
            self.taken += places;
            if self.marks.is_empty() {
                // What gathered while nothing left is given back.
                self.filling.bytes = Vec::new();
            }
            self.in_flight_bytes = batch.bytes.len();
        } else if settings.policy.evicts()
            && self.filling.bytes.len() - self.marks.holes > settings.capacity_bytes / 2
        {
            // All of it could be stuck in a sink that hangs, and nothing would be left that could make room.
            let (bytes, records, places) = self.marks.split(settings.capacity_bytes / 2, marks);
            batch.bytes.extend(self.filling.bytes.drain(..bytes));
            batch.records = records;
            self.filling.records -= records;
            self.taken += places;
            self.in_flight_bytes = bytes - marks.holes;
        } else {
            std::mem::swap(&mut self.filling, batch);
            std::mem::swap(&mut self.marks, marks);
            self.taken = self.end;
            self.ages.taken();
            self.in_flight_bytes = batch.bytes.len() - marks.holes;
        }
        self.in_flight_records = batch.records;
    }

    /// What is in flight has its fate: these records were lost, and no more than there were.
    pub(super) fn settle(&mut self, losses: Losses, took: Option<Duration>) {
        self.settled = self.taken;
        self.book(losses, took);
    }

    /// Records that are kept nowhere: they are told in front of what is read next.
    pub(super) fn miss(&mut self, reason: Reason, records: u64) {
        gap::note(&mut self.filling.gaps, 0, reason, records);
    }

    pub(super) fn book(&mut self, losses: Losses, took: Option<Duration>) {
        let records = std::mem::take(&mut self.in_flight_records);
        self.in_flight_bytes = 0;
        self.ages.settled(self.settled, self.end);
        let mut left = records;
        for (reason, lost) in losses.each() {
            let lost = lost.min(left);
            self.books.drop_records(reason, lost);
            left -= lost;
        }
        self.books.delivered += left;
        if let Some(took) = took {
            self.books.exports.add(left == records, took);
        }
    }

    /// The place behind all there is.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Whether the fate of all in front of `place` is known.
    pub(super) fn is_settled(&self, place: u64) -> bool {
        self.settled >= place
    }
}
