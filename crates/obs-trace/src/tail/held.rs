//! The spans of one local root while they wait: encoded, in pieces that are charged to the budget of the process.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use obs_core::Clock;
use obs_core::context::Context;
use obs_export::proto::Reader;

use super::counts::LetGo;
use super::holders::{Holder, Large};
use super::judge::{Kept, PIECE_BYTES, Tails};
use crate::encode;
use crate::record::SpanRecord;
use crate::sink::SpanSink;

const UNJUDGED: u8 = u8::MAX;
/// How often others are asked to make room for one span: somebody else may be faster.
const MOST_ASKS: u32 = 4;

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
    /// Others had no room: so many are gone, and no more are taken until the root has ended.
    GaveWay(u64),
}

/// What has found no room, for the local root to tell.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Missing {
    /// How many spans.
    pub(crate) spans: u64,
    /// Whether it gave way before its end, and further ones were not recorded.
    pub(crate) gave_way: bool,
}

#[derive(Debug, Default)]
struct Waiting {
    pieces: VecDeque<Piece>,
    /// What all pieces are charged with.
    bytes: usize,
    /// How many found no room.
    dropped: u64,
    /// While there are any pieces, and mostly behind the last of them.
    holder: Option<Holder>,
    /// While there are more than its share.
    large: Option<Large>,
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
        matches!(*self.lock(), State::LetGo | State::GaveWay(_))
    }

    /// Takes a span under the local root of `context` that has ended: it waits, or follows the verdict where there is one.
    pub(crate) fn take(&self, context: &Context, span: &SpanRecord<'_>, sink: &dyn SpanSink, clock: &Clock) {
        let counts = self.tails.counts();
        counts.waited();
        if self.lets_go() {
            return;
        }
        encode::with_span(span, |bytes| {
            // Encoded out here, where nothing is locked.
            let mut asks = MOST_ASKS;
            loop {
                let mut state = self.lock();
                match &mut *state {
                    State::Waiting(waiting) => {
                        if let Some(missing) = waiting.push(bytes, &self.tails, asks > 0) {
                            drop(state);
                            // Others are locked to make room.
                            asks = if self.tails.make_room(missing, clock) { asks - 1 } else { 0 };
                            continue;
                        }
                        if waiting.holder.is_none() && !waiting.pieces.is_empty() {
                            waiting.holder = Some(Holder::new(&self.tails, context, clock.monotonic()));
                        }
                    }
                    State::LetGo | State::GaveWay(_) => {
                        drop(state);
                        self.lets_go();
                    }
                    State::Kept => {
                        drop(state);
                        counts.kept(1);
                        sink.export_encoded(bytes);
                    }
                }
                return;
            }
        });
    }

    /// Whether a span that has ended is let go at once; counts it.
    fn lets_go(&self) -> bool {
        let why = match &mut *self.lock() {
            State::LetGo => LetGo::Verdict,
            State::GaveWay(spans) => {
                *spans += 1;
                LetGo::Overdue
            }
            State::Waiting(_) | State::Kept => return false,
        };
        self.tails.counts().let_go(1, why);
        true
    }

    /// Lets all go that waits, and has no more recorded, so that others have room. How many bytes came free.
    pub(super) fn give_way(&self) -> usize {
        let mut state = self.lock();
        let State::Waiting(waiting) = &mut *state else { return 0 };
        let mut gone = std::mem::take(waiting);
        let spans = gone.pieces.iter_mut().map(Piece::taken).sum::<u64>();
        *state = State::GaveWay(gone.dropped + spans);
        drop(state);
        self.tails.counts().let_go(spans, LetGo::Overdue);
        gone.bytes
    }

    /// Lets the oldest go that are above its share, so that others have room. How many bytes came free.
    pub(super) fn trim(&self) -> usize {
        let mut state = self.lock();
        let State::Waiting(waiting) = &mut *state else { return 0 };
        let share = self.tails.share();
        let (mut gone, mut spans, mut bytes) = (Vec::new(), 0, 0);
        while waiting.bytes > share
            && let Some(mut oldest) = waiting.pieces.pop_front()
        {
            waiting.bytes -= oldest.charge.bytes;
            bytes += oldest.charge.bytes;
            spans += oldest.taken();
            gone.push(oldest);
        }
        waiting.dropped += spans;
        waiting.large = None;
        // What comes next has not waited yet.
        let holder = if waiting.pieces.is_empty() { waiting.holder.take() } else { None };
        drop(state);
        drop(holder);
        self.tails.counts().let_go(spans, LetGo::ProcessFull);
        bytes
    }

    /// The local root has ended: what waits is handed on or let go, and what comes later follows. Gives what had found no room.
    pub(crate) fn settle(&self, kept: Option<Kept>, sink: &dyn SpanSink) -> Missing {
        let counts = self.tails.counts();
        counts.root(kept);
        let mut state = self.lock();
        let is_kept = kept.is_some() && !matches!(*state, State::GaveWay(_));
        let waited = std::mem::replace(&mut *state, if is_kept { State::Kept } else { State::LetGo });
        drop(state);
        let Waiting { pieces, dropped, .. } = match waited {
            State::Waiting(waiting) => waiting,
            State::GaveWay(spans) => return Missing { spans, gave_way: true },
            State::Kept | State::LetGo => return Missing::default(),
        };
        for mut piece in pieces {
            if is_kept {
                counts.kept(piece.taken());
                piece.each(|span| sink.export_encoded(span));
            } else {
                counts.let_go(piece.taken(), LetGo::Verdict);
            }
        }
        Missing { spans: dropped, gave_way: false }
    }
}

impl Waiting {
    /// Where the process has no room, others may be asked first: how much is missing. Where there is none all the same, the
    /// oldest spans of the same trace go. They are the innermost: what stays has its parents.
    fn push(&mut self, span: &[u8], tails: &Arc<Tails>, may_ask: bool) -> Option<usize> {
        if let Some(last) = self.pieces.back_mut()
            && last.has_room(span.len())
        {
            last.push(span);
            return None;
        }
        let (in_trace, in_process) = (tails.trace_bytes(), tails.process_bytes());
        if span.len() > in_trace.min(in_process) {
            // It would find none however many went.
            self.dropped += 1;
            let why = if span.len() > in_trace { LetGo::TraceFull } else { LetGo::ProcessFull };
            tails.counts().let_go(1, why);
            return None;
        }
        let size = PIECE_BYTES.min(in_trace).min(in_process).max(span.len());
        let share = tails.share();
        loop {
            let is_in_trace = self.bytes + size <= in_trace;
            if is_in_trace && let Some(charge) = Charge::take(tails, size) {
                self.bytes += size;
                if self.bytes > share && self.large.is_none() {
                    self.large = Some(Large::new(tails));
                }
                let mut piece = Piece { bytes: Vec::with_capacity(size), spans: 0, charge };
                piece.push(span);
                self.pieces.push_back(piece);
                return None;
            }
            // Nobody gives anything for what would be above its own share.
            if is_in_trace && may_ask && self.bytes + size <= share.max(size) {
                return Some(size);
            }
            let why = if is_in_trace { LetGo::ProcessFull } else { LetGo::TraceFull };
            let Some(mut oldest) = self.pieces.pop_front() else {
                self.dropped += 1;
                tails.counts().let_go(1, why);
                return None;
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
