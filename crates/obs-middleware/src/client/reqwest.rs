//! Calls made by reqwest.
//!
//! [`SendThrough`] sends what reqwest's own builder has put together, by the client it was begun with:
//!
//! ```no_run
//! use obs_middleware::ClientLayer;
//! use obs_middleware::client::reqwest::SendThrough;
//!
//! # async fn pay(base: std::sync::Arc<obs_core::Base>) -> Result<(), reqwest::Error> {
//! let (http, payments) = (reqwest::Client::new(), ClientLayer::new(base, "payments"));
//! let answer = http.post("http://payments/v2/pay/17").body("{}").send_through(&payments, "/v2/pay/{order}").await?;
//! # drop(answer);
//! # Ok(())
//! # }
//! ```
//!
//! In a tower stack the layer goes around reqwest's client as around any other; the route is then what
//! [`ClientLayer::route`] says of the URL, because reqwest's requests have no extensions of their own.

use std::fmt;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use http::Extensions;
use obs_core::context::Route;
use pin_project_lite::pin_project;
use reqwest::{Body, Request, Response, ResponseBuilderExt};
use tower_service::Service;

use super::call::Call;
use super::place::Place;
use super::{Caller, Client, ClientFuture, ClientLayer, watched};
use crate::route::RouteOf;

/// Sends a request that was built by reqwest through a [`ClientLayer`].
pub trait SendThrough: Sized {
    /// As `send`, with the call seen under the template `route`, such as `/v2/pay/{order}`: one of a few, as each stays known
    /// as long as the process lives. The call begins when the future is first polled, as a child of what is open there.
    ///
    /// # Errors
    /// Those of `send`.
    ///
    /// # Cancel safety
    /// Dropping it ends the call as cancelled.
    fn send_through<R>(
        self,
        layer: &ClientLayer<R>,
        route: &str,
    ) -> impl Future<Output = Result<Response, reqwest::Error>> + Send + use<Self, R>;
}

impl SendThrough for reqwest::RequestBuilder {
    fn send_through<R>(
        self,
        layer: &ClientLayer<R>,
        route: &str,
    ) -> impl Future<Output = Result<Response, reqwest::Error>> + Send + use<R> {
        let (mut client, request) = self.build_split();
        let caller = layer.settings.caller.clone();
        let route = (!route.is_empty()).then(|| Route::new(route));
        // What cannot be built is no call: nobody was asked.
        async move { send(&caller, route, request?, &mut client).await }
    }
}

impl<S, R> Service<Request> for Client<S, R>
where
    S: Service<Request, Response = Response>,
    S::Error: fmt::Display + 'static,
    R: RouteOf,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ReqwestFuture<S::Future>;

    fn poll_ready(&mut self, task: &mut TaskContext<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // One that is no URI for the `http` crate is sent by reqwest all the same.
        let uri = request.url().as_str().parse().unwrap_or_default();
        let route = self.settings.route.route(&uri, &Extensions::new());
        send(&self.settings.caller, route, request, &mut self.inner)
    }
}

fn send<S>(
    caller: &Caller,
    route: Option<Route>,
    mut request: Request,
    inner: &mut S,
) -> ReqwestFuture<S::Future>
where
    S: Service<Request, Response = Response>,
{
    let place = || Place::Url(request.url().clone());
    // Its requests carry no extensions, so attempts do not know of each other.
    let part = caller.part(&mut Extensions::new());
    let call = Call::open(&caller.base, caller.target, route, request.method(), part, place);
    caller.write(&call, request.headers_mut());
    ReqwestFuture { inner: watched(call, || AsHttp { inner: inner.call(request) }) }
}

pin_project! {
    /// The response future of [`Client`] around reqwest's.
    ///
    /// # Cancel safety
    /// Dropping it ends the call as cancelled.
    pub struct ReqwestFuture<F> {
        #[pin]
        inner: ClientFuture<AsHttp<F>>,
    }
}

impl<F, E> Future for ReqwestFuture<F>
where
    F: Future<Output = Result<Response, E>>,
    E: fmt::Display + 'static,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let answer = ready!(self.project().inner.poll(task));
        Poll::Ready(answer.map(|answer| Response::from(answer.map(Body::wrap))))
    }
}

impl<F> fmt::Debug for ReqwestFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestFuture").finish_non_exhaustive()
    }
}

pin_project! {
    /// Gives reqwest's response as one of the `http` crate, whose body can be watched.
    struct AsHttp<F> {
        #[pin]
        inner: F,
    }
}

impl<F, E> Future for AsHttp<F>
where
    F: Future<Output = Result<Response, E>>,
{
    type Output = Result<http::Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let answer = ready!(self.project().inner.poll(task));
        Poll::Ready(answer.map(|answer| {
            // The way there and back would lose it.
            let url = http::response::Builder::new().url(answer.url().clone()).body(());
            let mut answer = http::Response::from(answer);
            if let Ok(url) = url {
                answer.extensions_mut().extend(url.into_parts().0.extensions);
            }
            answer
        }))
    }
}
