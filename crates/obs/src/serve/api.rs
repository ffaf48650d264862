//! `Obs::serve` and what goes with it.

use std::fmt::Display;
use std::net::SocketAddr;

use http::{Extensions, Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use obs_middleware::Peer;
use tower_service::Service;

use super::make::Make;
use super::signals::Ears;
use super::{BoxError, Ended, Listener, ShutdownHandle, drain};
use crate::Obs;

impl Obs {
    /// Serves HTTP/1 and HTTP/2 until SIGTERM or SIGINT, and ends without losing a request: see [`crate::serve`] for
    /// the steps, and [`Drain`](crate::config::Drain) for their times. The layer of [`Obs::layer`] is put around
    /// `service`, outermost; the peer's address is in each request's extensions as a [`Peer`].
    ///
    /// Signals keep the effect they had until this is called: a service that has not begun to serve has nothing to
    /// finish. A second signal ends the process at once, with 128 and its number as exit code.
    ///
    /// ```no_run
    /// # use std::convert::Infallible;
    /// # type Request = http::Request<hyper::body::Incoming>;
    /// #[tokio::main]
    /// async fn main() -> Result<obs::Ended, obs::Error> {
    ///     let obs = obs::init("orders")?;
    ///     let hello = tower::service_fn(async |_: Request| Ok::<_, Infallible>(http::Response::new(String::from("hello"))));
    ///     let service = tower::ServiceBuilder::new().concurrency_limit(100).service(hello);
    ///     let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await.expect("an address that is free");
    ///     Ok(obs.serve(listener, service).await)
    /// }
    /// ```
    ///
    /// # Panics
    /// Outside of a tokio runtime with I/O and time.
    ///
    /// # Cancel safety
    /// Dropping it cuts all connections, and delivers what was recorded as dropping the [`Obs`] does.
    pub async fn serve<L, S, B>(self, listener: L, service: S) -> Ended
    where
        L: Listener,
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Error: Into<BoxError> + Display + 'static,
        S::Future: Send + 'static,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError> + Display + 'static,
    {
        let make = Make::around(&self, service, introduce);
        drain::run(self, listener, make, Ears::Open, std::future::pending()).await
    }

    /// As [`Obs::serve`], but signals are left to the program: it ends when `end` does, or by
    /// [`Obs::shutdown_handle`]. The process is never exited.
    ///
    /// # Panics
    /// As [`Obs::serve`].
    ///
    /// # Cancel safety
    /// As [`Obs::serve`].
    pub async fn serve_until<L, S, B>(
        self,
        listener: L,
        service: S,
        end: impl Future<Output = ()> + Send,
    ) -> Ended
    where
        L: Listener,
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Error: Into<BoxError> + Display + 'static,
        S::Future: Send + 'static,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError> + Display + 'static,
    {
        let make = Make::around(&self, service, introduce);
        drain::run(self, listener, make, Ears::Shut, end).await
    }

    /// Ends serving from elsewhere in the program, and tells when the end has begun. Taken before `serve`, which
    /// consumes the installation.
    pub fn shutdown_handle(&self) -> ShutdownHandle {
        self.shutdown.clone()
    }
}

fn introduce(extensions: &mut Extensions, peer: SocketAddr) {
    extensions.insert(Peer(peer));
}
