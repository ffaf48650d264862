//! What is known of all segments: what each holds, what was read of it, and what has become of that.

use std::collections::VecDeque;

use super::cursor::Mark;
use super::map::Map;
use super::segment::Spare;

/// Records and their bytes, without headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) records: u64,
    pub(super) bytes: u64,
}

impl Amount {
    pub(super) fn add(&mut self, other: Self) {
        self.records += other.records;
        self.bytes += other.bytes;
    }

    pub(super) fn without(self, other: Self) -> Self {
        Self {
            records: self.records.saturating_sub(other.records),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }
}

/// One segment.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) number: u64,
    pub(super) file_bytes: u64,
    /// The sequence of its first record.
    pub(super) first: u64,
    /// The sequence of its last record, once nothing more comes.
    pub(super) closed: Option<u64>,
    /// How many records up to the sequence `counted` there were to be delivered; behind it, none is missing.
    pub(super) records: u64,
    pub(super) counted: u64,
    /// The bytes of all that there were to be delivered, once it is closed.
    pub(super) bytes: u64,
    /// What of it was read, lost or dropped.
    pub(super) taken: Amount,
    /// Whether the disk did not give some of it: then its file is not used again.
    pub(super) is_unreadable: bool,
}

impl Entry {
    /// How many records up to `published` nobody has read yet.
    pub(super) fn unread(&self, published: u64) -> u64 {
        let last = self.closed.map_or(published, |last| last.min(published));
        let records = self.records + last.saturating_sub(self.counted);
        records.saturating_sub(self.taken.records)
    }

    /// Has nobody read the rest up to `published`, and returns what that is. Its bytes are told with the last record of
    /// a closed segment, as they are known there.
    pub(super) fn give_up(&mut self, published: u64) -> Amount {
        let records = self.unread(published);
        let is_all = self.closed.is_some_and(|last| last <= published);
        let bytes = if is_all { self.bytes.saturating_sub(self.taken.bytes) } else { 0 };
        let rest = Amount { records, bytes };
        self.taken.add(rest);
        rest
    }
}

/// What one read took of one segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    number: u64,
    last: u64,
    amount: Amount,
}

/// What a reader may do with a record that it has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// Hand it out. `more` of its segment can be read.
    Taken { more: bool },
    /// It is delivered or dropped already.
    Skip,
    /// There is nothing more to be read in its segment.
    Over,
}

#[derive(Debug, Default)]
pub(super) struct Table {
    /// In the order of their numbers. The last is written to, unless it is closed.
    pub(super) segments: VecDeque<Entry>,
    pub(super) spares: Vec<Spare>,
    /// Of all files, and of those that are being made.
    pub(super) file_bytes: u64,
    pub(super) mark: Mark,
    /// What was read and is not delivered.
    pub(super) reads: VecDeque<Taken>,
    /// What is no longer pending.
    pub(super) settled: Amount,
    /// Settled segments, to be used again once the cursor is written.
    pub(super) freed: Vec<Entry>,
    /// Maps that are no longer used, for a thread that has the time to undo them.
    pub(super) retired: Vec<Map>,
    /// The number that the next file gets.
    pub(super) next_number: u64,
}

impl Table {
    pub(super) fn number(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        number
    }

    pub(super) fn entry(&mut self, number: u64) -> Option<&mut Entry> {
        self.segments.iter_mut().find(|entry| entry.number == number)
    }

    /// The first segment that has something to be read.
    pub(super) fn readable(&self, published: u64) -> Option<&Entry> {
        self.segments.iter().find(|entry| entry.unread(published) > 0)
    }

    /// A reader asks for a record; `begun` is whether it goes with what was claimed last.
    pub(super) fn claim(
        &mut self,
        number: u64,
        sequence: u64,
        bytes: u64,
        published: u64,
        begun: bool,
    ) -> Claim {
        if !self.mark.is_live(sequence) {
            return Claim::Skip;
        }
        let Some(entry) = self.segments.iter_mut().find(|entry| entry.number == number) else {
            return Claim::Over;
        };
        if entry.unread(published) == 0 {
            return Claim::Over;
        }
        let one = Amount { records: 1, bytes };
        entry.taken.add(one);
        let more = entry.unread(published) > 0;
        match self.reads.back_mut() {
            Some(read) if begun => {
                read.last = sequence;
                read.amount.add(one);
            }
            _ => self.reads.push_back(Taken { number, last: sequence, amount: one }),
        }
        Claim::Taken { more }
    }

