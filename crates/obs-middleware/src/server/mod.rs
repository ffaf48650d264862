//! The server layer: context, guard and response headers around any tower service that answers HTTP.

mod extract;
mod guard;
mod head;
mod incoming;
mod rpc;

use std::fmt;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use http::{HeaderName, Request, Response};
use http_body::Body;
use obs_core::context;
use obs_core::{Base, Network, Observer};
use tower_layer::Layer;
use tower_service::Service;

use crate::grpc::Methods;
use crate::route::{Known, RouteOf};
use crate::trust::{Trust, Trusted};
use crate::watch::{Watch, WatchedBody, WatchedFuture};
use guard::Guard;

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

struct Settings<O, R> {
    base: Arc<Base>,
    observers: O,
    route: R,
    trusted: Trusted,
    debug: Option<HeaderName>,
    methods: Arc<Methods>,
}

impl<O: Observer> ServerLayer<O> {
    /// A layer that tells `observers` (one, or a tuple of up to four).
    pub fn new(base: Arc<Base>, observers: O) -> Self {
        Self {
            settings: Arc::new(Settings {
                base,
                observers,
                route: Known,
                trusted: Trusted::default(),
                debug: None,
                methods: Arc::default(),
            }),
        }
    }
}

impl<O: Clone, R: Clone> ServerLayer<O, R> {
    /// How far callers are believed; default [`Trust::Internal`].
    pub fn trust(self, trust: Trust) -> Self {
        let mut settings = Arc::unwrap_or_clone(self.settings);
        settings.trusted.trust = trust;
        Self { settings: Arc::new(settings) }
    }

    /// The peers whose trace goes on under [`Trust::Edge`] too, by the address of their connection; default none.
    pub fn trusted_peers(self, peers: impl IntoIterator<Item = Network>) -> Self {
        let mut settings = Arc::unwrap_or_clone(self.settings);
        settings.trusted.peers = peers.into_iter().collect();
        Self { settings: Arc::new(settings) }
    }

    /// The header by which somebody may have a request recorded whatever else decides, where an observer finds its value good
    /// ([`Observer::forces`]); default none, as with what is no name of a header. Believed of anybody: it is the value that proves
    /// who sent it.
    pub fn debug_header(self, name: impl TryInto<HeaderName>) -> Self {
        let mut settings = Arc::unwrap_or_clone(self.settings);
        settings.debug = name.try_into().ok();
        Self { settings: Arc::new(settings) }
    }

    /// Services and methods of gRPC that are known before they are called: `package.Service`, or `package.Service/Method`. Others
    /// are known from the first answer that only their own code gives; until then they count as `_OTHER`, under their service
    /// where that is known. Default none.
    pub fn grpc_services<N: AsRef<str>>(self, names: impl IntoIterator<Item = N>) -> Self {
        let mut settings = Arc::unwrap_or_clone(self.settings);
        let names = names.into_iter().map(|name| name.as_ref().to_owned());
        settings.methods = Arc::new(settings.methods.and(names));
        Self { settings: Arc::new(settings) }
    }

    /// Where route templates come from; default what the enabled features know.
    pub fn route<N: RouteOf>(self, route: N) -> ServerLayer<O, N> {
        let Settings { base, observers, trusted, debug, methods, .. } = Arc::unwrap_or_clone(self.settings);
        ServerLayer { settings: Arc::new(Settings { base, observers, route, trusted, debug, methods }) }
    }
}

impl<O: Clone, R: Clone> Clone for Settings<O, R> {
    fn clone(&self) -> Self {
        Self {
            base: Arc::clone(&self.base),
            observers: self.observers.clone(),
            route: self.route.clone(),
            trusted: self.trusted.clone(),
            debug: self.debug.clone(),
            methods: Arc::clone(&self.methods),
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
        f.debug_struct("ServerLayer").field("trusted", &self.settings.trusted).finish_non_exhaustive()
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
        let mut guard = Guard::open(&self.settings, &request);
        if let Some(route) = route {
            guard.context().local().set_route(route);
        }
        guard.receives(|| incoming::watch(request.body_mut()));
        let scope = context::enter_poll(guard.context());
        // Catching a panic here would move the whole request once more; the guard is told to look for one instead.
        guard.calls(true);
        let inner = self.inner.call(request);
        guard.calls(false);
        drop(scope);
        ServerFuture::new(inner, Some(guard))
    }
}
