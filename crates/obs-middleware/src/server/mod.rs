//! The server layer: context, guard and response headers around any tower service that answers HTTP.

mod body;
mod extract;
mod future;
mod guard;
mod head;

use std::fmt;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use http::{Request, Response};
use http_body::Body;
use obs_core::context;
use obs_core::{Base, Observer};
use tower_layer::Layer;
use tower_service::Service;

pub use body::ServerBody;
pub use future::ServerFuture;

use crate::route::{Known, RouteOf};
use crate::trust::Trust;
use guard::Guard;

/// Wraps services so that `O` learns of their requests. Cheap to clone.
pub struct ServerLayer<O, R = Known> {
    settings: Arc<Settings<O, R>>,
}

struct Settings<O, R> {
    base: Arc<Base>,
    observers: O,
    route: R,
    trust: Trust,
}

impl<O: Observer> ServerLayer<O> {
    /// A layer that tells `observers` (one, or a tuple of up to four).
    pub fn new(base: Arc<Base>, observers: O) -> Self {
        Self { settings: Arc::new(Settings { base, observers, route: Known, trust: Trust::default() }) }
    }
}

impl<O: Clone, R: Clone> ServerLayer<O, R> {
    /// How far callers are believed; default [`Trust::Internal`].
    pub fn trust(self, trust: Trust) -> Self {
        let mut settings = Arc::unwrap_or_clone(self.settings);
        settings.trust = trust;
        Self { settings: Arc::new(settings) }
    }

    /// Where route templates come from; default what the enabled features know.
    pub fn route<N: RouteOf>(self, route: N) -> ServerLayer<O, N> {
        let Settings { base, observers, trust, .. } = Arc::unwrap_or_clone(self.settings);
        ServerLayer { settings: Arc::new(Settings { base, observers, route, trust }) }
    }
}

impl<O: Clone, R: Clone> Clone for Settings<O, R> {
    fn clone(&self) -> Self {
        Self {
            base: Arc::clone(&self.base),
            observers: self.observers.clone(),
            route: self.route.clone(),
            trust: self.trust,
        }
    }
}

impl<O, R> Clone for ServerLayer<O, R> {
    fn clone(&self) -> Self {
        Self { settings: Arc::clone(&self.settings) }
    }
}

impl<O, R> fmt::Debug for ServerLayer<O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerLayer").field("trust", &self.settings.trust).finish_non_exhaustive()
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

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
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
        let mut guard = Guard::open(&self.settings, &request);
        if let Some(route) = route {
            guard.context().local().set_route(route);
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
