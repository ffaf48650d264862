//! The server layer: context, guard and response headers around any tower service that answers HTTP.

mod answer;
mod extract;
mod guard;
mod head;
mod incoming;
mod options;
mod rpc;
mod settings;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use http::{Request, Response};
use http_body::Body;
use obs_core::context;
use obs_core::{Base, Observer};
use tower_layer::Layer;
use tower_service::Service;

use crate::route::{Known, RouteOf};
use crate::watch::{Watch, WatchedBody, WatchedFuture};
use guard::Guard;
use incoming::{Counted, Measured};
use settings::{Options, Settings};

pub(crate) use head::Head;
pub(crate) use settings::Tell;

/// The response body of [`Server`]: the inner body's frames, unchanged.
///
/// # Cancel safety
/// Dropping it before its end ends the request as cancelled.
pub type ServerBody<B> = WatchedBody<B, Guard>;

/// The response future of [`Server`].
///
/// # Cancel safety
/// Dropping it ends the request as cancelled; the service's future is dropped inside the request's context.
pub type ServerFuture<F> = WatchedFuture<F, Guard>;

/// Wraps services so that `O` learns of their requests. Cheap to clone.
pub struct ServerLayer<O, R = Known> {
    settings: Arc<Settings<O, R>>,
}

impl<O: Observer> ServerLayer<O> {
    /// A layer that tells `observers` (one, or a tuple of up to four).
    pub fn new(base: Arc<Base>, observers: O) -> Self {
        Self { settings: Arc::new(Settings { base, observers, route: Known, options: Options::default() }) }
    }
}

impl<O, R> Clone for ServerLayer<O, R> {
    fn clone(&self) -> Self {
        Self { settings: Arc::clone(&self.settings) }
    }
}

impl<O, R> fmt::Debug for ServerLayer<O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerLayer").field("options", &self.settings.options).finish_non_exhaustive()
    }
}

impl<S, O, R> Layer<S> for ServerLayer<O, R> {
    type Service = Server<S, O, R>;

    fn layer(&self, inner: S) -> Self::Service {
        Server { inner, settings: Arc::clone(&self.settings) }
    }
}

/// A service with the layer around it; see [`ServerLayer`].
pub struct Server<S, O, R = Known> {
    inner: S,
    settings: Arc<Settings<O, R>>,
}

impl<S: Clone, O, R> Clone for Server<S, O, R> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), settings: Arc::clone(&self.settings) }
    }
}

impl<S: fmt::Debug, O, R> fmt::Debug for Server<S, O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S, O, R, ReqBody, ResBody> Service<Request<ReqBody>> for Server<S, O, R>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    S::Error: fmt::Display + 'static,
    ResBody: Body,
    ResBody::Data: 'static,
    ReqBody: 'static,
    ResBody::Error: fmt::Display + 'static,
    O: Observer + 'static,
    R: RouteOf + 'static,
{
    type Response = Response<ServerBody<ResBody>>;
    type Error = S::Error;
    type Future = ServerFuture<S::Future>;

    fn poll_ready(&mut self, task: &mut TaskContext<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let settings = &*self.settings;
        let route = settings.route.route(request.uri(), request.extensions());
        let nested = context::with_polled_request(|outer| {
            if let Some(route) = route {
                outer.local().set_route(route);
            }
        });
        if nested.is_some() {
            return ServerFuture::new(self.inner.call(request), None);
        }
        let policy = settings.options.policy(&request);
        if policy.is_some_and(|policy| policy.ignored) {
            return ServerFuture::new(self.inner.call(request), None);
        }
        let mut guard = Guard::open(&self.settings, policy, &request);
        if let Some(route) = route {
            guard.context().local().set_route(route);
        }
        guard.receives(|| incoming::watch(request.body_mut(), Counted::Messages));
        let wants = settings.options.measures;
        if wants.sizes || wants.head {
            guard.measures(|| Measured::begin(wants, &mut request));
        }
        if settings.options.answers_panics {
            return caught(guard, || self.inner.call(request));
        }
        let scope = context::enter_poll(guard.context());
        // Catching a panic here would move the whole request once more; the guard is told to look for one instead.
        guard.calls(true);
        let inner = self.inner.call(request);
        guard.calls(false);
        drop(scope);
        ServerFuture::new(inner, Some(guard))
    }
}

/// As a call is made where its panic is answered.
#[cold]
#[inline(never)]
fn caught<F>(mut guard: Guard, call: impl FnOnce() -> F) -> ServerFuture<F> {
    let scope = context::enter_poll(guard.context());
    let called = catch_unwind(AssertUnwindSafe(call));
    drop(scope);
    match called {
        Ok(inner) => ServerFuture::new(inner, Some(guard)),
        Err(payload) => {
            guard.raises(payload);
            ServerFuture::raised(guard)
        }
    }
}
