//! `Obs::serve` and what goes with it.

use std::fmt::Display;
use std::future::pending;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use tower_service::Service;

use super::closing::{By, Closing};
use super::doors::{Door, Own};
use super::signals::Ears;
use super::{BoxError, Ended, Listener, ShutdownHandle, drain};
use crate::Obs;

impl Obs {
    /// Serves HTTP/1 and HTTP/2 until SIGTERM or SIGINT, and ends without losing a request: see [`crate::serve`] for
    /// the steps, and [`Drain`](crate::config::Drain) for their times. The layer of [`Obs::layer`] is put around
    /// `service`, outermost; the peer's address is in each request's extensions as a [`Peer`](crate::middleware::Peer).
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
        self.serve_all([Door::new(listener, service)]).await
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
        self.serve_all_until([Door::new(listener, service)], end).await
    }

    /// As [`Obs::serve`], on several listeners at a time: they are ready together, and end together. The admin listener is
    /// apart from them, and the last to end.
    ///
    /// ```no_run
    /// # use std::convert::Infallible;
    /// # type Request = http::Request<hyper::body::Incoming>;
    /// use obs::serve::Door;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let obs = obs::init("orders")?;
    /// let hello = tower::service_fn(async |_: Request| Ok::<_, Infallible>(http::Response::new(String::from("hello"))));
    /// let tcp = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    /// let unix = tokio::net::UnixListener::bind("/run/orders.sock")?;
    /// let ended = obs.serve_all([Door::new(tcp, hello), Door::new(unix, hello)]).await;
    /// # drop(ended);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// As [`Obs::serve`].
    ///
    /// # Cancel safety
    /// As [`Obs::serve`].
    pub async fn serve_all(self, doors: impl IntoIterator<Item = Door>) -> Ended {
        let doors: Vec<_> = doors.into_iter().collect();
        drain::run(self, |obs| open(doors, obs), Ears::Open, pending()).await
    }

    /// As [`Obs::serve_all`], with signals left to the program, as with [`Obs::serve_until`].
    ///
    /// # Panics
    /// As [`Obs::serve`].
    ///
    /// # Cancel safety
    /// As [`Obs::serve`].
    pub async fn serve_all_until(
        self,
        doors: impl IntoIterator<Item = Door>,
        end: impl Future<Output = ()> + Send,
    ) -> Ended {
        let doors: Vec<_> = doors.into_iter().collect();
        drain::run(self, |obs| open(doors, obs), Ears::Shut, end).await
    }

    /// The same phases and signals around a server that takes connections itself, such as tonic's own or an accept loop on
    /// hyper: `serve` makes its future, which is over when all it had begun is. It is told by the [`Closing`] when to take
    /// no more, and dropped when the time is over. The layer of [`Obs::layer`] is for it to put around its services.
    ///
    /// ```no_run
    /// # #[tokio::main]
    /// # async fn main() -> Result<obs::Ended, obs::Error> {
    /// # async fn any_server(end: impl Future<Output = ()>) -> std::io::Result<()> { Ok(end.await) }
    /// let obs = obs::init("orders")?;
    /// let layer = obs.layer();
    /// # drop(layer);
    /// Ok(obs.serve_by(|closing| any_server(closing.finishing())).await)
    /// # }
    /// ```
    ///
    /// A server that ends by itself ends the service; its error is the [`How::Failed`](super::How::Failed).
    ///
    /// # Panics
    /// As [`Obs::serve`].
    ///
    /// # Cancel safety
    /// Dropping it drops the server's future, and delivers what was recorded as dropping the [`Obs`] does.
    pub async fn serve_by<F, E>(self, serve: impl FnOnce(Closing) -> F) -> Ended
    where
        F: Future<Output = Result<(), E>> + Send,
        E: Into<BoxError> + Send,
    {
        let asked = self.shutdown_handle();
        drain::run(self, |_| By::new(asked, serve), Ears::Open, pending()).await
    }

    /// As [`Obs::serve_by`], with signals left to the program, as with [`Obs::serve_until`].
    ///
    /// # Panics
    /// As [`Obs::serve`].
    ///
    /// # Cancel safety
    /// As [`Obs::serve_by`].
    pub async fn serve_by_until<F, E>(
        self,
        serve: impl FnOnce(Closing) -> F,
        end: impl Future<Output = ()> + Send,
    ) -> Ended
    where
        F: Future<Output = Result<(), E>> + Send,
        E: Into<BoxError> + Send,
    {
        let asked = self.shutdown_handle();
        drain::run(self, |_| By::new(asked, serve), Ears::Shut, end).await
    }

    /// Ends serving from elsewhere in the program, and tells when the end has begun. Taken before `serve`, which
    /// consumes the installation.
    pub fn shutdown_handle(&self) -> ShutdownHandle {
        self.shutdown.clone()
    }
}

fn open(doors: Vec<Door>, obs: &Obs) -> Own {
    Own::new(doors.into_iter().map(|door| door.open(obs)).collect())
}
