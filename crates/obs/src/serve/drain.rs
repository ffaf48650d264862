//! The life of a service that is served: ready, draining, finishing, flushing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use obs_core::Phase;
use obs_core::context::Around;
use obs_core::keys::target;
use tokio::sync::oneshot;
use tokio::time::{sleep_until, timeout};

use super::connection::QUIET;
use super::connections::Counts;
use super::ended::{Ended, How, Timings};
use super::handle::{Asked, ShutdownHandle};
use super::signals::Ears;
use crate::phases::{Phases, Step};
use crate::{Obs, config};

/// How long connections under way have to arrive where the port is shared: some round trips.
const SETTLE: Duration = Duration::from_millis(100);
/// What a worker may take beyond its deadline when its sink hangs.
const SLACK: Duration = Duration::from_millis(250);

/// What serves, as its phases see it.
pub(super) trait Server {
    /// Serves until `over`; `None` where it ends by itself before.
    async fn until<T: Send>(&mut self, over: impl Future<Output = T> + Send) -> Option<T>;

    /// The end was asked for.
    fn drain(&mut self);

    /// Takes no connection any more, after those that have `settle` to arrive.
    async fn last(&mut self, settle: Duration);

    /// Everything is to end as soon as it owes nothing; `long` says that what was silent since [`Self::drain`] has been
    /// so for long enough.
    fn finish(&mut self, long: bool);

    /// Waits until all has ended.
    async fn ended(&mut self) -> How;

    /// Ends what is left, and waits a moment for it to be noted.
    async fn cut(&mut self) -> How;

    /// Notes that connections that were upgraded, for which nobody waits, end with the process.
    fn cut_upgraded(&self) {}

    /// What there is now.
    fn counts(&self) -> Counts;
}

/// When each phase has to be over, from when the end was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Schedule {
    drained: Duration,
    finished: Duration,
    flushed: Duration,
}

impl Schedule {
    /// What is chosen, or a fifth of the time and at most what a drop takes, is kept for the flush; the delay comes out of
    /// the rest.
    fn of(drain: config::Drain, flush: config::Flush) -> Self {
        let reserve = flush.timeout.unwrap_or((drain.timeout / 5).min(Obs::DROP_DEADLINE));
        let finished = drain.timeout.saturating_sub(reserve);
        Self { drained: drain.delay.min(finished), finished, flushed: drain.timeout }
    }
}

/// Serves until the end is asked for, and ends. `make` is called once signals are heard.
pub(super) async fn run<S: Server>(
    obs: Obs,
    make: impl FnOnce(&Obs) -> S,
    ears: Ears,
    over: impl Future<Output = ()> + Send,
) -> Ended {
    let obs = Arc::new(obs);
    let supervised = match ears.open(&obs) {
        Ok(supervised) => supervised,
        Err(error) => return Ended::failed(error),
    };
    let mut server = make(&obs);
    let (phases, around) = (obs.phases.clone(), obs.around.clone());
    let mut clock = PhaseClock { begun: Instant::now(), phases, around };

    obs.signals.serving();
    obs.profiling.serving();
    obs.ready();
    clock.tell(
        || tracing::info!(target: target::SERVE, phase = Step::Ready.as_str(), "{}", message(Step::Ready)),
    );
    let handle = obs.shutdown_handle();
    let asked = server.until(asked(handle.clone(), over)).await;
    let asked = asked.unwrap_or_else(|| handle.ask("the server"));
    let schedule = Schedule::of(obs.config().drain, obs.config().flush);
    let by = |after: Duration| asked.at.checked_add(after).unwrap_or(asked.at);

    obs.base().lifecycle.advance(Phase::Draining);
    // From when it was asked for, whenever this runtime has heard.
    let ready = clock.next_at(Step::Draining, asked.at, server.counts(), asked.by);
    let mut timings = Timings { ready, ..Timings::default() };
    server.drain();
    let _ = server.until(sleep_until(by(schedule.drained).into())).await;
    server.last(SETTLE.min(schedule.finished - schedule.drained)).await;

    timings.draining = clock.next(Step::Finishing, server.counts(), asked.by);
    server.finish(schedule.drained >= QUIET);
    let left = by(schedule.finished).saturating_duration_since(Instant::now());
    let how = match timeout(left, server.ended()).await {
        Ok(how) => how,
        Err(_) => server.cut().await,
    };
    let phase = Step::Finishing.as_str();
    match &how {
        How::Drained => {}
        How::Cut { requests } => clock.tell(
            || tracing::warn!(target: target::SERVE, phase, requests, "requests were cut: the time is over"),
        ),
        How::Failed(error) => clock.tell(
            || tracing::error!(target: target::SERVE, phase, error = %obs_core::fields::Chain(error), "the server has failed"),
        ),
    }

    // Nobody waits for those; that they end with the process is to be delivered as well.
    server.cut_upgraded();
    timings.finishing = clock.next(Step::Flushing, server.counts(), asked.by);
    supervised.ended(&how);
    drop(server);
    let delivered = flush(obs, by(schedule.flushed)).await;
    supervised.returns();
    timings.flushing = clock.begun.elapsed();
    Ended { how, timings, delivered, served: true }
}

