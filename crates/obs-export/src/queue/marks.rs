//! Where one record ends and the next begins, for queues whose records leave one by one or make room for others.
//!
//! A record that makes room leaves a hole in the bytes, so that nothing is moved for it; holes are closed when the
//! batch is taken, or once they are a quarter of what the queue may hold.

use std::collections::VecDeque;

use super::gap::{self, Gap};
use super::{Batch, Reason};

/// Gaps that are always borne with, before they are put together.
const GAPS: usize = 1_024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// May make room for others.
    Low,
    /// Stays until it is sent.
    High,
    /// Records that are missing here.
    Gap(Reason),
}

/// One record, or a gap: its bytes are a hole.
#[derive(Clone, Copy, Debug)]
struct Mark {
    bytes: usize,
    records: u64,
    kind: Kind,
}

/// The marks of all bytes of a batch that is filling, in their order.
#[derive(Debug, Default)]
pub(super) struct Marks {
    marks: VecDeque<Mark>,
    gaps: usize,
    /// Bytes of records that made room.
    pub(super) holes: usize,
    /// Bytes of records that may make room.
    low_bytes: usize,
    /// Nothing in front of this place may make room.
    cursor: usize,
}

impl Marks {
    pub(super) fn push(&mut self, bytes: usize, is_low: bool) {
        let kind = if is_low { Kind::Low } else { Kind::High };
        self.low_bytes += if is_low { bytes } else { 0 };
        self.marks.push_back(Mark { bytes, records: 1, kind });
    }

    /// Notes a record that was refused behind all that are there.
    pub(super) fn miss(&mut self, reason: Reason) {
        match self.marks.back_mut() {
            Some(mark) if mark.kind == Kind::Gap(reason) => mark.records += 1,
            _ => {
                self.gaps += 1;
                self.marks.push_back(Mark { bytes: 0, records: 1, kind: Kind::Gap(reason) });
            }
        }
    }

    pub(super) fn has_gaps(&self) -> bool {
        self.gaps > 0
    }

    /// Turns the oldest records that may make room into holes, until there are `bytes` more of them. Returns how many
    /// records it were; `None`, and nothing is done, where they would not be enough.
    pub(super) fn make_room(&mut self, bytes: usize) -> Option<u64> {
        if bytes > self.low_bytes {
            return None;
        }
        let (mut freed, mut records) = (0, 0);
        while freed < bytes {
            let mark = self.marks.get_mut(self.cursor)?;
            self.cursor += 1;
            if mark.kind == Kind::Low {
                mark.kind = Kind::Gap(Reason::Evicted);
                freed += mark.bytes;
                records += 1;
            }
        }
        self.gaps += records;
        self.holes += freed;
        self.low_bytes -= freed;
        Some(records as u64)
    }

    /// Whether holes and gaps are too many to be borne with.
    pub(super) fn is_worn(&self, capacity_bytes: usize) -> bool {
        self.holes > capacity_bytes / 4 || self.gaps > GAPS + 4 * (self.marks.len() - self.gaps)
    }

    /// Closes the holes in `bytes`, and puts the gaps between two records together.
    pub(super) fn mend(&mut self, bytes: &mut Vec<u8>) {
        let (mut from, mut to, mut kept) = (0, 0, 0);
        // Where in the list the gaps in front of the next record begin.
        let mut gaps = 0;
        for index in 0..self.marks.len() {
            let mark = self.marks[index];
            match mark.kind {
                Kind::Gap(_) => {
                    let mut here = self.marks.range_mut(gaps..kept);
                    if let Some(same) = here.find(|known| known.kind == mark.kind) {
                        same.records += mark.records;
                    } else {
                        self.marks[kept] = Mark { bytes: 0, ..mark };
                        kept += 1;
                    }
                }
                Kind::Low | Kind::High => {
                    bytes.copy_within(from..from + mark.bytes, to);
                    to += mark.bytes;
                    self.marks[kept] = mark;
                    kept += 1;
                    gaps = kept;
                }
            }
            from += mark.bytes;
        }
        bytes.truncate(to);
        self.marks.truncate(kept);
        self.gaps = self.marks.iter().filter(|mark| matches!(mark.kind, Kind::Gap(_))).count();
        (self.holes, self.cursor) = (0, 0);
    }

    /// Closes the holes of a whole batch, and moves its gaps into it where they are told.
    pub(super) fn finish(&mut self, batch: &mut Batch, tells_gaps: bool) {
        if self.has_gaps() {
            self.mend(&mut batch.bytes);
            let mut at = 0;
            for mark in self.marks.iter().filter(|_| tells_gaps) {
                match mark.kind {
                    Kind::Gap(reason) => gap::note(&mut batch.gaps, at, reason, mark.records),
                    Kind::Low | Kind::High => at += mark.bytes,
                }
            }
        }
        self.marks.clear();
        (self.gaps, self.holes, self.low_bytes, self.cursor) = (0, 0, 0, 0);
    }

    /// Takes out the first record with the gaps in front of it. Returns how many bytes of holes are in front of it, how
    /// long it is (`None` where there are gaps alone), and how many places these were.
    pub(super) fn first(&mut self, gaps: &mut Vec<Gap>, tells_gaps: bool) -> (usize, Option<usize>, u64) {
        let (mut hole, mut places) = (0, 0);
        let mut record = None;
        while let Some(mark) = self.marks.pop_front() {
            self.cursor = self.cursor.saturating_sub(1);
            places += mark.records;
            if let Kind::Gap(reason) = mark.kind {
                hole += mark.bytes;
                self.gaps -= 1;
                if tells_gaps {
                    gap::note(gaps, 0, reason, mark.records);
                }
                continue;
            }
            self.low_bytes -= if mark.kind == Kind::Low { mark.bytes } else { 0 };
            record = Some(mark.bytes);
            break;
        }
        self.holes -= hole;
        (hole, record, places)
    }

    /// Moves the first records into `part`, as many as have at most so many bytes together, but at least one. Returns
    /// how many bytes these are with their holes, how many records, and how many places.
    pub(super) fn split(&mut self, most_bytes: usize, part: &mut Self) -> (usize, u64, u64) {
        let (mut bytes, mut records, mut places) = (0, 0, 0);
        while let Some(mark) = self.marks.front().copied() {
            let is_gap = matches!(mark.kind, Kind::Gap(_));
            if !is_gap && records > 0 && bytes - part.holes + mark.bytes > most_bytes {
                break;
            }
            self.marks.pop_front();
            self.cursor = self.cursor.saturating_sub(1);
            bytes += mark.bytes;
            places += mark.records;
            if is_gap {
                (self.gaps, part.gaps) = (self.gaps - 1, part.gaps + 1);
                (self.holes, part.holes) = (self.holes - mark.bytes, part.holes + mark.bytes);
            } else {
                records += 1;
                self.low_bytes -= if mark.kind == Kind::Low { mark.bytes } else { 0 };
            }
            part.marks.push_back(mark);
        }
        (bytes, records, places)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }
}
