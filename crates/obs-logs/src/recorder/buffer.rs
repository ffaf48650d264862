//! The lines of one request, in the order they came, until it has ended.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use obs_core::{SpanId, Timestamp};
use tracing_core::Metadata;

use super::Recorder;
use super::chunk::{CHUNK_BYTES, Chunk, Line, OpenSpans};
use super::judge::Reason;
use super::pool::Pool;
use crate::Spans;

/// What a request's [`Local`](obs_core::context::Local) keeps of its lines.
pub(super) struct Flight {
    recorder: Arc<Recorder>,
    /// What the request was judged to be: a [`Reason`], or zero.
    reason: AtomicU8,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The chunk that is written to.
    current: Option<Chunk>,
    /// Those before, the oldest first.
    older: VecDeque<Chunk>,
    /// What all of them are charged for.
    bytes: usize,
    let_go: LetGo,
    /// Lines that were held, those that the request's room was too small for among them.
    held: u64,
    is_closed: bool,
}

/// Lines that are not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LetGo {
    /// Because the request's room was full: those before all others.
    pub(super) earlier: u64,
    /// Because the request's room would not have held them, whatever had gone before: any.
    pub(super) too_large: u64,
    /// Because the process's room was full: any.
    pub(super) process_full: u64,
}

/// A line to be held.
pub(super) struct NewLine<'a> {
    pub(super) metadata: &'static Metadata<'static>,
    pub(super) at: Timestamp,
    pub(super) span_id: SpanId,
    pub(super) fields: &'a [u8],
    pub(super) is_cut: bool,
    pub(super) is_counted: bool,
}

/// All that was held, taken out; the chunks go back to the pool with it.
pub(super) struct Taken<'a> {
    pool: &'a Pool,
    older: VecDeque<Chunk>,
    current: Option<Chunk>,
    pub(super) let_go: LetGo,
}

impl Flight {
    pub(super) fn new(recorder: Arc<Recorder>) -> Self {
        Self { recorder, reason: AtomicU8::new(0), state: Mutex::default() }
    }

    /// Whether it is this recorder's, not that of another engine which has seen the request first.
    #[inline]
    pub(super) fn is_of(&self, recorder: &Recorder) -> bool {
        std::ptr::eq(&*self.recorder, recorder)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds a line. `spans` adds those it stands in, and runs no code of a user's.
    #[inline]
    pub(super) fn push(&self, line: &NewLine<'_>, spans: impl FnOnce(&mut Spans<'_>)) {
        let recorder = &*self.recorder;
        let mut state = self.lock();
        if state.is_closed {
            recorder.counts.ended();
            return;
        }
        let most = recorder.settings.request_bytes;
        let Some(chunk) = state.chunk_for(line.fields.len(), &recorder.pool, most) else {
            state.let_go.process_full += 1;
            return;
        };
        let before = chunk.bytes.len();
        let mut open = OpenSpans::new(chunk);
        spans(&mut Spans::recorded(&mut open));
        let NewLine { metadata, at, span_id, fields, is_cut, is_counted } = *line;
        open.finish(Line { metadata, at, span_id, start: 0, end: 0, spans: 0, is_cut, is_counted }, fields);
        let more = chunk.more_than_charged();
        state.held += 1;
        if more > 0 {
            state.account(more, before, &recorder.pool, most);
        }
    }

    /// Stores what the request was judged to be.
    pub(super) fn judge(&self, reason: Option<Reason>) {
        self.reason.store(reason.map_or(0, Reason::code), Ordering::Release);
    }

    /// What the request was judged to be.
    pub(super) fn reason(&self) -> Option<Reason> {
        Reason::of_code(self.reason.load(Ordering::Acquire))
    }

    /// Takes everything out; from now on nothing is held.
    pub(super) fn close(&self) -> Taken<'_> {
        let mut state = self.lock();
        state.is_closed = true;
        Self::take(&self.recorder, &mut state)
    }

    fn take<'a>(recorder: &'a Recorder, state: &mut State) -> Taken<'a> {
        let (older, current) = (std::mem::take(&mut state.older), state.current.take());
        state.bytes = 0;
        let let_go = std::mem::take(&mut state.let_go);
        recorder.counts.held(std::mem::take(&mut state.held), let_go);
        Taken { pool: &recorder.pool, older, current, let_go }
    }
}

impl State {
    /// The chunk that a line with so many bytes of fields goes to; `None` where the process has no room.
    #[inline]
    fn chunk_for(&mut self, bytes: usize, pool: &Pool, most: usize) -> Option<&mut Chunk> {
        if self.current.as_ref().is_none_or(|chunk| !chunk.has_room(bytes)) {
            self.next_chunk(pool, most)?;
        }
        self.current.as_mut()
    }

    #[cold]
    fn next_chunk(&mut self, pool: &Pool, most: usize) -> Option<()> {
        self.older.extend(self.current.take());
        let mut again = None;
        while self.bytes + CHUNK_BYTES > most
            && let Some(oldest) = self.older.pop_front()
        {
            if let Some(chunk) = again.replace(self.let_go_of(oldest)) {
                pool.give(chunk);
            }
        }
        let next = match again {
            Some(chunk) => pool.renew(chunk),
            None => pool.take(),
        };
        let next = next?;
        self.bytes += next.charged;
        self.current = Some(next);
        Some(())
    }

    fn let_go_of(&mut self, chunk: Chunk) -> Chunk {
        self.bytes -= chunk.charged;
        self.let_go.earlier += chunk.lines.len() as u64;
        chunk
    }

    /// Pays for what the last line has made the chunk grow by, or takes the line back.
    #[cold]
    fn account(&mut self, more: usize, before: usize, pool: &Pool, most: usize) {
        let Some(chunk) = &mut self.current else { return };
        let fits = chunk.charged + more <= most;
        if !fits || !pool.charge(more) {
            chunk.take_back(before, pool.next_number());
            if fits {
                self.held -= 1;
                self.let_go.process_full += 1;
            } else {
                self.let_go.too_large += 1;
            }
            return;
        }
        chunk.charged += more;
        self.bytes += more;
        while self.bytes > most
            && let Some(oldest) = self.older.pop_front()
        {
            let oldest = self.let_go_of(oldest);
            pool.give(oldest);
        }
    }
}

impl Drop for Flight {
    /// The request was forgotten before it ended.
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(Self::take(&self.recorder, state));
    }
}

impl Taken<'_> {
    /// The chunks, the oldest first.
    pub(super) fn chunks(&self) -> impl Iterator<Item = &Chunk> {
        self.older.iter().chain(&self.current)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.older.drain(..).chain(self.current.take()).for_each(|chunk| self.pool.give(chunk));
    }
}
