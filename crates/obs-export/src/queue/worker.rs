//! The one thread that empties a queue into its sink, and the guard that ends it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use obs_core::time;

use super::{Batch, Control, Delivery, Phase, Queue, Reason, Settings, Shared, Sink};

/// A buffer that grew beyond this many batches in a burst is given back.
const KEEP_BATCHES: usize = 4;

/// Owns the worker thread. Dropping it ends the queue within [`Worker::DROP_DEADLINE`].
#[derive(Debug)]
#[must_use = "dropping the worker ends its queue"]
pub struct Worker {
    queue: Queue,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// How long a drop waits for the sink.
    pub const DROP_DEADLINE: Duration = Duration::from_secs(5);

    /// Starts a thread named `thread` (at most 15 bytes are shown by Linux) that delivers to `sink`.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn spawn(settings: Settings, thread: &str, sink: impl Sink + 'static) -> std::io::Result<Self> {
        let queue = Queue::new(settings);
        let shared = Arc::clone(&queue.0);
        let thread =
            std::thread::Builder::new().name(thread.to_owned()).spawn(move || run(shared, Box::new(sink)))?;
        Ok(Self { queue, thread: Some(thread) })
    }

    /// The producers' end.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Takes nothing more, delivers what waits until `deadline`, drops and counts the rest. Returns once the thread
    /// has ended, or shortly after the deadline even if the sink hangs. Further calls do nothing.
    pub fn shutdown(&mut self, deadline: Duration) {
        let Some(thread) = self.thread.take() else { return };
        let until = time::deadline(deadline);
        let shared = &*self.queue.0;
        let mut state = shared.lock();
        state.phase = Phase::Closed;
        state.deadline = Some(until);
        shared.work.notify_all();
        // A sink that hangs inside a system call cannot be stopped: its thread is left behind, not waited for.
        let end = time::deadline(deadline.saturating_add(Duration::from_millis(250)));
        while !thread.is_finished() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let nap = left.min(Duration::from_millis(20));
            state = shared.progress.wait_timeout(state, nap).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(state);
        // A panic was counted where it happened.
        let _ = thread.join();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.shutdown(Self::DROP_DEADLINE);
    }
}

fn run(shared: Arc<Shared>, mut sink: Box<dyn Sink>) {
    let _silence = obs_core::context::silence();
    let control = Control(Arc::clone(&shared));
    let mut batch = Batch::default();
    while next(&shared, &mut batch) {
        if control.is_over() {
            settle(&shared, Delivery::Dropped(Reason::Shutdown, batch.records), None);
            continue;
        }
        let begun = Instant::now();
        // A sink that panics loses its batch and goes on with the next one.
        let delivery = catch_unwind(AssertUnwindSafe(|| sink.deliver(&mut batch, &control)))
            .unwrap_or(Delivery::Dropped(Reason::Internal, batch.records));
        settle(&shared, delivery, Some(begun.elapsed()));
    }
    let _ = catch_unwind(AssertUnwindSafe(|| sink.flush()));
    shared.progress.notify_all();
}

/// Waits for records and swaps them into `batch`. `false` when the queue is closed and empty.
fn next(shared: &Shared, batch: &mut Batch) -> bool {
    batch.bytes.clear();
    batch.bytes.shrink_to(KEEP_BATCHES * shared.settings.batch_bytes);
    batch.records = 0;
    let mut state = shared.lock();
    while state.filling.records == 0 {
        if state.phase == Phase::Closed {
            return false;
        }
        state.phase = Phase::Idle;
        state = shared.work.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    let until = time::deadline(shared.settings.linger);
    while state.phase != Phase::Closed
        && state.hurry == 0
        && state.filling.bytes.len() < shared.settings.batch_bytes
    {
        state.phase = Phase::Gathering;
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        state = shared.work.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
    }
    if state.phase != Phase::Closed {
        state.phase = Phase::Busy;
    }
    state.take(batch);
    true
}

/// `took` is how long the sink was at it, where it was given the batch.
fn settle(shared: &Shared, delivery: Delivery, took: Option<Duration>) {
    let mut state = shared.lock();
    let records = std::mem::take(&mut state.in_flight_records);
    state.in_flight_bytes = 0;
    let lost = match delivery {
        Delivery::Delivered => 0,
        Delivery::Dropped(reason, lost) => {
            let lost = lost.min(records);
            state.books.drop_records(reason, lost);
            lost
        }
    };
    state.books.delivered += records - lost;
    if let Some(took) = took {
        state.books.exports.add(lost == 0, took);
    }
    drop(state);
    shared.progress.notify_all();
}
