//! Finds records in a segment's file, one after the other, and the next whole one behind what is damaged.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use super::Settings;
use super::error;
use super::format::{self, ALIGN, HEAD, HEADER, Header, Seed};

/// What a disk gives or does not give at a time.
const BLOCK: usize = 4096;

/// One pass over the records of one segment, in memory of a chunk or of the longest record.
#[derive(Debug)]
pub(super) struct Scan<F = File> {
    file: F,
    seed: Seed,
    /// Where the file ends.
    end: u64,
    /// Where the next record is looked for.
    at: u64,
    /// Where the last one that was found ends.
    behind: u64,
    /// Its sequence, or the one in front of the first.
    last: u64,
    /// Whether the next sequence must be the one after `last`, had nothing been lost since `behind`.
    follows: bool,
    /// These three as they were in front of it.
    before: (u64, u64, bool),
    /// The file's bytes from `base` on.
    buffer: Vec<u8>,
    base: u64,
    chunk: usize,
    /// Whether what cannot be read is passed over, as damaged bytes.
    passes: bool,
    /// Whether there was such.
    is_unreadable: bool,
}

/// A whole record.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) sequence: u64,
    pub(super) priority: u8,
    /// Damaged bytes in front of it.
    pub(super) skipped: u64,
    /// Where its bytes are in [`Scan::bytes`].
    pub(super) record: Range<usize>,
}

impl Scan {
    /// Over a segment of this number, whose first record has a sequence above `last`: the very next one if `follows`.
    pub(super) fn new(file: File, number: u64, last: u64, follows: bool, chunk: usize) -> io::Result<Self> {
        // No more than a segment may be, whatever is in its place.
        let end = file.metadata()?.len().min(Settings::MAX_SEGMENT_BYTES);
        Ok(Self::over(file, end, number, last, follows, chunk))
    }
}

impl<F: FileExt> Scan<F> {
    fn over(file: F, end: u64, number: u64, last: u64, follows: bool, chunk: usize) -> Self {
        Self {
            file,
            seed: Seed::new(number),
            end,
            at: HEAD as u64,
            behind: HEAD as u64,
            last,
            follows,
            before: (HEAD as u64, last, follows),
            buffer: Vec::new(),
            base: 0,
            chunk,
            passes: false,
            is_unreadable: false,
        }
    }

    /// Passes over what cannot be read from now on, as over what is damaged.
    pub(super) fn pass_unreadable(&mut self) {
        self.passes = true;
    }

    /// Whether there was anything to be passed over.
    pub(super) fn is_unreadable(&self) -> bool {
        self.is_unreadable
    }

    /// Where the last record that was found ends.
    pub(super) fn behind(&self) -> u64 {
        self.behind
    }

    /// The bytes of a record that was found, until the next is looked for.
    pub(super) fn bytes(&self, found: &Found) -> &[u8] {
        self.buffer.get(found.record.clone()).unwrap_or_default()
    }

    /// The sequence of the last record that was found, or the one in front of the first.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// Has the record that was found last be the next one.
    pub(super) fn put_back(&mut self) {
        (self.behind, self.last, self.follows) = self.before;
        self.at = self.behind;
    }

    /// Goes back behind the last record that was found, and forgets what was read: the file may have changed since.
    pub(super) fn refresh(&mut self) {
        self.at = self.behind;
        self.buffer.clear();
        self.buffer.shrink_to(4 * self.chunk);
    }

    /// The next whole record; nothing where there is none up to the end of the file.
    pub(super) fn next(&mut self) -> io::Result<Option<Found>> {
        while self.find_magic()? {
            if let Some(found) = self.try_here()? {
                return Ok(Some(found));
            }
            self.at += ALIGN as u64;
        }
        Ok(None)
    }

    /// Moves on to where a record could begin.
    fn find_magic(&mut self) -> io::Result<bool> {
        while self.load(HEADER)? {
            let place = (self.at - self.base) as usize;
            let rest = self.buffer.get(place..).unwrap_or_default();
            match rest.chunks_exact(ALIGN).position(format::is_magic) {
                Some(steps) => {
                    self.at += (steps * ALIGN) as u64;
                    return Ok(true);
                }
                None => self.at += (rest.len() / ALIGN * ALIGN) as u64,
            }
        }
        Ok(false)
    }

    /// The record that begins here, if it is one.
    fn try_here(&mut self) -> io::Result<Option<Found>> {
        if !self.load(HEADER)? {
            return Ok(None);
        }
        let place = (self.at - self.base) as usize;
        let Some(header) = self.buffer.get(place..).and_then(Header::decode) else { return Ok(None) };
        let length = header.length as usize;
        // Cheap to be seen, before any bytes are read for it.
        let fits = self.at + (HEADER + length) as u64 <= self.end;
        if !fits || !self.may_follow(header.sequence) || !self.load(HEADER + length)? {
            return Ok(None);
        }
        let begin = (self.at - self.base) as usize + HEADER;
        let record = begin..begin + length;
        let whole = self.buffer.get(record.clone()).is_some_and(|bytes| header.is_whole(&self.seed, bytes));
        if !whole {
            return Ok(None);
        }
        let found = Found {
            sequence: header.sequence,
            priority: header.priority,
            skipped: self.at - self.behind,
            record,
        };
        self.at += format::size(length) as u64;
        self.before = (self.behind, self.last, self.follows);
        (self.behind, self.last, self.follows) = (self.at, header.sequence, true);
        Ok(Some(found))
    }

