//! The spans of one local root while they wait: encoded, in pieces that are charged to the budget of the process.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use obs_export::proto::Reader;

use super::counts::LetGo;
use super::judge::{Kept, Tails};
use crate::encode;
use crate::record::SpanRecord;
use crate::sink::SpanSink;

/// What memory is taken in; a span that is larger has a piece of its own.
const PIECE_BYTES: usize = 4 * 1024;
const UNJUDGED: u8 = u8::MAX;

/// What the spans under a local root wait in; kept in its `Local`.
#[derive(Debug)]
pub(crate) struct Held {
    tails: Arc<Tails>,
    /// What the root was judged to be: the number of a [`Kept`].
    judged: AtomicU8,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Waiting(Waiting),
    Kept,
    LetGo,
}

#[derive(Debug, Default)]
struct Waiting {
    pieces: VecDeque<Piece>,
    /// What all pieces are charged with.
    bytes: usize,
    /// How many found no room.
    dropped: u64,
}

#[derive(Debug)]
struct Piece {
    bytes: Vec<u8>,
    charged: usize,
    spans: u64,
}

impl Held {
    pub(super) fn new(tails: Arc<Tails>) -> Self {
        let state = Mutex::new(State::Waiting(Waiting::default()));
        Self { tails, judged: AtomicU8::new(UNJUDGED), state }
    }

    pub(super) fn is_of(&self, tails: &Arc<Tails>) -> bool {
        Arc::ptr_eq(&self.tails, tails)
    }

    /// Stores what the root is judged to be, until its end is told to all.
    pub(crate) fn judge(&self, kept: Option<Kept>) {
        self.judged.store(kept.map_or(UNJUDGED, |kept| kept as u8), Ordering::Relaxed);
    }

    /// What it was judged to be.
    pub(crate) fn judged(&self) -> Option<Kept> {
        let judged = self.judged.load(Ordering::Relaxed);
        Kept::ALL.get(usize::from(judged)).copied()
    }

    // What is changed under it never panics half-way.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is decided that nothing more is kept, so that nothing more need be recorded.
    pub(crate) fn is_let_go(&self) -> bool {
        matches!(*self.lock(), State::LetGo)
    }

    /// Takes a span that has ended: it waits, or follows the verdict where there is one.
    pub(crate) fn take(&self, span: &SpanRecord<'_>, sink: &dyn SpanSink) {
        let counts = self.tails.counts();
        counts.waited();
        if self.is_let_go() {
            return counts.let_go(1, LetGo::Verdict);
        }
        encode::with_span(span, |bytes| {
            // Encoded out here, where nothing is locked.
            let mut state = self.lock();
            match &mut *state {
                State::Waiting(waiting) => waiting.push(bytes, &self.tails),
                State::LetGo => counts.let_go(1, LetGo::Verdict),
                State::Kept => {
                    drop(state);
                    counts.kept(1);
                    sink.export_encoded(bytes);
                }
            }
        });
    }

    /// The local root has ended: what waits is handed on or let go, and what comes later follows. Gives the number of spans
    /// that had found no room.
    pub(crate) fn settle(&self, kept: Option<Kept>, sink: &dyn SpanSink) -> u64 {
        let counts = self.tails.counts();
        counts.root(kept);
        let next = if kept.is_some() { State::Kept } else { State::LetGo };
        let State::Waiting(waiting) = std::mem::replace(&mut *self.lock(), next) else { return 0 };
        let Waiting { pieces, dropped, .. } = waiting;
        for piece in pieces {
            if kept.is_some() {
                counts.kept(piece.spans);
                piece.each(|span| sink.export_encoded(span));
            } else {
                counts.let_go(piece.spans, LetGo::Verdict);
            }
            piece.give_back(&self.tails);
        }
        dropped
    }
}

/// The local root is gone and was never judged.
impl Drop for Held {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let State::Waiting(waiting) = std::mem::replace(state, State::LetGo) else { return };
        for piece in waiting.pieces {
            self.tails.counts().let_go(piece.spans, LetGo::Unjudged);
            piece.give_back(&self.tails);
        }
    }
}

impl Waiting {
    /// Where there is no room the oldest spans of the same trace go. They are the innermost: what stays has its parents.
    fn push(&mut self, span: &[u8], tails: &Tails) {
        if let Some(last) = self.pieces.back_mut()
            && last.has_room(span.len())
        {
            return last.push(span);
        }
        let size = span.len().max(PIECE_BYTES);
        if size > tails.trace_bytes() {
            // It would find none however many went.
            self.dropped += 1;
            return tails.counts().let_go(1, LetGo::TraceFull);
        }
        loop {
            let in_trace = self.bytes + size <= tails.trace_bytes();
            if in_trace && tails.charge(size) {
                self.bytes += size;
                let mut piece = Piece { bytes: Vec::with_capacity(size), charged: size, spans: 0 };
                piece.push(span);
                return self.pieces.push_back(piece);
            }
            let why = if in_trace { LetGo::ProcessFull } else { LetGo::TraceFull };
            let Some(oldest) = self.pieces.pop_front() else {
                self.dropped += 1;
                return tails.counts().let_go(1, why);
            };
            self.bytes -= oldest.charged;
            self.dropped += oldest.spans;
            tails.counts().let_go(oldest.spans, why);
            oldest.give_back(tails);
        }
    }
}

impl Piece {
    fn has_room(&self, bytes: usize) -> bool {
        self.charged - self.bytes.len() >= bytes
    }

    fn push(&mut self, span: &[u8]) {
        self.bytes.extend_from_slice(span);
        self.spans += 1;
    }

    /// Each span as it was encoded: one field of a message each, one behind the other.
    fn each(&self, mut each: impl FnMut(&[u8])) {
        let mut reader = Reader::new(&self.bytes);
        let mut begin = 0;
        while let Some(Ok(_)) = reader.next() {
            let end = self.bytes.len() - reader.left();
            each(self.bytes.get(begin..end).unwrap_or_default());
            begin = end;
        }
    }

    fn give_back(self, tails: &Tails) {
        let charged = self.charged;
        drop(self);
        tails.release(charged);
    }
}