/// The handle, or the future given by the caller, whichever is first.
async fn asked(handle: ShutdownHandle, over: impl Future<Output = ()> + Send) -> Asked {
    let mut over = std::pin::pin!(over);
    let mut told = std::pin::pin!(handle.told());
    std::future::poll_fn(|task| {
        if over.as_mut().poll(task).is_ready() {
            return std::task::Poll::Ready(handle.ask("future"));
        }
        told.as_mut().poll(task)
    })
    .await
}

/// Delivers what was recorded, on a thread of its own: it blocks, and the runtime may have no other worker.
async fn flush(obs: Arc<Obs>, until: Instant) -> bool {
    let Some(mut obs) = Arc::into_inner(obs) else {
        // A signal has come that ends the process at once; it is being flushed already.
        return std::future::pending().await;
    };
    let left = until.saturating_duration_since(Instant::now());
    let deadline = left.saturating_sub(SLACK.min(left / 2)).min(obs.last_flush());
    let (done, told) = oneshot::channel();
    let flush = move || {
        let until = obs_core::time::deadline(deadline);
        let delivered = obs.flush(deadline);
        obs.finish(until.saturating_duration_since(Instant::now()));
        let _ = done.send(delivered);
    };
    // Where there is no thread to be had, the closure is dropped, and the installation with it: that delivers too.
    let spawned = std::thread::Builder::new().name(String::from("obs-flush")).spawn(flush);
    spawned.is_ok() && told.await.unwrap_or(false)
}

/// Tells of each phase as it begins, and how long the one before it took.
struct PhaseClock {
    begun: Instant,
    phases: Phases,
    /// Around what is told, where the installation is not the process's own.
    around: Option<Arc<dyn Around>>,
}

impl PhaseClock {
    fn tell(&self, line: impl FnOnce()) {
        let _entered = self.around.as_ref().map(|around| around.enter());
        line();
    }

    fn next(&mut self, step: Step, counts: Counts, asked_by: &'static str) -> Duration {
        self.next_at(step, Instant::now(), counts, asked_by)
    }

    fn next_at(&mut self, step: Step, at: Instant, counts: Counts, asked_by: &'static str) -> Duration {
        // The end may be asked for before anything is served.
        let at = at.max(self.begun);
        self.phases.enter(step, at);
        let took = at - std::mem::replace(&mut self.begun, at);
        self.tell(|| {
            tracing::info!(
                target: target::SERVE,
                phase = step.as_str(),
                seconds = took.as_secs_f64(),
                connections = counts.connections,
                requests = counts.requests,
                asked_by,
                "{}",
                message(step)
            );
        });
        took
    }
}

fn message(step: Step) -> &'static str {
    match step {
        Step::Starting | Step::Ready => "taking connections",
        Step::Draining => "asked to end; connections are still taken",
        Step::Finishing => "no more connections are taken; requests are finished",
        Step::Flushing => "requests have ended; delivering what was recorded",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(delay: u64, timeout: u64) -> [u64; 3] {
        with_flush(delay, timeout, None)
    }

    fn with_flush(delay: u64, timeout: u64, flush: Option<u64>) -> [u64; 3] {
        let (mut drain, mut last) = (config::Drain::default(), config::Flush::default());
        (drain.delay, drain.timeout) = (Duration::from_millis(delay), Duration::from_millis(timeout));
        last.timeout = flush.map(Duration::from_millis);
        let schedule = Schedule::of(drain, last);
        [schedule.drained, schedule.finished, schedule.flushed].map(|until| until.as_millis() as u64)
    }

    #[test]
    fn the_flush_has_a_reserve_and_the_delay_stays_within_the_time() {
        assert_eq!(schedule(2_000, 25_000), [2_000, 20_000, 25_000]);
        assert_eq!(schedule(2_000, 60_000), [2_000, 55_000, 60_000]);
        assert_eq!(schedule(0, 1_000), [0, 800, 1_000]);
        assert_eq!(schedule(5_000, 1_000), [800, 800, 1_000]);
        assert_eq!(schedule(1, 0), [0, 0, 0]);
    }

    #[test]
    fn a_flush_that_was_chosen_has_all_of_its_time() {
        assert_eq!(with_flush(2_000, 25_000, Some(500)), [2_000, 24_500, 25_000]);
        assert_eq!(with_flush(2_000, 25_000, Some(24_000)), [1_000, 1_000, 25_000]);
        assert_eq!(with_flush(2_000, 1_000, Some(3_000)), [0, 0, 1_000]);
    }
}
