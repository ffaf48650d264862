//! A queue bounded in bytes, one worker thread that empties it into a [`Sink`], and exact books.
//!
//! Producers append to one shared buffer under a short lock; the worker swaps the whole buffer for an empty one and
//! hands it on as a [`Batch`], so that a record costs a copy and no message. At rest
//! `produced = delivered + dropped + pending` holds exactly.

mod age;
mod books;
mod control;
mod gap;
#[cfg_attr(all(feature = "journal", unix), path = "kept/mod.rs")]
#[cfg_attr(not(all(feature = "journal", unix)), path = "kept_absent.rs")]
mod kept;
mod losses;
mod marks;
mod settings;
mod state;
mod worker;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod waits;

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use books::{Counts, Exports, Reason};
pub use control::Control;
pub use gap::Gap;
#[cfg(all(feature = "journal", unix))]
pub use kept::Durable;
pub use losses::Losses;
pub use settings::{Policy, Settings};
pub use worker::Worker;

use obs_core::keys::metric;
use obs_core::meter::{Meter, Source};
use obs_core::{context, time};

use state::{Phase, State};

/// Records that leave together. Their bytes follow one another without a gap, in the order they were pushed.
#[derive(Debug, Default)]
pub struct Batch {
    /// The bytes of all records.
    pub bytes: Vec<u8>,
    /// How many records.
    pub records: u64,
    /// Where records are missing, in the order of these places; always empty without [`Settings::tells_gaps`].
    pub gaps: Vec<Gap>,
}

/// What became of a batch. Records that are in neither count are taken as delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Delivery {
    /// The other side has all of it.
    Delivered,
    /// This many records are lost, for this reason; the rest arrived.
    Dropped(Reason, u64),
    /// These are lost, for more than one reason; the rest arrived.
    Lost(Losses),
}

impl Delivery {
    /// What is lost of a batch, which may say more than it had.
    pub fn losses(self) -> Losses {
        match self {
            Self::Delivered => Losses::default(),
            Self::Dropped(reason, lost) => Losses::of(reason, lost),
            Self::Lost(losses) => losses,
        }
    }
}

/// Where batches go. Lives on the worker's thread.
pub trait Sink: Send {
    /// Moves one batch on, however long that takes. `control` tells when to give up.
    fn deliver(&mut self, batch: &mut Batch, control: &Control) -> Delivery;

    /// Nothing is there to be delivered: does what is due now, and returns how long it may be left alone if nothing
    /// comes and nobody calls [`Queue::nudge`]; `None` is for ever, which is what it does by default.
    fn rest(&mut self) -> Option<Duration> {
        None
    }

    /// Called before the first batch of a process, with what was said by [`Control::note`] of these records in an earlier
    /// one that ended before they were settled; they come once more, and may come in other batches. By default nothing.
    fn resume(&mut self, note: &[u8]) {
        let _ = note;
    }

    /// Nothing more will come: pass on what is held back.
    fn flush(&mut self) {}
}

/// The producers' end. Clones share the queue.
#[derive(Clone)]
pub struct Queue(Arc<Shared>);

/// The deadline passed before everything was delivered or dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlushTimeout {
    /// Records still waiting or being sent.
    pub pending: u64,
}

pub(crate) struct Shared {
    settings: Settings,
    state: Mutex<State>,
    /// The worker waits here for work.
    work: Condvar,
    /// Flushes wait here for progress.
    progress: Condvar,
    /// Producers wait here for room.
    room: Condvar,
    /// What the sink notes of records that are being sent.
    notes: kept::Notes,
}

impl Queue {
    fn new(settings: Settings) -> Self {
        Self(Arc::new(Shared {
            settings,
            state: Mutex::default(),
            work: Condvar::new(),
            progress: Condvar::new(),
            room: Condvar::new(),
            notes: kept::Notes::default(),
        }))
    }

    /// Hands over one record, of the highest priority. Blocks no longer than the copy takes unless the policy is
    /// [`Policy::Block`]; what does not fit, or comes after the end, is dropped and counted.
    pub fn push(&self, record: &[u8]) {
        self.push_with(record, u8::MAX);
    }

    /// The same for a record of this priority, which is looked at by [`Policy::DropBelow`].
    pub fn push_with(&self, record: &[u8], priority: u8) {
        let shared = &*self.0;
        let mut state = shared.lock();
        if state.kept.is_some() {
            shared.keep(state, record, priority);
            return;
        }
        if state.phase == Phase::Closed || !shared.fits(&state, record) {
            match shared.find_room(state, record, priority) {
                Some(with_room) => state = with_room,
                None => return,
            }
        }
        state.add(record, priority, &shared.settings);
        let wake = match state.phase {
            Phase::Idle => {
                state.phase = Phase::Gathering;
                true
            }
            Phase::Gathering if state.filling.bytes.len() >= shared.settings.batch_bytes => {
                state.phase = Phase::Busy;
                true
            }
            _ => false,
        };
        drop(state);
        if wake {
            shared.work.notify_one();
        }
    }

    /// Has the sink asked what it has to do, at once if it is at rest: see [`Sink::rest`].
    pub fn nudge(&self) {
        self.0.lock().nudged = true;
        self.0.work.notify_one();
    }

