//! How far a batch has come: which records are out, and how much of the next one.

use super::{Sent, counted};
use crate::queue::Batch;

/// The records of a batch that are not out.
pub(super) struct Work<'a> {
    bytes: &'a [u8],
    /// Where the first one that is not out begins, and where it ends.
    from: usize,
    to: usize,
    /// How far it was written.
    at: usize,
    left: u64,
}

impl<'a> Work<'a> {
    pub(super) fn of(batch: &'a Batch) -> Self {
        let mut work = Self { bytes: &batch.bytes, from: 0, to: 0, at: 0, left: batch.records };
        work.find();
        work
    }

    /// What is to be written; `None` at the end.
    pub(super) fn rest(&self) -> Option<&'a [u8]> {
        if self.left == 0 || self.to == self.from { None } else { self.bytes.get(self.at..) }
    }

    /// How many records are not out.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// Whether some of the next record is written.
    pub(super) fn is_begun(&self) -> bool {
        self.at > self.from
    }

    /// Notes that bytes are written; whether any record got out by it.
    pub(super) fn advance(&mut self, bytes: usize) -> bool {
        self.at += bytes;
        let before = self.left;
        while self.left > 0 && self.to > self.from && self.to <= self.at {
            self.next();
        }
        self.left < before
    }

    /// Leaves the first record out.
    pub(super) fn skip(&mut self) {
        self.next();
        self.at = self.from;
    }

    /// Begins the first record anew.
    pub(super) fn rewind(&mut self) {
        self.at = self.from;
    }

    fn next(&mut self) {
        self.from = self.to;
        self.left -= 1;
        self.find();
    }

    fn find(&mut self) {
        self.to = counted::first(&self.bytes[self.from..]).map_or(self.from, |range| self.from + range.end);
    }
}

impl Sent {
    /// What a write to a stream has come to.
    pub(super) fn of(written: std::io::Result<usize>) -> std::io::Result<Self> {
        use std::io::ErrorKind::{Interrupted, TimedOut, WouldBlock, WriteZero};
        match written {
            Ok(0) => Err(WriteZero.into()),
            Ok(bytes) => Ok(Self::Bytes(bytes)),
            Err(error) if matches!(error.kind(), WouldBlock | TimedOut | Interrupted) => Ok(Self::Waits),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(records: &[&[u8]]) -> Batch {
        let mut batch = Batch { records: records.len() as u64, ..Batch::default() };
        records.iter().for_each(|record| counted::push(&mut batch.bytes, |out| out.extend(*record)));
        batch
    }

    #[test]
    fn a_record_is_out_when_its_last_byte_is_and_one_that_was_cut_short_begins_anew() {
        let batch = batch(&[b"abc", b"", b"defg"]);
        let mut work = Work::of(&batch);
        assert_eq!(work.rest(), Some(&b"3 abc0 4 defg"[..]));
        assert!(!work.advance(4));
        assert_eq!((work.rest(), work.left()), (Some(&b"c0 4 defg"[..]), 3));
        // Two at once, and the head of the third.
        assert!(work.advance(4));
        assert_eq!((work.rest(), work.left()), (Some(&b" defg"[..]), 1));
        work.rewind();
        assert_eq!(work.rest(), Some(&b"4 defg"[..]));
        assert!(work.advance(6));
        assert_eq!((work.rest(), work.left()), (None, 0));
    }

    #[test]
    fn what_will_never_go_is_left_out_whole() {
        let batch = batch(&[b"abc", b"de"]);
        let mut work = Work::of(&batch);
        work.advance(1);
        work.skip();
        assert_eq!((work.rest(), work.left()), (Some(&b"2 de"[..]), 1));
    }

    #[test]
    fn what_is_no_record_ends_it() {
        let mut batch = batch(&[b"abc", b"de"]);
        batch.bytes.truncate(7);
        let mut work = Work::of(&batch);
        work.advance(5);
        assert_eq!((work.rest(), work.left()), (None, 1));
    }
}
