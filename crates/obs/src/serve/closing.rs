//! Servers of others: they take connections by themselves, and are told when to stop and waited for.

use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::watch;

use super::connections::Counts;
use super::handle::ShutdownHandle;
use super::{BoxError, How, Server};

/// What a server goes by that takes connections itself: see [`Obs::serve_by`](crate::Obs::serve_by). Cheap to clone.
#[derive(Clone)]
pub struct Closing {
    asked: ShutdownHandle,
    state: Arc<watch::Sender<State>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    is_finishing: bool,
    held: usize,
}

impl Closing {
    fn new(asked: ShutdownHandle) -> Self {
        Self { asked, state: Arc::default() }
    }

    /// Resolves once the end was asked for: the service is unready, and connections are still to be taken.
    ///
    /// # Cancel safety
    /// Nothing is lost by dropping it.
    pub fn asked(&self) -> impl Future<Output = ()> + Send + use<> {
        let asked = self.asked.clone();
        async move { asked.asked().await }
    }

    /// Resolves once no more connections are to be taken and those that there are should end, each after what it owes.
    ///
    /// # Cancel safety
    /// Nothing is lost by dropping it.
    pub fn finishing(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut state = self.state.subscribe();
        // The sender may go with the server, which then needs no telling.
        async move { drop(state.wait_for(|state| state.is_finishing).await) }
    }

    /// The end waits until what this gives is dropped: to be kept by the task of a connection, or of a request.
    pub fn hold(&self) -> Held {
        self.state.send_modify(|state| state.held += 1);
        Held(Arc::clone(&self.state))
    }
}

impl fmt::Debug for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closing").field("asked", &self.asked).field("state", &*self.state.borrow()).finish()
    }
}

/// Something that is waited for until it is dropped; see [`Closing::hold`].
#[derive(Debug)]
#[must_use = "the end waits only while it is kept"]
pub struct Held(Arc<watch::Sender<State>>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.send_modify(|state| state.held -= 1);
    }
}

/// A server of somebody's, as a future that ends when it has.
pub(super) struct By<F> {
    serving: Option<Pin<Box<F>>>,
    closing: Closing,
    failed: Option<BoxError>,
}

impl<F, E> By<F>
where
    F: Future<Output = Result<(), E>>,
    E: Into<BoxError>,
{
    pub(super) fn new(asked: ShutdownHandle, serve: impl FnOnce(Closing) -> F) -> Self {
        let closing = Closing::new(asked);
        Self { serving: Some(Box::pin(serve(closing.clone()))), closing, failed: None }
    }

    /// How it failed, if it did.
    fn failure(&mut self) -> Option<How> {
        self.failed.take().map(|error| How::Failed(std::io::Error::other(error)))
    }

    /// Until the server is over.
    async fn over(&mut self) {
        if let Some(serving) = &mut self.serving {
            let ended = serving.await;
            self.serving = None;
            self.failed = ended.err().map(Into::into);
        }
    }
}

impl<F, E> Server for By<F>
where
    F: Future<Output = Result<(), E>> + Send,
    E: Into<BoxError> + Send,
{
    async fn until<T: Send>(&mut self, over: impl Future<Output = T> + Send) -> Option<T> {
        let (mut over, mut ended) = (pin!(over), pin!(self.over()));
        poll_fn(|task| match over.as_mut().poll(task) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending => ended.as_mut().poll(task).map(|()| None),
        })
        .await
    }

    fn drain(&mut self) {}

    async fn last(&mut self, _: Duration) {
        self.closing.state.send_modify(|state| state.is_finishing = true);
    }

    fn finish(&mut self, _: bool) {}

    async fn ended(&mut self) -> How {
        self.over().await;
        let mut state = self.closing.state.subscribe();
        // The sender is here: waiting cannot fail.
        drop(state.wait_for(|state| state.held == 0).await);
        self.failure().unwrap_or(How::Drained)
    }

    async fn cut(&mut self) -> How {
        // Of a server that has failed the rest is no news.
        if let Some(failed) = self.failure() {
            return failed;
        }
        // A server that is not over has something to do, whether it tells of it or not.
        let requests = self.counts().requests.max(1);
        self.serving = None;
        How::Cut { requests }
    }

    fn counts(&self) -> Counts {
        let held = self.closing.state.borrow().held;
        Counts { connections: held, requests: held }
    }
}