    /// Whether this sequence can come next: they rise by one, and each takes up a header at least.
    fn may_follow(&self, sequence: u64) -> bool {
        let lost = (self.at - self.behind) / HEADER as u64;
        let most = if self.follows { self.last + 1 + lost } else { u64::MAX };
        sequence > self.last && sequence <= most && format::is_sane(sequence)
    }

    /// Has at least so many bytes from here on in the buffer; `false` where the file ends before.
    fn load(&mut self, bytes: usize) -> io::Result<bool> {
        let held = self.base + self.buffer.len() as u64;
        if self.at >= self.base && self.at + bytes as u64 <= held {
            return Ok(true);
        }
        let length = (bytes.max(self.chunk) as u64).min(self.end.saturating_sub(self.at)) as usize;
        self.base = self.at;
        if length < bytes {
            self.buffer.clear();
            return Ok(false);
        }
        self.buffer.resize(length, 0);
        let (mut filled, mut pass) = (0, BLOCK);
        while filled < length {
            let from = self.base + filled as u64;
            match self.file.read_at(&mut self.buffer[filled..], from) {
                Ok(0) => break,
                Ok(more) => (filled, pass) = (filled + more, BLOCK),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if self.passes && error::is_unreadable(&error) => {
                    // Up to the end of its block; of many in a row more at a time, as each may take its while.
                    let end = length.min(filled + pass - (from % BLOCK as u64) as usize);
                    self.buffer[filled..end].fill(0);
                    (filled, pass) = (end, 2 * pass);
                    self.is_unreadable = true;
                }
                Err(error) => {
                    self.buffer.clear();
                    return Err(error);
                }
            }
        }
        self.buffer.truncate(filled);
        Ok(filled >= bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of which some cannot be read.
    struct Disk {
        bytes: Vec<u8>,
        unreadable: Range<u64>,
    }

    impl FileExt for Disk {
        fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
            if self.unreadable.contains(&at) {
                return Err(io::Error::from_raw_os_error(5));
            }
            let mut end = self.bytes.len().min(at as usize + buffer.len());
            if at < self.unreadable.start {
                end = end.min(self.unreadable.start as usize);
            }
            let bytes = &self.bytes[at as usize..end];
            buffer[..bytes.len()].copy_from_slice(bytes);
            Ok(bytes.len())
        }

        fn write_at(&self, _: &[u8], _: u64) -> io::Result<usize> {
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    /// Records of 1,000 bytes, each of which takes up 1,024, behind the head.
    fn disk(records: u64, unreadable: Range<u64>) -> Disk {
        let mut bytes = vec![0; HEAD];
        for sequence in 1..=records {
            let record = [sequence as u8; 1_000];
            let mut header = format::header(&Seed::new(7), sequence, 0, &record);
            header[20..].copy_from_slice(&format::commit(0));
            bytes.extend([&header[..], &record].concat());
        }
        Disk { bytes, unreadable }
    }

    #[test]
    fn what_cannot_be_read_costs_the_records_in_it_once_it_is_passed_over() {
        let all = 100;
        for (unreadable, lost) in [
            // One block of 4,096 bytes: it begins in the fourth record, and ends in the eighth.
            (4_096..8_192, 4..=8),
            // The first one, with the head.
            (0..4_096, 1..=4),
            // Five in a row, of which the last two are passed over with two behind them: 1, 2, and 4 blocks.
            (8_192..28_672, 8..=36),
        ] {
            let disk = disk(all, unreadable.clone());
            let end = disk.bytes.len() as u64;
            let mut scan = Scan::over(disk, end, 7, 0, true, 64 << 10);
            while let Ok(found) = scan.next() {
                assert!(found.is_some(), "{unreadable:?}");
            }
            scan.refresh();
            let error = scan.next().unwrap_err();
            assert_eq!((error.raw_os_error(), scan.is_unreadable()), (Some(5), false));
            scan.pass_unreadable();
            let mut left: Vec<_> = (1..=scan.last()).collect();
            while let Some(found) = scan.next().unwrap() {
                assert_eq!(scan.bytes(&found), [found.sequence as u8; 1_000]);
                left.push(found.sequence);
            }
            assert!(scan.is_unreadable());
            let expected: Vec<_> = (1..=all).filter(|sequence| !lost.contains(sequence)).collect();
            assert_eq!(left, expected, "{unreadable:?}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_at_all_has_an_end() {
        let disk = disk(100, 0..u64::MAX);
        let end = disk.bytes.len() as u64;
        let mut scan = Scan::over(disk, end, 7, 0, true, 16 << 10);
        scan.pass_unreadable();
        assert!(scan.next().unwrap().is_none());
    }
}
