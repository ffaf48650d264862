//! A piece of memory with the lines of one request in it, complete in itself, so that the oldest can go alone.

use obs_core::fields::Fields;
use obs_core::{SpanId, Timestamp};
use tracing_core::Metadata;

use super::record::{self, MAX_BYTES};
use crate::SpanFragments;
use crate::engine::TakesSpans;

/// What a chunk takes, in bytes: its lines and their fields.
pub(super) const CHUNK_BYTES: usize = 4 * 1024;
/// The lines of a chunk.
pub(super) const LINES: usize = 32;
/// The bytes of fields in a chunk.
pub(super) const FIELD_BYTES: usize = CHUNK_BYTES - LINES * size_of::<Line>();
/// Room that spans are expected to take beside a line.
const SPANS_ROOM: usize = 384;
/// The most spans a line shows.
const MOST_SPANS: usize = 32;

/// Where a copy of a span's fields is: the chunk, and the place in it. It is kept with the span, and is forgotten
/// whenever its fields change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Copied {
    chunk: u64,
    at: u32,
    /// Whether it is not whole.
    is_cut: bool,
}

impl Copied {
    /// No chunk has this number.
    pub(crate) const NOWHERE: Self = Self { chunk: 0, at: 0, is_cut: false };
}

impl Default for Copied {
    fn default() -> Self {
        Self::NOWHERE
    }
}

/// One line; what belongs to it are the bytes from `start` to `end`: four for each span, then the fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) metadata: &'static Metadata<'static>,
    pub(super) at: Timestamp,
    pub(super) span_id: SpanId,
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) spans: u8,
    pub(super) is_cut: bool,
    /// Whether it counts among the lines already: sampling has left it out.
    pub(super) is_counted: bool,
}

/// Lines, and the fields of them and of their spans.
#[derive(Debug)]
pub(super) struct Chunk {
    /// No other chunk, and not this one when it is used again, has the same.
    pub(super) number: u64,
    pub(super) lines: Vec<Line>,
    pub(super) bytes: Vec<u8>,
    /// What it takes of the process's budget, in bytes.
    pub(super) charged: usize,
}

impl Chunk {
    pub(super) fn new(number: u64) -> Self {
        let (lines, bytes) = (Vec::with_capacity(LINES), Vec::with_capacity(FIELD_BYTES));
        Self { number, lines, bytes, charged: CHUNK_BYTES }
    }

    /// Makes it ready for other lines.
    pub(super) fn clear(&mut self, number: u64) {
        self.number = number;
        self.lines.clear();
        self.bytes.clear();
    }

    /// Takes the last line back, and what was put behind `before`; all copies of spans are as good as gone.
    pub(super) fn take_back(&mut self, before: usize, number: u64) {
        self.lines.pop();
        self.bytes.truncate(before);
        self.bytes.shrink_to(FIELD_BYTES);
        self.number = number;
    }

    /// Whether it has the size all have, so that it may be used again.
    pub(super) fn is_regular(&self) -> bool {
        self.bytes.capacity() == FIELD_BYTES && self.lines.capacity() == LINES
    }

    /// What it takes beyond that, in bytes.
    pub(super) fn more_than_charged(&self) -> usize {
        (CHUNK_BYTES + self.bytes.capacity().saturating_sub(FIELD_BYTES)).saturating_sub(self.charged)
    }

    /// Whether a line with so many bytes of fields is put here. An empty chunk takes any.
    #[inline]
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.lines.is_empty()
            || self.lines.len() < LINES && self.bytes.len() + bytes + SPANS_ROOM <= FIELD_BYTES
    }
}

/// Takes the open spans of one line: each is copied into the chunk unless it is there.
pub(super) struct OpenSpans<'a> {
    pub(super) chunk: &'a mut Chunk,
    places: [u32; MOST_SPANS],
    count: usize,
    /// The bytes of those that are copied for this line.
    copied: usize,
    pub(super) is_cut: bool,
}

impl<'a> OpenSpans<'a> {
    #[inline]
    pub(super) fn new(chunk: &'a mut Chunk) -> Self {
        Self { chunk, places: [0; MOST_SPANS], count: 0, copied: 0, is_cut: false }
    }

    /// Puts a line with these spans behind them.
    #[inline]
    pub(super) fn finish(self, line: Line, fields: &[u8]) {
        let Self { chunk, places, count, is_cut, .. } = self;
        let start = chunk.bytes.len() as u32;
        for place in places.iter().take(count) {
            chunk.bytes.extend_from_slice(&place.to_le_bytes());
        }
        chunk.bytes.extend_from_slice(fields);
        let end = chunk.bytes.len() as u32;
        chunk.lines.push(Line { start, end, spans: count as u8, is_cut: line.is_cut | is_cut, ..line });
    }

    #[cold]
    fn copy(&mut self, fields: &Fields) -> Copied {
        let at = self.chunk.bytes.len();
        let is_cut = record::span(fields, &mut self.chunk.bytes, MAX_BYTES.saturating_sub(self.copied));
        self.copied += self.chunk.bytes.len() - at;
        Copied { chunk: self.chunk.number, at: at as u32, is_cut }
    }
}

impl TakesSpans for OpenSpans<'_> {
    #[inline]
    fn take_span(&mut self, _: u64, fields: &Fields, fragments: &mut SpanFragments) {
        self.take_recorded(fields, fragments);
    }

    #[inline]
    fn take_recorded(&mut self, fields: &Fields, fragments: &mut SpanFragments) {
        if self.count == MOST_SPANS {
            self.is_cut = true;
            return;
        }
        if fragments.copied.chunk != self.chunk.number {
            fragments.copied = self.copy(fields);
        }
        self.is_cut |= fragments.copied.is_cut;
        self.places[self.count] = fragments.copied.at;
        self.count += 1;
    }
}
