//! The client layer: a span, counts and a duration for each call of another service, and the context on its headers.
//!
//! ```
//! use obs_core::context::Route;
//! use obs_core::{Base, Resource};
//! use obs_middleware::ClientLayer;
//! use tower::{Layer, Service, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let base = Base::new(Resource::new("orders"));
//! // Any tower client of HTTP: hyper-util's, reqwest's, or, as here, a function.
//! let payments = ClientLayer::new(base, "payments").layer(tower::service_fn(|call: http::Request<String>| async move {
//!     assert_eq!(call.headers()["traceparent"].len(), 55);
//!     Ok::<_, std::convert::Infallible>(http::Response::new(String::from("paid")))
//! }));
//!
//! let call = http::Request::post("http://payments/v2/pay/17")
//!     .extension(Route::new("/v2/pay/{order}")) // the `route` label; without it, `unmatched`
//!     .body(String::new())
//!     .unwrap();
//! let answer = payments.oneshot(call).await.unwrap();
//! assert!(answer.status().is_success());
//! # }
//! ```
//!
//! # What a call is
//! A child of what is open where it is made, or the root of a trace of its own. It ends exactly once:
//! - when the answer's body has come to its end, or is dropped once its head has come: then the status decides;
//! - at an error, whose kind is a [`Fault`](crate::Fault), or a panic;
//! - when it is dropped before the head has come: it was cancelled, which is no error. That is also how a time-out *around* this
//!   layer looks; one inside is told apart.
//!
//! Each attempt of a retry layer around this one is a call of its own; [`ClientLayer::around_attempts`] is for the call that they make up
//! together. Redirects that a client follows by itself, as reqwest does
//! unless it is told not to, are one call: under the first URL, with the last answer's status, and with the headers below on each.
//!
//! An error is looked into where its type is known: a boxed one as tower's `BoxError`, an [`io::Error`](std::io::Error), and with the
//! features those of reqwest and of hyper. An error of another type is judged by its text alone, so that a client whose errors are
//! its own is best boxed inside of this layer, as tower's `MapErr` does.
//!
//! # gRPC
//! A call whose content type is `application/grpc` is one of gRPC: its span is `package.Service/Method`, it is counted under service,
//! method and code, and that is the code its headers or trailers say, or the one that tonic tells its caller where no answer came. Given
//! up when its `grpc-timeout` is over it has timed out, and before that it was cancelled, also in the middle of a stream. Its method is known
//! where it was [named](ClientLayer::grpc_services), or once it has given an answer that only its own code gives: a call may be one that is
//! handed on, with a path of whoever made it. Until then it is `_OTHER`, and its span `grpc`.
//!
//! # What travels
//! `traceparent` with the call's own span, `tracestate` and `x-request-id` as they came with the request that is being served. What stood
//! there before is replaced, and an `x-trace-id` of another trace is taken out: headers that are handed on from a caller never point
//! past this service. Outside of a request `x-request-id` is left as it is.

mod attempts;
mod call;
mod inject;
#[cfg(feature = "client-lapin")]
pub mod lapin;
mod place;
#[cfg(feature = "client-redis")]
pub mod redis;
#[cfg(feature = "client-reqwest")]
pub mod reqwest;
mod rpc;
#[cfg(feature = "client-sqlx")]
pub mod sqlx;

use std::fmt;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use http::header::CONTENT_TYPE;
use http::{Extensions, HeaderMap, Request, Response, Uri};
use http_body::Body;
use obs_core::Base;
use obs_core::context::{self, Route};
use obs_core::observe::Target;
use tower_layer::Layer;
use tower_service::Service;

use crate::grpc::{self, Methods};
use crate::route::RouteOf;
use crate::watch::{Watch, WatchedBody, WatchedFuture};
use attempts::Part;
use call::Call;
use place::Place;

/// The response body of [`Client`]: the inner body's frames, unchanged.
pub type ClientBody<B> = WatchedBody<B, Call>;

/// The response future of [`Client`].
///
/// # Cancel safety
/// Dropping it before the head has come ends the call as cancelled; the inner future is dropped inside of its context.
pub type ClientFuture<F> = WatchedFuture<F, Call>;

/// Wraps a client of one service, so that its calls are seen. Cheap to clone.
pub struct ClientLayer<R = Named> {
    settings: Arc<Settings<R>>,
}

#[derive(Clone)]
struct Settings<R> {
    caller: Caller,
    route: R,
}

/// What each call needs, wherever its route comes from.
#[derive(Clone)]
struct Caller {
    base: Arc<Base>,
    target: Target,
    inject: inject::Headers,
    /// Of gRPC.
    methods: Arc<Methods>,
    /// Whether its calls are made of attempts that are calls of another layer.
    is_whole: bool,
}

impl ClientLayer {
    /// A layer for calls of the service called `target`: the label of its metrics, never a host or a URL. An empty name is
    /// `unnamed`: to Prometheus an empty label is none.
    pub fn new(base: Arc<Base>, target: &str) -> Self {
        let target = Target::new(if target.is_empty() { "unnamed" } else { target });
        let (inject, methods) = (inject::Headers::default(), Arc::default());
        let caller = Caller { base, target, inject, methods, is_whole: false };
        Self { settings: Arc::new(Settings { caller, route: Named }) }
    }
}

impl<R: Clone> ClientLayer<R> {
    /// Sends `x-trace-id` too, for services that know no `traceparent`; default not.
    pub fn trace_id_header(self) -> Self {
        let mut settings = Arc::unwrap_or_clone(self.settings);
        settings.caller.inject.trace_id = true;
        Self { settings: Arc::new(settings) }
    }

