//! What a connection is used for after a request has asked for another protocol on it, such as a WebSocket.
//!
//! The request itself is over with the response's head. From there on the connection belongs to whoever asked for it, mostly a
//! task of its own, and no layer sees it any more; so somebody has to hold what knows of it. [`in_upgrade`] does so in the
//! program's own code, with any server and over HTTP/1 and HTTP/2; the server of `obs` does by itself for HTTP/1. Where both do, it
//! is counted once, until neither holds it any more. Where nobody does, it is not counted at all.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context as TaskContext, Poll};

use http::{HeaderValue, Response};
use obs_core::Outcome;
use obs_core::context::{self, Context};
use obs_core::observe::UpgradeEnd;
use obs_core::time::Monotonic;
use pin_project_lite::pin_project;

use crate::server::{Head, Tell};

/// The use of one connection, from the request that asked for it until nobody holds this any more.
#[derive(Clone, Debug)]
pub struct Upgraded(Arc<Used>);

/// As the request's context knows it, which must not keep it.
#[derive(Clone, Debug)]
struct Expected(Weak<Used>);

/// As a response carries it to the server. One that knows nothing of it drops it, and nothing was begun.
#[derive(Clone, Debug)]
struct Granted(Upgraded);

struct Used {
    tell: Arc<dyn Tell>,
    context: Context,
    head: Head,
    state: Mutex<State>,
    is_counted: AtomicBool,
    received: AtomicU64,
    sent: AtomicU64,
}

#[derive(Default)]
struct State {
    granted: Option<(Monotonic, Option<HeaderValue>)>,
    begun: bool,
    over: bool,
    outcome: Option<Outcome>,
}

impl Upgraded {
    /// Of a request that asks for another protocol.
    #[cold]
    pub(crate) fn expected(tell: &Arc<dyn Tell>, context: &Context, head: &Head) -> Self {
        let used = Arc::new(Used {
            tell: Arc::clone(tell),
            context: context.clone(),
            head: head.clone(),
            state: Mutex::default(),
            is_counted: AtomicBool::new(false),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
        });
        context.local().expect_upgrade(Expected(Arc::downgrade(&used)));
        Self(used)
    }

    /// The response grants it.
    #[cold]
    pub(crate) fn grant<B>(self, response: &mut Response<B>) {
        let protocol = response.headers().get(http::header::UPGRADE).cloned();
        let now = self.0.tell.base().clock.monotonic();
        self.0.state().granted = Some((now, protocol));
        response.extensions_mut().insert(Granted(self));
    }

    /// That of the request which goes on here, where it asks for another protocol.
    pub fn current() -> Option<Self> {
        let found = |context: &Context| context.local().expected_upgrade::<Expected>()?.0.upgrade();
        context::with_current(found).flatten().map(Self)
    }

    /// For a server that sees what becomes of the connection: takes it from a response that grants another protocol. From here
    /// on it is in use.
    pub fn take<B>(response: &mut Response<B>) -> Option<Self> {
        let Granted(upgraded) = response.extensions_mut().remove()?;
        upgraded.begin();
        Some(upgraded)
    }

    /// What a response grants, as far as somebody other than the response holds it, such as [`in_upgrade`] does: for a server that
    /// does not see the connection itself.
    pub fn held<B>(response: &Response<B>) -> Option<WeakUpgraded> {
        let Granted(upgraded) = response.extensions().get()?;
        (Arc::strong_count(&upgraded.0) > 1).then(|| upgraded.downgrade())
    }

    /// It is in use, where it was granted. Later calls change nothing.
    fn begin(&self) {
        let mut state = self.0.state();
        if state.granted.is_none() || std::mem::replace(&mut state.begun, true) {
            return;
        }
        drop(state);
        self.0.tell.upgraded(&self.0.context, &self.0.head.view());
    }

    /// Notes how it ended. Of several ends the worst counts; where none was noted it was closed in order.
    pub fn ended(&self, outcome: Outcome) {
        let rank = |outcome| match outcome {
            Outcome::Success => 0,
            Outcome::Cancelled => 1,
            _ => 2,
        };
        let mut state = self.0.state();
        if state.outcome.is_none_or(|known| rank(outcome) > rank(known)) {
            state.outcome = Some(outcome);
        }
    }

    /// Bytes came.
    pub fn received(&self, bytes: usize) {
        self.0.is_counted.store(true, Relaxed);
        self.0.received.fetch_add(bytes as u64, Relaxed);
    }

    /// Bytes were sent.
    pub fn sent(&self, bytes: usize) {
        self.0.is_counted.store(true, Relaxed);
        self.0.sent.fetch_add(bytes as u64, Relaxed);
    }

    /// A way to end it that does not keep it in use.
    pub fn downgrade(&self) -> WeakUpgraded {
        WeakUpgraded(Arc::downgrade(&self.0))
    }
}

