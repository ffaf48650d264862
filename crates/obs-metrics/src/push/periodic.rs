//! A push that goes on by itself until its guard is dropped, and then happens once more.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use obs_core::time;
use obs_export::queue::{FlushTimeout, Reason, Worker};

/// Shorter intervals are this long: without any, nothing else would be done.
const SHORTEST: Duration = Duration::from_millis(1);

/// Hands one snapshot to the sending thread.
type Tick = Arc<dyn Fn() + Send + Sync>;

/// Pushes at intervals, when it is [flushed](Self::flush), and at its end. Dropping it makes the last push within
/// [`Periodic::DROP_DEADLINE`].
#[must_use = "dropping it ends the pushes"]
pub struct Periodic {
    tick: Tick,
    ticker: Option<Ticker>,
    worker: Worker,
    ended: bool,
}

impl Periodic {
    /// How long a drop waits for the last push.
    pub const DROP_DEADLINE: Duration = Worker::DROP_DEADLINE;

    /// Ticks each `interval`, or only when told where there is none.
    pub(super) fn start(
        worker: Worker,
        interval: Option<Duration>,
        tick: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let tick: Tick = Arc::new(tick);
        let ticker = interval.map(|interval| Ticker::start(interval, Arc::clone(&tick))).transpose()?;
        Ok(Self { tick, ticker, worker, ended: false })
    }

    /// Pushes what there is now and waits until that, and all before it, is taken or lost. What was lost is in
    /// `obs_metric_pushes_total`.
    ///
    /// # Errors
    /// [`FlushTimeout`] when `deadline` passes first; the push goes on.
    pub fn flush(&self, deadline: Duration) -> Result<(), FlushTimeout> {
        ticked(&self.tick);
        self.worker.queue().flush(deadline)
    }

    /// Makes the last push, and gives up at the deadline. Returns whether all that was pushed was taken or refused in
    /// time; further calls change nothing.
    pub fn shutdown(&mut self, deadline: Duration) -> bool {
        let until = time::deadline(deadline);
        if !std::mem::replace(&mut self.ended, true) {
            if let Some(ticker) = self.ticker.take() {
                ticker.stop(until);
            }
            ticked(&self.tick);
            self.worker.shutdown(until.saturating_duration_since(Instant::now()));
        }
        let counts = self.worker.queue().counts();
        counts.pending == 0 && counts.dropped_for(Reason::Shutdown) == 0
    }
}

/// A source that panics costs one push, and neither the thread nor, in a drop, the process.
fn ticked(tick: &Tick) {
    let _ = catch_unwind(AssertUnwindSafe(|| tick()));
}

impl Drop for Periodic {
    fn drop(&mut self) {
        self.shutdown(Self::DROP_DEADLINE);
    }
}

impl fmt::Debug for Periodic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Periodic").field("queue", self.worker.queue()).finish_non_exhaustive()
    }
}

/// The thread that counts the intervals.
struct Ticker(Arc<Shared>);

#[derive(Default)]
struct Shared {
    phase: Mutex<Phase>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Running,
    Stopping,
    Stopped,
}

impl Ticker {
    fn start(interval: Duration, tick: Tick) -> io::Result<Self> {
        let interval = interval.max(SHORTEST);
        let shared = Arc::<Shared>::default();
        let own = Arc::clone(&shared);
        std::thread::Builder::new().name("obs-push-tick".to_owned()).spawn(move || {
            let _silence = obs_core::context::silence();
            own.run(interval, &tick);
            *own.phase() = Phase::Stopped;
            own.changed.notify_all();
        })?;
        Ok(Self(shared))
    }

    /// Waits until the thread is at its end, or has not come there in time.
    fn stop(self, until: Instant) {
        let mut phase = self.0.phase();
        *phase = Phase::Stopping;
        self.0.changed.notify_all();
        while *phase != Phase::Stopped {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            phase = self.0.changed.wait_timeout(phase, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Shared {
    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, interval: Duration, tick: &Tick) {
        let mut due = time::deadline(interval);
        loop {
            let mut phase = self.phase();
            loop {
                if *phase == Phase::Stopping {
                    return;
                }
                let left = due.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                phase = self.changed.wait_timeout(phase, left).unwrap_or_else(PoisonError::into_inner).0;
            }
            drop(phase);
            ticked(tick);
            // Ticks that were slept through are not made up for.
            let next = due.checked_add(interval).unwrap_or(due);
            due = if next > Instant::now() { next } else { time::deadline(interval) };
        }
    }
}
