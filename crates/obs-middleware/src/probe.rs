//! Tells the guard around a router which of its routes was taken.

use std::fmt;
use std::task::{Context as TaskContext, Poll};

use http::Request;
use obs_core::context::{self, LocalKind};
use tower_layer::Layer;
use tower_service::Service;

use crate::route::{Known, RouteOf};

/// For `Router::layer`, after the routes, where the guard is further out and cannot see them. Outside of a request it
/// does nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct RouteProbeLayer<R = Known> {
    route: R,
}

impl RouteProbeLayer {
    /// Finds what the enabled features know: axum's `MatchedPath`.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<R> RouteProbeLayer<R> {
    /// Where route templates come from; default what the enabled features know.
    pub fn route<N: RouteOf>(self, route: N) -> RouteProbeLayer<N> {
        RouteProbeLayer { route }
    }
}

impl<S, R: Clone> Layer<S> for RouteProbeLayer<R> {
    type Service = RouteProbe<S, R>;

    fn layer(&self, inner: S) -> Self::Service {
        RouteProbe { inner, route: self.route.clone() }
    }
}

/// A service whose requests have their route filled in; see [`RouteProbeLayer`].
#[derive(Clone)]
pub struct RouteProbe<S, R = Known> {
    inner: S,
    route: R,
}

impl<S, R, B> Service<Request<B>> for RouteProbe<S, R>
where
    S: Service<Request<B>>,
    R: RouteOf,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, task: &mut TaskContext<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if let Some(route) = self.route.route(request.uri(), request.extensions()) {
            context::with_current(|outer| {
                if outer.local().kind() == LocalKind::Server {
                    outer.local().set_route(route);
                }
            });
        }
        self.inner.call(request)
    }
}

impl<S: fmt::Debug, R> fmt::Debug for RouteProbe<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteProbe").field("inner", &self.inner).finish_non_exhaustive()
    }
}