/// A way to end the use of a connection from outside.
#[derive(Clone, Debug)]
pub struct WeakUpgraded(Weak<Used>);

impl WeakUpgraded {
    /// Ends it now, as cancelled, whoever still holds it. For a process that ends.
    pub fn cut(&self) {
        if let Some(used) = self.0.upgrade() {
            Upgraded(Arc::clone(&used)).ended(Outcome::Cancelled);
            used.close();
        }
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.0.strong_count() == 0
    }
}

impl Used {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        let mut state = self.state();
        if !state.begun || std::mem::replace(&mut state.over, true) {
            return;
        }
        let Some((since, protocol)) = state.granted.take() else { return };
        let outcome = state.outcome.unwrap_or(Outcome::Success);
        drop(state);
        let base = self.tell.base();
        let mut end = UpgradeEnd::new(outcome, base.clock.monotonic().since(since));
        end.protocol = protocol.as_ref().and_then(|protocol| protocol.to_str().ok());
        if self.is_counted.load(Relaxed) {
            end.received = Some(self.received.load(Relaxed));
            end.sent = Some(self.sent.load(Relaxed));
        }
        let mut request = self.head.view();
        request.judge(&base.redaction);
        self.tell.closed(&self.context, &request, &end);
    }
}

impl Drop for Used {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Used {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Used").field("context", &self.context).finish_non_exhaustive()
    }
}

/// Makes what is done with an upgraded connection known: counted as in flight, timed, and with a line at its end that has the
/// request's ids, as what is logged meanwhile has. To be called while the request is served, around what is called with the
/// connection.
///
/// With axum's WebSockets: `upgrade.on_upgrade(in_upgrade(|socket| async move { .. }))`. With hyper's own:
///
/// ```
/// # async fn echo(_: hyper::upgrade::Upgraded) {}
/// # async fn handler(mut request: http::Request<hyper::body::Incoming>) {
/// let serve = obs_middleware::in_upgrade(|connection| echo(connection));
/// let connection = hyper::upgrade::on(&mut request);
/// tokio::spawn(async move {
///     if let Ok(connection) = connection.await {
///         serve(connection).await;
///     }
/// });
/// # }
/// ```
///
/// Where no request goes on, or none that asks for another protocol, it does nothing.
pub fn in_upgrade<C, F: Future>(serve: impl FnOnce(C) -> F) -> impl FnOnce(C) -> InUpgrade<F> {
    let upgraded = Upgraded::current();
    move |connection| {
        if let Some(upgraded) = &upgraded {
            upgraded.begin();
        }
        let inner = {
            let _scope = upgraded.as_ref().map(|upgraded| context::enter_poll(&upgraded.0.context));
            // It may panic itself, before there is a future to tell of it.
            let _watched = Watched(upgraded.as_ref());
            serve(connection)
        };
        InUpgrade { inner: Some(inner), upgraded }
    }
}

pin_project! {
    /// The future of [`in_upgrade`].
    ///
    /// # Cancel safety
    /// Dropping it ends the use of the connection as cancelled.
    #[must_use = "futures do nothing unless polled"]
    pub struct InUpgrade<F> {
        #[pin]
        inner: Option<F>,
        upgraded: Option<Upgraded>,
    }

    impl<F> PinnedDrop for InUpgrade<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.inner.is_none() {
                return;
            }
            if let Some(upgraded) = this.upgraded.as_ref() {
                let panics = std::thread::panicking();
                upgraded.ended(if panics { Outcome::Panicked } else { Outcome::Cancelled });
            }
            let _scope = this.upgraded.as_ref().map(|upgraded| context::enter_poll(&upgraded.0.context));
            this.inner.set(None);
        }
    }
}

impl<F: Future> Future for InUpgrade<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else { panic!("polled after it was ready") };
        let output = {
            let _scope = this.upgraded.as_ref().map(|upgraded| context::enter_poll(&upgraded.0.context));
            let polled = Watched(this.upgraded.as_ref()).poll(inner, task);
            let Poll::Ready(output) = polled else { return Poll::Pending };
            this.inner.set(None);
            output
        };
        // It may be the last that holds it.
        this.upgraded.take();
        Poll::Ready(output)
    }
}

/// Notes a panic, which goes on. A task is dropped only after its panic was caught, where nothing tells it any more.
struct Watched<'a>(Option<&'a Upgraded>);

impl Watched<'_> {
    fn poll<F: Future>(self, inner: Pin<&mut F>, task: &mut TaskContext<'_>) -> Poll<F::Output> {
        inner.poll(task)
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(upgraded) = self.0
        {
            upgraded.ended(Outcome::Panicked);
        }
    }
}

impl<F> fmt::Debug for InUpgrade<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InUpgrade").field("upgraded", &self.upgraded).finish_non_exhaustive()
    }
}