    /// Waits until every record pushed before this call is delivered or dropped.
    ///
    /// # Errors
    /// [`FlushTimeout`] when `deadline` passes first; nothing is lost by it.
    pub fn flush(&self, deadline: Duration) -> Result<(), FlushTimeout> {
        let until = time::deadline(deadline);
        let shared = &*self.0;
        let mut state = shared.lock();
        let target = state.end();
        state.hurry += 1;
        shared.work.notify_one();
        while !state.is_settled(target) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = shared.progress.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.hurry -= 1;
        if !state.is_settled(target) { Err(FlushTimeout { pending: state.pending() }) } else { Ok(()) }
    }

    /// Whether it takes nothing more.
    pub fn is_closed(&self) -> bool {
        self.0.lock().phase == Phase::Closed
    }

    /// The books as they stand.
    pub fn counts(&self) -> Counts {
        let state = self.0.lock();
        Counts {
            produced: state.books.produced,
            recovered: state.books.recovered,
            delivered: state.books.delivered,
            dropped: state.books.dropped(),
            pending: state.pending(),
            pending_bytes: state.pending_bytes() as u64,
            exports: state.books.exports,
            blocked: state.books.blocked,
            oldest: state.ages.oldest(Instant::now()).filter(|_| state.pending() > 0),
        }
    }

    /// The name it has on metrics.
    pub fn pipeline(&self) -> &'static str {
        self.0.settings.pipeline
    }
}

impl Source for Queue {
    fn collect(&self, meter: &mut dyn Meter) {
        let (counts, pipeline) = (self.counts(), self.pipeline());
        meter.counter(&metric::PIPELINE_PRODUCED, &[pipeline], counts.produced);
        meter.counter(&metric::PIPELINE_RECOVERED, &[pipeline], counts.recovered);
        meter.counter(&metric::PIPELINE_DELIVERED, &[pipeline], counts.delivered);
        for reason in Reason::ALL {
            meter.counter(
                &metric::PIPELINE_DROPPED,
                &[pipeline, reason.as_str()],
                counts.dropped_for(reason),
            );
        }
        meter.gauge(&metric::PIPELINE_PENDING, &[pipeline], counts.pending as f64);
        meter.gauge(&metric::PIPELINE_PENDING_BYTES, &[pipeline], counts.pending_bytes as f64);
        let oldest = counts.oldest.unwrap_or_default().as_secs_f64();
        meter.gauge(&metric::PIPELINE_OLDEST_SECONDS, &[pipeline], oldest);
        let exports = counts.exports;
        meter.counter(&metric::PIPELINE_EXPORTS, &[pipeline, "delivered"], exports.delivered);
        meter.counter(&metric::PIPELINE_EXPORTS, &[pipeline, "dropped"], exports.dropped);
        meter.counter_f64(&metric::PIPELINE_EXPORT_SECONDS, &[pipeline], exports.time.as_secs_f64());
        meter.counter_f64(&metric::PIPELINE_BLOCKED_SECONDS, &[pipeline], counts.blocked.as_secs_f64());
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline]
    fn fits(&self, state: &State, record: &[u8]) -> bool {
        state.memory_bytes() + record.len() <= self.settings.capacity_bytes
    }

    /// Does what the policy says for a record that finds no room. Where it is lost, it is counted, and nothing is left
    /// to be done.
    #[cold]
    fn find_room<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        record: &[u8],
        priority: u8,
    ) -> Option<MutexGuard<'a, State>> {
        let may = state.phase != Phase::Closed && record.len() <= self.settings.capacity_bytes;
        let found = match self.settings.policy {
            Policy::DropOldest => may && state.make_room(record.len(), &self.settings),
            Policy::DropBelow(rank) => {
                may && priority >= rank && state.make_room(record.len(), &self.settings)
            }
            Policy::Block(limit) if may && !limit.is_zero() && !context::is_silenced() => {
                state = self.wait_for_room(state, record, limit);
                state.phase != Phase::Closed && self.fits(&state, record)
            }
            Policy::DropNewest | Policy::Block(_) => false,
        };
        if found {
            return Some(state);
        }
        let reason = if state.phase == Phase::Closed { Reason::Closed } else { Reason::QueueFull };
        state.refuse(reason, &self.settings);
        if state.phase == Phase::Idle && state.has_work() {
            // What is missing is told also where nothing follows.
            state.phase = Phase::Gathering;
            self.work.notify_one();
        }
        None
    }

    /// Waits until the record fits, the queue is closed or the time is over.
    fn wait_for_room<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        record: &[u8],
        limit: Duration,
    ) -> MutexGuard<'a, State> {
        let begun = Instant::now();
        // There is no room to be had by waiting for a fuller batch.
        state.hurry += 1;
        state.waiting += 1;
        self.work.notify_one();
        while state.phase != Phase::Closed && !self.fits(&state, record) {
            let left = limit.saturating_sub(begun.elapsed());
            if left.is_zero() {
                break;
            }
            state = self.room.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.hurry -= 1;
        state.waiting -= 1;
        state.books.blocked = state.books.blocked.saturating_add(begun.elapsed());
        state
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("pipeline", &self.pipeline()).field("counts", &self.counts()).finish()
    }
}

impl fmt::Display for FlushTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records were still pending at the deadline", self.pending)
    }
}

impl std::error::Error for FlushTimeout {}
