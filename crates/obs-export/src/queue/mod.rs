//! A queue bounded in bytes, one worker thread that empties it into a [`Sink`], and exact books.
//!
//! Producers append to one shared buffer under a short lock; the worker swaps the whole buffer for an empty one and
//! hands it on as a [`Batch`], so that a record costs a copy and no message. At rest
//! `produced = delivered + dropped + pending` holds exactly.

mod books;
mod control;
mod worker;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use books::{Counts, Exports, Reason};
pub use control::Control;
pub use worker::Worker;

use obs_core::keys::metric;
use obs_core::meter::{Meter, Source};
use obs_core::time;

/// Records that leave together. Their bytes follow one another without a gap, in the order they were pushed.
#[derive(Debug, Default)]
pub struct Batch {
    /// The bytes of all records.
    pub bytes: Vec<u8>,
    /// How many records.
    pub records: u64,
}

/// What became of a batch. Records that are in neither count are taken as delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Delivery {
    /// The other side has all of it.
    Delivered,
    /// This many records are lost, for this reason; the rest arrived.
    Dropped(Reason, u64),
}

/// Where batches go. Lives on the worker's thread.
pub trait Sink: Send {
    /// Moves one batch on, however long that takes. `control` tells when to give up.
    fn deliver(&mut self, batch: &mut Batch, control: &Control) -> Delivery;

    /// Nothing more will come: pass on what is held back.
    fn flush(&mut self) {}
}

/// How large a queue is and how long it gathers.
#[derive(Clone, Debug)]
#[must_use]
pub struct Settings {
    pipeline: &'static str,
    capacity_bytes: usize,
    batch_bytes: usize,
    linger: Duration,
    one_by_one: bool,
}

impl Settings {
    /// Settings of the way out called `pipeline` on metrics: 8 MiB, batches sent at 64 KiB or after 20 ms.
    pub const fn new(pipeline: &'static str) -> Self {
        Self {
            pipeline,
            capacity_bytes: 8 * 1024 * 1024,
            batch_bytes: 64 * 1024,
            linger: Duration::from_millis(20),
            one_by_one: false,
        }
    }

    /// The most bytes that wait or are being sent; default 8 MiB. A record that does not fit is dropped and counted.
    pub const fn capacity_bytes(mut self, bytes: usize) -> Self {
        self.capacity_bytes = bytes;
        self
    }

    /// How many bytes wake the worker before its time; default 64 KiB.
    pub const fn batch_bytes(mut self, bytes: usize) -> Self {
        self.batch_bytes = bytes;
        self
    }

    /// Makes a batch of each record and waits for no more: for records that are whole messages. Default: batches of
    /// what has gathered.
    pub const fn one_by_one(mut self) -> Self {
        self.one_by_one = true;
        self.linger = Duration::ZERO;
        self
    }

    /// How long the worker gathers after the first record; default 20 ms.
    pub const fn linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }
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
}

#[derive(Default)]
pub(crate) struct State {
    filling: Batch,
    /// How long each of its records is, where they leave one by one.
    lengths: VecDeque<usize>,
    in_flight_bytes: usize,
    in_flight_records: u64,
    books: books::Books,
    phase: Phase,
    /// Flush calls that want the worker to hurry.
    hurry: u32,
    /// When the worker gives up what it cannot deliver; set when the queue is closed.
    deadline: Option<Instant>,
}

/// What the worker is doing, so that a producer knows whether it must wake it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Waiting for a first record.
    #[default]
    Idle,
    /// Gathering; wants to be woken once the batch is full.
    Gathering,
    /// Delivering; looks at the buffer by itself when it is done.
    Busy,
    /// Closed: takes nothing more.
    Closed,
}

impl Queue {
    fn new(settings: Settings) -> Self {
        Self(Arc::new(Shared {
            settings,
            state: Mutex::default(),
            work: Condvar::new(),
            progress: Condvar::new(),
        }))
    }

    /// Hands over one record. Never blocks longer than the copy takes; a record that does not fit, or comes after
    /// the end, is dropped and counted.
    pub fn push(&self, record: &[u8]) {
        let shared = &*self.0;
        let mut state = shared.lock();
        state.books.produced += 1;
        if state.phase == Phase::Closed {
            state.books.drop_records(Reason::Closed, 1);
            return;
        }
        if state.filling.bytes.len() + state.in_flight_bytes + record.len() > shared.settings.capacity_bytes {
            state.books.drop_records(Reason::QueueFull, 1);
            return;
        }
        state.filling.bytes.extend_from_slice(record);
        state.filling.records += 1;
        if shared.settings.one_by_one {
            state.lengths.push_back(record.len());
        }
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

    /// Waits until every record pushed before this call is delivered or dropped.
    ///
    /// # Errors
    /// [`FlushTimeout`] when `deadline` passes first; nothing is lost by it.
    pub fn flush(&self, deadline: Duration) -> Result<(), FlushTimeout> {
        let until = time::deadline(deadline);
        let shared = &*self.0;
        let mut state = shared.lock();
        let target = state.books.produced;
        state.hurry += 1;
        shared.work.notify_one();
        while state.books.settled() < target {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = shared.progress.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.hurry -= 1;
        if state.books.settled() < target { Err(FlushTimeout { pending: state.pending() }) } else { Ok(()) }
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
            delivered: state.books.delivered,
            dropped: state.books.dropped(),
            pending: state.pending(),
            pending_bytes: (state.filling.bytes.len() + state.in_flight_bytes) as u64,
            exports: state.books.exports,
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
        let exports = counts.exports;
        meter.counter(&metric::PIPELINE_EXPORTS, &[pipeline, "delivered"], exports.delivered);
        meter.counter(&metric::PIPELINE_EXPORTS, &[pipeline, "dropped"], exports.dropped);
        meter.counter_f64(&metric::PIPELINE_EXPORT_SECONDS, &[pipeline], exports.time.as_secs_f64());
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn pending(&self) -> u64 {
        self.filling.records + self.in_flight_records
    }

    /// Moves what has gathered, or its first record where they leave one by one, into `batch`, which is empty.
    fn take(&mut self, batch: &mut Batch) {
        match self.lengths.pop_front() {
            Some(length) => {
                batch.bytes.extend(self.filling.bytes.drain(..length));
                batch.records = 1;
                self.filling.records -= 1;
                if self.lengths.is_empty() {
                    // What gathered while nothing left is given back.
                    self.filling.bytes = Vec::new();
                }
            }
            None => std::mem::swap(&mut self.filling, batch),
        }
        self.in_flight_bytes = batch.bytes.len();
        self.in_flight_records = batch.records;
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
