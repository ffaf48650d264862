//! Finds records in a segment's file, one after the other, and the next whole one behind what is damaged.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use super::Settings;
use super::format::{self, ALIGN, HEAD, HEADER, Header, Seed};

/// One pass over the records of one segment, in memory of a chunk or of the longest record.
#[derive(Debug)]
pub(super) struct Scan {
    file: File,
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
        Ok(Self {
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
        })
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
        let mut filled = 0;
        while filled < length {
            match self.file.read_at(&mut self.buffer[filled..], self.base + filled as u64) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
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
