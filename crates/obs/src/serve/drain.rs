//! The life of a service that is served: ready, draining, finishing, flushing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use obs_core::Phase;
use obs_core::keys::target;
use tokio::sync::oneshot;
use tokio::time::{sleep, sleep_until, timeout};

use super::accept::Accept;
use super::connection::QUIET;
use super::connections::Connections;
use super::ended::{Ended, How, Timings};
use super::handle::{Asked, ShutdownHandle};
use super::listener::Listener;
use super::make::Serve;
use super::signals::Ears;
use crate::{Obs, config};

/// How long connections under way have to arrive where the port is shared: some round trips.
const SETTLE: Duration = Duration::from_millis(100);
/// How long requests that were cut have to be noted as such.
const CUT: Duration = Duration::from_millis(250);
/// What a worker may take beyond its deadline when its sink hangs.
const SLACK: Duration = Duration::from_millis(250);

/// When each phase has to be over, from when the end was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Schedule {
    drained: Duration,
    finished: Duration,
    flushed: Duration,
}

impl Schedule {
    /// A fifth of the time, at most what a drop takes, is kept for the flush; the delay comes out of the rest.
    fn of(drain: config::Drain) -> Self {
        let reserve = (drain.timeout / 5).min(Obs::DROP_DEADLINE);
        let finished = drain.timeout.saturating_sub(reserve);
        Self { drained: drain.delay.min(finished), finished, flushed: drain.timeout }
    }
}

/// Serves until the end is asked for, and ends.
pub(crate) async fn run<L: Listener>(
    obs: Obs,
    listener: L,
    make: impl Serve<L::Socket>,
    ears: Ears,
    over: impl Future<Output = ()>,
) -> Ended {
    let obs = Arc::new(obs);
    let supervised = match ears.open(&obs) {
        Ok(supervised) => supervised,
        Err(error) => return Ended::failed(error),
    };
    let connections = Connections::default();
    // Whoever drops this future ends what it has begun.
    let _cut = CutOnDrop(connections.clone());
    let mut accept = Accept::new(listener, make, connections.clone());
    let mut clock = PhaseClock { begun: Instant::now(), connections };

    obs.signals.serving();
    obs.profiling.serving();
    obs.ready();
    tracing::info!(target: target::SERVE, phase = "ready", "taking connections");
    let asked = accept.until(asked(obs.shutdown_handle(), over)).await;
    let schedule = Schedule::of(obs.config().drain);
    let by = |after: Duration| asked.at.checked_add(after).unwrap_or(asked.at);

    obs.base().lifecycle.advance(Phase::Draining);
    let mut timings = Timings { ready: clock.next("draining", asked.by), ..Timings::default() };
    let connections = clock.connections.clone();
    connections.drain();
    accept.until(sleep_until(by(schedule.drained).into())).await;
    accept.last(SETTLE.min(schedule.finished - schedule.drained)).await;

    timings.draining = clock.next("finishing", asked.by);
    connections.finish(schedule.drained >= QUIET);
    let left = by(schedule.finished).saturating_duration_since(Instant::now());
    let how = match timeout(left, connections.ended()).await {
        Ok(()) => How::Drained,
        Err(_) => cut(&connections).await,
    };

    timings.finishing = clock.next("flushing", asked.by);
    supervised.ended(&how);
    let delivered = flush(obs, by(schedule.flushed)).await;
    timings.flushing = clock.begun.elapsed();
    Ended { how, timings, delivered }
}

/// The handle, or the future given by the caller, whichever is first.
async fn asked(handle: ShutdownHandle, over: impl Future<Output = ()>) -> Asked {
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

/// Ends what is left, and waits a moment for it to be noted.
async fn cut(connections: &Connections) -> How {
    let requests = connections.counts().requests;
    let cut = connections.cut();
    let until = obs_core::time::deadline(CUT);
    while cut.iter().any(|conn| conn.open() > 0) && Instant::now() < until {
        sleep(Duration::from_millis(5)).await;
    }
    if requests == 0 {
        // Clients that were silent to the last: nothing was owed to them.
        return How::Drained;
    }
    tracing::warn!(target: target::SERVE, phase = "finishing", requests, "requests were cut: the time is over");
    How::Cut { requests }
}

/// Delivers what was recorded, on a thread of its own: it blocks, and the runtime may have no other worker.
async fn flush(obs: Arc<Obs>, until: Instant) -> bool {
    let Some(mut obs) = Arc::into_inner(obs) else {
        // A signal has come that ends the process at once; it is being flushed already.
        return std::future::pending().await;
    };
    let left = until.saturating_duration_since(Instant::now());
    let deadline = left.saturating_sub(SLACK).min(Obs::DROP_DEADLINE);
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
    connections: Connections,
}

impl PhaseClock {
    fn next(&mut self, phase: &'static str, asked_by: &'static str) -> Duration {
        let took = std::mem::replace(&mut self.begun, Instant::now()).elapsed();
        let counts = self.connections.counts();
        tracing::info!(
            target: target::SERVE,
            phase,
            seconds = took.as_secs_f64(),
            connections = counts.connections,
            requests = counts.requests,
            asked_by,
            "{}",
            message(phase)
        );
        took
    }
}

fn message(phase: &str) -> &'static str {
    match phase {
        "draining" => "asked to end; connections are still taken",
        "finishing" => "no more connections are taken; requests are finished",
        _ => "requests have ended; delivering what was recorded",
    }
}

struct CutOnDrop(Connections);

impl Drop for CutOnDrop {
    fn drop(&mut self) {
        self.0.cut();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(delay: u64, timeout: u64) -> [u64; 3] {
        let mut drain = config::Drain::default();
        (drain.delay, drain.timeout) = (Duration::from_millis(delay), Duration::from_millis(timeout));
        let schedule = Schedule::of(drain);
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
}
