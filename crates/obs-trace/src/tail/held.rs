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
    spans: u64,
    /// Given back after the memory.
    charge: Charge,
}

/// What a piece takes out of the budget for as long as it is there, also where a sink panics.
#[derive(Debug)]
struct Charge {
    tails: Arc<Tails>,
    bytes: usize,
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
        for mut piece in pieces {
            if kept.is_some() {
                counts.kept(piece.taken());
                piece.each(|span| sink.export_encoded(span));
            } else {
                counts.let_go(piece.taken(), LetGo::Verdict);
            }
        }
        dropped
    }
}

impl Waiting {
    /// Where there is no room the oldest spans of the same trace go. They are the innermost: what stays has its parents.
    fn push(&mut self, span: &[u8], tails: &Arc<Tails>) {
        if let Some(last) = self.pieces.back_mut()
            && last.has_room(span.len())
        {
            return last.push(span);
        }
        let (in_trace, in_process) = (tails.trace_bytes(), tails.process_bytes());
        if span.len() > in_trace.min(in_process) {
            // It would find none however many went.
            self.dropped += 1;
            let why = if span.len() > in_trace { LetGo::TraceFull } else { LetGo::ProcessFull };
            return tails.counts().let_go(1, why);
        }
        let size = PIECE_BYTES.min(in_trace).min(in_process).max(span.len());
        loop {
            let is_in_trace = self.bytes + size <= in_trace;
            if is_in_trace && let Some(charge) = Charge::take(tails, size) {
                self.bytes += size;
                let mut piece = Piece { bytes: Vec::with_capacity(size), spans: 0, charge };
                piece.push(span);
                return self.pieces.push_back(piece);
            }
            let why = if is_in_trace { LetGo::ProcessFull } else { LetGo::TraceFull };
            let Some(mut oldest) = self.pieces.pop_front() else {
                self.dropped += 1;
                return tails.counts().let_go(1, why);
            };
            self.bytes -= oldest.charge.bytes;
            let spans = oldest.taken();
            self.dropped += spans;
            tails.counts().let_go(spans, why);
        }
    }
}

impl Piece {
    fn has_room(&self, bytes: usize) -> bool {
        self.charge.bytes - self.bytes.len() >= bytes
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

    /// How many spans it holds, for whoever counts them: nobody does again.
    fn taken(&mut self) -> u64 {
        std::mem::take(&mut self.spans)
    }
}

/// What is still in it was never handed on nor let go: its local root is gone.
impl Drop for Piece {
    fn drop(&mut self) {
        self.charge.tails.counts().let_go(self.spans, LetGo::Unjudged);
    }
}

impl Charge {
    /// `None` where the budget has not so many left.
    fn take(tails: &Arc<Tails>, bytes: usize) -> Option<Self> {
        tails.charge(bytes).then(|| Self { tails: Arc::clone(tails), bytes })
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.tails.release(self.bytes);
    }
}
