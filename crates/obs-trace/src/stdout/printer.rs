//! Gathers, formats and writes; what both threads of the exporter share, one at a time.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use obs_core::time::Monotonic;
use obs_export::proto::{Reader, Wire};

use super::forest;
use super::gather::{Gather, Piece, Waiting};
use super::line::Paint;
use super::settings::Settings;
use crate::decode::Place;
use crate::encode::field;

/// A text above this size is given back after it was written.
const KEEP_BYTES: usize = 64 * 1024;

pub(super) struct Printer {
    gather: Gather,
    writer: Box<dyn Write + Send>,
    paint: Paint,
    waiting_bytes: usize,
    patience: Duration,
    text: String,
}

impl Printer {
    pub(super) fn new(settings: Settings) -> Self {
        let (waiting_bytes, patience) = (settings.waiting_bytes, settings.patience);
        let paint = settings.paint();
        let (gather, writer) = (Gather::default(), settings.into_writer());
        Self { gather, writer, paint, waiting_bytes, patience, text: String::new() }
    }

    /// Takes a batch of spans and prints what is complete, and what no longer fits. Returns how many spans are lost
    /// because they could not be written.
    pub(super) fn take(&mut self, batch: &[u8], now: Monotonic) -> u64 {
        let mut lost = 0;
        for record in Reader::new(batch) {
            // Whatever is not one of our own entries has nothing to show.
            let Ok((field::SCOPE_SPANS_SPANS, Wire::Bytes(span))) = record else { continue };
            let Ok(place) = Place::read(span) else { continue };
            if let Some(piece) = self.gather.add(Waiting { place, bytes: span.into() }, now) {
                lost += self.print(&piece);
            }
            while self.gather.bytes() > self.waiting_bytes {
                lost += self.gather.take_oldest().map_or(0, |piece| self.print(&piece));
            }
        }
        lost
    }

    /// Prints, as parts, the traces that have waited long enough.
    pub(super) fn overdue(&mut self, now: Monotonic) {
        while self.due(now).is_some_and(|left| left.is_zero()) {
            if let Some(piece) = self.gather.take_oldest() {
                self.print(&piece);
            }
        }
    }

    /// Prints all that waits, as parts.
    pub(super) fn all(&mut self) {
        while let Some(piece) = self.gather.take_oldest() {
            self.print(&piece);
        }
    }

    /// How long the next trace may still wait; `None` when nothing waits.
    pub(super) fn due(&self, now: Monotonic) -> Option<Duration> {
        self.gather.oldest().map(|since| self.patience.saturating_sub(now.since(since)))
    }

    /// Returns how many spans are lost.
    fn print(&mut self, piece: &Piece) -> u64 {
        self.text.clear();
        forest::write(&mut self.text, piece, self.paint);
        let written = write(&mut self.writer, &self.text);
        self.text.shrink_to(KEEP_BYTES);
        if written.is_ok() { 0 } else { piece.spans.len() as u64 }
    }
}

/// A writer of the caller's that panics costs the text and no more.
fn write(writer: &mut dyn Write, text: &str) -> io::Result<()> {
    let written = catch_unwind(AssertUnwindSafe(|| {
        writer.write_all(text.as_bytes())?;
        writer.flush()
    }));
    written.unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
}
