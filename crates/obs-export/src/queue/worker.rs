//! The one thread that empties a queue into its sink, and the guard that ends it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use obs_core::time;

use super::marks::Marks;
use super::state::{Phase, State};
use super::{Batch, Control, Delivery, Queue, Reason, Settings, Shared, Sink};

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

    /// The same with records that are kept in a journal until they are settled, so that they survive the process: what an
    /// earlier one left behind is delivered first. The journal's bound takes the place of
    /// [`Settings::capacity_bytes`]; what finds it full is subject to the [`Policy`](super::Policy), where making room
    /// means to drop the oldest segment, whatever is in it. What is not delivered at the end stays for the next process.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    #[cfg(all(feature = "journal", unix))]
    pub fn spawn_durable(
        settings: Settings,
        durable: super::Durable,
        thread: &str,
        sink: impl Sink + 'static,
    ) -> std::io::Result<Self> {
        let queue = Queue::new(settings);
        let thread = durable.spawn(Arc::clone(&queue.0), thread, Box::new(sink))?;
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
        shared.room.notify_all();
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
    let (mut batch, mut marks) = (Batch::default(), Marks::default());
    while next(&shared, &mut batch, &mut marks, &mut *sink) {
        if control.is_over() {
            settle(&shared, Delivery::Dropped(Reason::Shutdown, batch.records), None);
            continue;
        }
        let begun = Instant::now();
        // A sink that panics loses its batch and goes on with the next one.
        let delivery = catch_unwind(AssertUnwindSafe(|| sink.deliver(&mut batch, &control)))
            .unwrap_or(Delivery::Dropped(Reason::Internal, u64::MAX));
        settle(&shared, delivery, Some(begun.elapsed()));
    }
    let _ = catch_unwind(AssertUnwindSafe(|| sink.flush()));
    shared.progress.notify_all();
}

/// Waits for records and moves them into `batch`. `false` when the queue is closed and empty.
fn next(shared: &Shared, batch: &mut Batch, marks: &mut Marks, sink: &mut dyn Sink) -> bool {
    clear(batch, &shared.settings);
    let Some(mut state) = gather(shared, sink) else { return false };
    state.take(batch, marks, &shared.settings);
    drop(state);
    marks.finish(batch, shared.settings.tells_gaps);
    true
}

/// Makes a batch ready for the next one.
pub(super) fn clear(batch: &mut Batch, settings: &Settings) {
    batch.bytes.clear();
    batch.bytes.shrink_to(settings.batch_bytes.saturating_mul(KEEP_BATCHES));
    batch.records = 0;
    batch.gaps.clear();
}

/// Waits for records, and then for more of them. Nothing when the queue is closed and empty.
pub(super) fn gather<'a>(shared: &'a Shared, sink: &mut dyn Sink) -> Option<MutexGuard<'a, State>> {
    let settings = &shared.settings;
    let mut state = shared.lock();
    while !state.has_work() {
        if state.phase == Phase::Closed {
            return None;
        }
        // Busy, so that nobody takes it for asleep; what comes meanwhile is seen when it is back.
        state.phase = Phase::Busy;
        state.nudged = false;
        drop(state);
        let pause = catch_unwind(AssertUnwindSafe(|| sink.rest())).unwrap_or_default();
        state = shared.lock();
        if state.has_work() || state.nudged || state.phase == Phase::Closed {
            continue;
        }
        state.phase = Phase::Idle;
        state = match pause {
            None => shared.work.wait(state).unwrap_or_else(PoisonError::into_inner),
            Some(pause) => shared.work.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner).0,
        };
    }
    let until = time::deadline(settings.linger);
    while state.phase != Phase::Closed && state.hurry == 0 && state.gathered_bytes() < settings.batch_bytes {
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
    Some(state)
}

/// `took` is how long the sink was at it, where it was given the batch.
fn settle(shared: &Shared, delivery: Delivery, took: Option<Duration>) {
    let mut state = shared.lock();
    state.settle(delivery.losses(), took);
    announce(shared, state);
}

/// Tells whoever waits that there may be room, and that something is settled.
pub(super) fn announce(shared: &Shared, state: MutexGuard<'_, State>) {
    let is_awaited = state.waiting > 0;
    drop(state);
    if is_awaited {
        shared.room.notify_all();
    }
    shared.progress.notify_all();
}