    /// Nothing more can be found in a segment: what should be there is lost. Returns how many records.
    pub(super) fn lose(&mut self, number: u64, published: u64) -> u64 {
        let Some(entry) = self.entry(number) else { return 0 };
        let lost = entry.give_up(published);
        self.settled.add(lost);
        self.settle_front();
        lost.records
    }

    /// Settles all reads that end at or before a sequence; `false` where that is none.
    pub(super) fn deliver(&mut self, up_to: u64) -> bool {
        let mut any = false;
        while let Some(read) = self.reads.front().copied().filter(|read| read.last <= up_to) {
            self.reads.pop_front();
            self.settled.add(read.amount);
            self.mark.settle(read.last);
            any = true;
        }
        self.settle_front();
        any
    }

    /// Takes out the segments in front of which nothing is left to be delivered.
    pub(super) fn settle_front(&mut self) {
        while let Some(front) = self.segments.front() {
            let Some(last) = front.closed else { return };
            if front.unread(last) > 0 || self.is_pinned(front.number) {
                return;
            }
            self.mark.settle(last);
            if let Some(mut entry) = self.segments.pop_front() {
                // Bytes of records that were lost while it was written to.
                let rest = entry.give_up(last);
                self.settled.add(rest);
                self.freed.push(entry);
            }
        }
    }

    /// Whether something that was read in it is not delivered.
    fn is_pinned(&self, number: u64) -> bool {
        self.reads.iter().any(|read| read.number == number)
    }

    /// Drops the oldest segments that hold nothing that is on its way, at least one and so many bytes of files, and
    /// what is unread in front of them. Returns how many records that were.
    pub(super) fn drop_oldest(&mut self, bytes: u64, published: u64) -> u64 {
        self.settle_front();
        let (mut freed, mut cut) = (0, 0);
        for (place, entry) in self.segments.iter().enumerate() {
            if entry.closed.is_none() || freed > 0 && freed >= bytes {
                break;
            }
            if !self.is_pinned(entry.number) {
                freed += entry.file_bytes;
                cut = place + 1;
            }
        }
        let to = self.segments.get(cut).map_or(published, |next| next.first.saturating_sub(1));
        if freed == 0 || !self.mark_dropped(to) {
            return 0;
        }
        let mut dropped = Amount::default();
        for (place, mut entry) in std::mem::take(&mut self.segments).into_iter().enumerate() {
            if place < cut {
                dropped.add(entry.give_up(published));
            }
            if place < cut && !self.is_pinned(entry.number) {
                self.freed.push(entry);
            } else {
                self.segments.push_back(entry);
            }
        }
        self.settled.add(dropped);
        dropped.records
    }

    /// Notes that everything up to `to` but what is on its way is dropped; `false` where that cannot be said.
    fn mark_dropped(&mut self, to: u64) -> bool {
        let Some(last) = self.reads.back().map(|read| read.last) else {
            self.mark.settle(to);
            return true;
        };
        // There may be a hole among what is on its way, or, after the start, records in front of one that stay.
        let is_apart = |(from, end): (u64, u64)| last > end || to.saturating_add(1) < from;
        if self.mark.hole.is_some_and(is_apart) {
            // Only one can be noted.
            return false;
        }
        let (from, end) = self.mark.hole.unwrap_or((last + 1, to));
        self.mark.hole = Some((from.min(last + 1), end.max(to)));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_after_a_read_began_is_not_lost_by_it() {
        let entry = Entry {
            number: 1,
            file_bytes: 512,
            first: 1,
            // Five records when a reader looked at what is published; since then it was filled.
            closed: Some(9),
            records: 0,
            counted: 0,
            bytes: 90,
            taken: Amount::default(),
            is_unreadable: false,
        };
        let mut table = Table { segments: [entry].into(), ..Table::default() };
        assert_eq!(table.segments[0].unread(5), 5);
        assert_eq!(table.lose(1, 5), 5);
        assert_eq!((table.segments[0].unread(5), table.segments[0].unread(9)), (0, 4));
        assert!(table.readable(5).is_none() && table.readable(9).is_some());
        assert_eq!(table.settled, Amount { records: 5, bytes: 0 });
        assert_eq!(table.lose(1, 9), 4);
        assert_eq!(table.settled, Amount { records: 9, bytes: 90 });
        assert!(table.segments.is_empty());
    }
}
