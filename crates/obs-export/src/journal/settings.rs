//! Where a journal is, how large it may be, and how it is cut into segments.

use std::path::{Path, PathBuf};

use super::Error;
use super::format::ALIGN;

/// Where a journal is, how large it may be, and how it is cut into segments.
#[derive(Clone, Debug)]
#[must_use]
pub struct Settings {
    pub(super) directory: PathBuf,
    pub(super) segment_bytes: u64,
    pub(super) max_bytes: u64,
    pub(super) spares: usize,
    pub(super) content: Option<String>,
    least: u64,
}

impl Settings {
    /// The shortest segment.
    pub const MIN_SEGMENT_BYTES: u64 = 64 * 1024;
    /// The longest segment.
    pub const MAX_SEGMENT_BYTES: u64 = 1024 * 1024 * 1024;

    /// A journal in this directory, which is made where it is missing and belongs to the journal alone: segments of
    /// 8 MiB, 256 MiB together, one spare kept.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            segment_bytes: 8 * 1024 * 1024,
            max_bytes: 256 * 1024 * 1024,
            spares: 1,
            content: None,
            least: Self::MIN_SEGMENT_BYTES,
        }
    }

    /// How long a segment is, rounded up to a multiple of 8; default 8 MiB, from 64 KiB to 1 GiB. It bounds the longest
    /// record, and is what is freed at a time.
    pub const fn segment_bytes(mut self, bytes: u64) -> Self {
        self.segment_bytes = bytes;
        self
    }

    /// The most bytes that all segments take up on the disk, with spares; default 256 MiB, at least two segments.
    /// Segments that are there already when it is made smaller stay until they are delivered.
    pub const fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// How many empty segments are kept instead of being removed; default 1.
    pub const fn spares(mut self, segments: usize) -> Self {
        self.spares = segments;
        self
    }

    /// What kind of records it holds, in a word or two of the caller's; default nothing is said. A journal in which there
    /// are records of another kind is not opened.
    pub fn content(mut self, content: impl Into<String>) -> Self {
        self.content = Some(content.into());
        self
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Segments shorter than are allowed, so that tests can try each of their bytes.
    #[cfg(test)]
    pub(super) const fn tiny_segments(mut self, bytes: u64) -> Self {
        self.least = 0;
        self.segment_bytes(bytes)
    }

    /// What is used, where it makes sense.
    pub(super) fn check(mut self) -> Result<Self, Error> {
        if !(self.least..=Self::MAX_SEGMENT_BYTES).contains(&self.segment_bytes) {
            return Err(Error::SegmentBytes(self.segment_bytes));
        }
        self.segment_bytes = self.segment_bytes.next_multiple_of(ALIGN as u64);
        if self.max_bytes / 2 < self.segment_bytes {
            return Err(Error::MaxBytes { max_bytes: self.max_bytes, segment_bytes: self.segment_bytes });
        }
        Ok(self)
    }
}