    /// Services and methods of gRPC that are known before they are called: `package.Service`, or `package.Service/Method`. Others
    /// are known from the first answer that only their own code gives; until then they count as `_OTHER`, under their service
    /// where that is known. Name those whose failures matter from the start. Default none.
    pub fn grpc_services<N: AsRef<str>>(self, names: impl IntoIterator<Item = N>) -> Self {
        let names = names.into_iter().map(|name| name.as_ref().to_owned());
        let mut settings = Arc::unwrap_or_clone(self.settings);
        settings.caller.methods = Arc::new(settings.caller.methods.and(names));
        Self { settings: Arc::new(settings) }
    }

    /// Makes it the layer around a retry layer, for calls with all their attempts; another of these layers, below the retry layer,
    /// is for each attempt. A call then has a span of its own above those of its attempts, and is counted once, in
    /// `client_calls_total` and its kin, by how its last attempt ended. It writes no headers: those are the attempts'.
    ///
    /// Attempts know how many there were before them by an extension of the request, which must go with it when it is sent again.
    ///
    /// ```
    /// # use obs_core::{Base, Resource};
    /// # use obs_middleware::ClientLayer;
    /// # use tower::{Layer, ServiceBuilder, retry::RetryLayer};
    /// # #[derive(Clone)] struct Twice;
    /// # impl<A: Clone, R> tower::retry::Policy<http::Request<A>, http::Response<R>, std::io::Error> for Twice {
    /// #     type Future = std::future::Ready<()>;
    /// #     fn retry(&mut self, _: &mut http::Request<A>, _: &mut Result<http::Response<R>, std::io::Error>) -> Option<Self::Future> { None }
    /// #     fn clone_request(&mut self, request: &http::Request<A>) -> Option<http::Request<A>> { Some(request.clone()) }
    /// # }
    /// # let base = Base::new(Resource::new("orders"));
    /// # let client = tower::service_fn(|_: http::Request<String>| async { Ok::<_, std::io::Error>(http::Response::new(String::new())) });
    /// let payments = ClientLayer::new(base, "payments");
    /// let client = ServiceBuilder::new()
    ///     .layer(payments.clone().around_attempts())
    ///     .layer(RetryLayer::new(Twice))
    ///     .layer(payments)
    ///     .service(client);
    /// # let _ = client;
    /// ```
    pub fn around_attempts(self) -> Self {
        let mut settings = Arc::unwrap_or_clone(self.settings);
        settings.caller.is_whole = true;
        Self { settings: Arc::new(settings) }
    }

    /// Where the templates of calls come from; default the [`Route`] among the request's extensions.
    pub fn route<N: RouteOf>(self, route: N) -> ClientLayer<N> {
        let Settings { caller, .. } = Arc::unwrap_or_clone(self.settings);
        ClientLayer { settings: Arc::new(Settings { caller, route }) }
    }
}

impl<R> Clone for ClientLayer<R> {
    fn clone(&self) -> Self {
        Self { settings: Arc::clone(&self.settings) }
    }
}

impl<R> fmt::Debug for ClientLayer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientLayer").field("target", &self.settings.caller.target).finish_non_exhaustive()
    }
}

impl<S, R> Layer<S> for ClientLayer<R> {
    type Service = Client<S, R>;

    fn layer(&self, inner: S) -> Self::Service {
        Client { inner, settings: Arc::clone(&self.settings) }
    }
}

/// The template named by whoever makes the call: a [`Route`] among the request's extensions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Named;

impl RouteOf for Named {
    fn route(&self, _: &Uri, extensions: &Extensions) -> Option<Route> {
        extensions.get::<Route>().copied()
    }
}

/// A client with the layer around it; see [`ClientLayer`].
pub struct Client<S, R = Named> {
    inner: S,
    settings: Arc<Settings<R>>,
}

impl<S: Clone, R> Clone for Client<S, R> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), settings: Arc::clone(&self.settings) }
    }
}

impl<S: fmt::Debug, R> fmt::Debug for Client<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("inner", &self.inner)
            .field("target", &self.settings.caller.target)
            .finish_non_exhaustive()
    }
}

impl<S, R, ReqBody, ResBody> Service<Request<ReqBody>> for Client<S, R>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    S::Error: fmt::Display + 'static,
    ResBody: Body,
    ResBody::Data: 'static,
    ResBody::Error: fmt::Display + 'static,
    R: RouteOf,
{
    type Response = Response<ClientBody<ResBody>>;
    type Error = S::Error;
    type Future = ClientFuture<S::Future>;

    fn poll_ready(&mut self, task: &mut TaskContext<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let Settings { caller, route } = &*self.settings;
        let route = route.route(request.uri(), request.extensions());
        let part = caller.part(request.extensions_mut());
        let place = || Place::Uri(request.uri().clone());
        let mut call = Call::open(&caller.base, caller.target, route, request.method(), part, place);
        if request.headers().get(CONTENT_TYPE).is_some_and(grpc::is_grpc) {
            call.is_rpc(rpc::Rpc::begin(&caller.methods, &request));
        }
        caller.write(&call, request.headers_mut());
        let inner = &mut self.inner;
        watched(call, || inner.call(request))
    }
}

impl Caller {
    fn part(&self, extensions: &mut Extensions) -> Part {
        if self.is_whole { Part::whole(extensions) } else { Part::one(extensions) }
    }

    fn write(&self, call: &Call, headers: &mut HeaderMap) {
        if !self.is_whole {
            self.inject.write(&self.base.propagation, call.context(), headers);
        }
    }
}

/// Makes the inner future inside of the call's context, and watches it.
fn watched<F>(mut call: Call, make: impl FnOnce() -> F) -> ClientFuture<F> {
    let scope = context::enter_poll(call.context());
    call.calls(true);
    let inner = make();
    call.calls(false);
    drop(scope);
    WatchedFuture::new(inner, Some(call))
}
