//! Takes connections until it is told to stop; no error ends it.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use obs_core::keys::target;
use tokio::time::{Interval, MissedTickBehavior, Sleep, interval, sleep};

use super::connections::Connections;
use super::listener::Listener;
use super::make::Serve;

/// How long to wait after accepting failed, for lack of file descriptors as a rule.
const PAUSE: Duration = Duration::from_millis(100);
/// How often silent connections are looked for.
const SWEEP: Duration = Duration::from_secs(5);
/// Failures are told this often at most.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// One listener and what becomes of what it gives, whatever their types.
pub(crate) trait Taker: Send {
    /// Takes what there is, for as long as there is any.
    fn poll(&mut self, connections: &Connections, task: &mut Context<'_>);

    /// Lets no further connection begin where others listen too; whether there are such.
    fn turn_away(&self) -> bool;

    /// Takes what is in the queue at this moment, and listens no more.
    fn last(self: Box<Self>, connections: &Connections);
}

/// All listeners of a service.
pub(super) struct Accept {
    takers: Vec<Box<dyn Taker>>,
    connections: Connections,
    sweep: Interval,
}

impl Accept {
    pub(super) fn new(takers: Vec<Box<dyn Taker>>, connections: Connections) -> Self {
        let mut sweep = interval(SWEEP);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { takers, connections, sweep }
    }

    /// Takes connections until `over`.
    pub(super) async fn until<T>(&mut self, over: impl Future<Output = T>) -> T {
        let mut over = pin!(over);
        poll_fn(|task| match over.as_mut().poll(task) {
            Poll::Ready(value) => Poll::Ready(value),
            Poll::Pending => {
                self.poll(task);
                Poll::Pending
            }
        })
        .await
    }

    fn poll(&mut self, task: &mut Context<'_>) {
        while self.sweep.poll_tick(task).is_ready() {
            self.connections.sweep();
        }
        self.takers.iter_mut().for_each(|taker| taker.poll(&self.connections, task));
    }

    /// Takes what is in the queues at this moment, and listens no more: where a port is shared, after the others were
    /// given everything new, and what was under way has `settle` to arrive.
    pub(super) async fn last(&mut self, settle: Duration) {
        let shared = self.takers.iter().filter(|taker| taker.turn_away()).count();
        if shared > 0 {
            self.until(sleep(settle)).await;
        }
        self.takers.drain(..).for_each(|taker| taker.last(&self.connections));
    }
}

/// A listener of one type.
pub(super) struct Taking<L, M> {
    listener: L,
    make: M,
    pause: Option<Pin<Box<Sleep>>>,
    told: Option<Instant>,
}

impl<L: Listener, M: Serve<L::Socket>> Taking<L, M> {
    pub(super) fn new(listener: L, make: M) -> Self {
        Self { listener, make, pause: None, told: None }
    }

    fn tell(&mut self, error: &io::Error) {
        if self.told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
            self.told = Some(Instant::now());
            tracing::warn!(target: target::SERVE, %error, "a connection cannot be accepted; trying again");
        }
    }
}

impl<L: Listener, M: Serve<L::Socket>> Taker for Taking<L, M> {
    fn poll(&mut self, connections: &Connections, task: &mut Context<'_>) {
        loop {
            if let Some(pause) = &mut self.pause {
                if pause.as_mut().poll(task).is_pending() {
                    return;
                }
                self.pause = None;
            }
            match self.listener.poll_accept(task) {
                Poll::Pending => return,
                Poll::Ready(Ok((socket, peer))) => self.make.serve(socket, peer, connections.register()),
                Poll::Ready(Err(error)) if is_the_clients(&error) => {}
                Poll::Ready(Err(error)) => {
                    self.tell(&error);
                    self.pause = Some(Box::pin(sleep(PAUSE)));
                }
            }
        }
    }

    fn turn_away(&self) -> bool {
        self.listener.turn_away()
    }

    fn last(mut self: Box<Self>, connections: &Connections) {
        loop {
            match self.listener.accept_now() {
                Ok((socket, peer)) => self.make.serve(socket, peer, connections.register()),
                Err(error) if is_the_clients(&error) => {}
                // Empty, or no file descriptor is left for the rest.
                Err(_) => return,
            }
        }
    }
}

/// Whether it is the affair of one connection, which was gone before it was taken.
fn is_the_clients(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
