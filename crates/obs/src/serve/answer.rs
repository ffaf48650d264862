//! The service as one connection sees it: counts what is in flight, tells handlers of the peer, and says on responses
//! when there will be no other.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::header::{CONNECTION, HeaderValue};
use http::{Extensions, Method, Request, Response, StatusCode, Version};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tower_service::Service;

use obs_middleware::Upgraded;

use super::conn::{Conn, Order, Ticket};

/// Leaves the peer's address in the extensions of a request.
pub(crate) type Introduce = fn(&mut Extensions, SocketAddr);

#[derive(Clone, Debug)]
pub(super) struct Answers<S> {
    pub(super) service: S,
    pub(super) conn: Arc<Conn>,
    pub(super) peer: Option<SocketAddr>,
    pub(super) introduce: Introduce,
}

impl<S, B> hyper::service::Service<Request<Incoming>> for Answers<S>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone,
{
    type Response = Response<Answer<B>>;
    type Error = S::Error;
    type Future = Answering<S::Future>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let ticket = Some(self.conn.begin(!request.body().is_end_stream()));
        if let Some(peer) = self.peer {
            (self.introduce)(request.extensions_mut(), peer);
        }
        let (version, connect) = (request.version(), request.method() == Method::CONNECT);
        // Whoever is called here is always ready.
        let inner = self.service.clone().call(request);
        Answering { inner, ticket, http1: version < Version::HTTP_2, connect }
    }
}

pin_project! {
    pub(super) struct Answering<F> {
        #[pin]
        inner: F,
        ticket: Option<Ticket>,
        http1: bool,
        connect: bool,
    }
}

impl<F, B, E> Future for Answering<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<Answer<B>>, E>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(task))?;
        let ticket = this.ticket.take();
        if let Some(ticket) = &ticket {
            let conn = ticket.conn();
            let is_tunnel = *this.connect && response.status().is_success();
            if !*this.http1 {
                if is_tunnel {
                    conn.tunnels(Upgraded::held(&response));
                }
            } else if is_tunnel || response.status() == StatusCode::SWITCHING_PROTOCOLS {
                conn.upgrades(Upgraded::take(&mut response));
            } else if conn.order() != Order::Serve {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
        }
        Poll::Ready(Ok(response.map(|inner| Answer { inner, _ticket: ticket })))
    }
}

pin_project! {
    /// A response's body, in flight until it is dropped.
    pub(super) struct Answer<B> {
        #[pin]
        inner: B,
        _ticket: Option<Ticket>,
    }
}

impl<B: Body> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        self.project().inner.poll_frame(task)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
