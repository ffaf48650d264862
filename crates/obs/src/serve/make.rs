//! Makes a task of each connection.

use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::Arc;
#[cfg(feature = "axum")]
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tower_layer::Layer as _;
use tower_service::Service;

use super::BoxError;
use super::answer::{Answers, Introduce};
use super::connection::Connection;
use super::connections::Registered;
use super::io::Io;
use super::listener::Socket;
use super::ready::Ready;
use crate::Obs;

/// What becomes of a connection: HTTP/1 or HTTP/2, whichever the client speaks, with the guard of `obs` around each
/// request.
pub(crate) struct Make<S> {
    service: S,
    introduce: Introduce,
    protocols: Builder<TokioExecutor>,
}

/// Takes over one connection.
pub(crate) trait Serve<I>: Send {
    fn serve(&self, socket: I, peer: Option<SocketAddr>, registered: Registered);
}

impl Make<()> {
    /// `service` with the guard outermost, so that it sees what all other layers do.
    pub(crate) fn around<I, S, B>(obs: &Obs, service: S, introduce: Introduce) -> impl Serve<I> + use<I, S, B>
    where
        I: Socket,
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Error: Into<BoxError> + Display + 'static,
        S::Future: Send + 'static,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError> + Display + 'static,
    {
        Make::of(obs.layer().layer(Ready(service)), introduce)
    }

    /// The same for a router, which boxes bodies anyway: as the guard sees them boxed, it can count what they bring.
    #[cfg(feature = "axum")]
    pub(crate) fn around_axum<I: Socket>(
        obs: &Obs,
        router: axum::Router,
        introduce: Introduce,
    ) -> impl Serve<I> + use<I> {
        Make::of(Boxing(obs.layer().layer(Ready(router))), introduce)
    }
}

impl<S> Make<S> {
    fn of(service: S, introduce: Introduce) -> Self {
        let mut protocols = Builder::new(TokioExecutor::new());
        // WebSockets over HTTP/2 (RFC 8441).
        protocols.http2().enable_connect_protocol();
        Self { service, introduce, protocols }
    }
}

impl<I, S, B> Serve<I> for Make<S>
where
    I: Socket,
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    fn serve(&self, socket: I, peer: Option<SocketAddr>, registered: Registered) {
        let conn = registered.conn();
        let io = TokioIo::new(Io::new(socket, Arc::clone(conn)));
        let service = self.service.clone();
        let answers = Answers { service, conn: Arc::clone(conn), peer, introduce: self.introduce };
        let protocol = self.protocols.serve_connection_with_upgrades(io, answers).into_owned();
        // A panic of the service ends its connection and no other.
        tokio::spawn(Connection::new(protocol, registered));
    }
}

/// Hands requests on with the body that axum knows.
#[cfg(feature = "axum")]
#[derive(Clone)]
struct Boxing<S>(S);

#[cfg(feature = "axum")]
impl<S: Service<Request<axum::body::Body>>> Service<Request<Incoming>> for Boxing<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(task)
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        self.0.call(request.map(axum::body::Body::new))
    }
}
