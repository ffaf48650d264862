//! The listeners of a service, each with what is served on it, and the server they make together.

use std::fmt;
use std::fmt::Display;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http::{Extensions, Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use obs_middleware::Peer;
use tower_service::Service;

use super::accept::{Accept, Taker, Taking};
use super::connections::{Connections, Counts};
use super::make::{Make, Serve};
use super::{BoxError, How, Listener, Server};
use crate::Obs;

/// How long requests that were cut have to be noted as such.
const CUT: Duration = Duration::from_millis(250);

/// A listener and what is served on it, for [`Obs::serve_all`]. `obs::axum::door` and `obs::tonic::door` make one for a
/// router and for services of tonic.
#[must_use = "nothing is served before `Obs::serve_all`"]
pub struct Door(Open);

/// Makes the accept loop once the installation is known.
type Open = Box<dyn FnOnce(&Obs) -> Box<dyn Taker> + Send>;

impl Door {
    /// What [`Obs::serve`] serves, on `listener`.
    pub fn new<L, S, B>(listener: L, service: S) -> Self
    where
        L: Listener,
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Error: Into<BoxError> + Display + 'static,
        S::Future: Send + 'static,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError> + Display + 'static,
    {
        Self::of(listener, move |obs| Make::around(obs, service, introduce))
    }

    /// A listener, and what makes tasks of its connections once the installation is known.
    pub(crate) fn of<L: Listener, M: Serve<L::Socket> + 'static>(
        listener: L,
        make: impl FnOnce(&Obs) -> M + Send + 'static,
    ) -> Self {
        Self(Box::new(|obs| Box::new(Taking::new(listener, make(obs)))))
    }

    pub(super) fn open(self, obs: &Obs) -> Box<dyn Taker> {
        (self.0)(obs)
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").finish_non_exhaustive()
    }
}

fn introduce(extensions: &mut Extensions, peer: SocketAddr) {
    extensions.insert(Peer(peer));
}

/// The accept loop of all doors. Dropping it ends the connections it has begun.
pub(super) struct Own {
    accept: Accept,
    connections: Connections,
}

impl Own {
    pub(super) fn new(takers: Vec<Box<dyn Taker>>) -> Self {
        let connections = Connections::default();
        Self { accept: Accept::new(takers, connections.clone()), connections }
    }
}

impl Server for Own {
    async fn until<T: Send>(&mut self, over: impl Future<Output = T> + Send) -> Option<T> {
        Some(self.accept.until(over).await)
    }

    fn drain(&mut self) {
        self.connections.drain();
    }

    async fn last(&mut self, settle: Duration) {
        self.accept.last(settle).await;
    }

    fn finish(&mut self, long: bool) {
        self.connections.finish(long);
    }

    async fn ended(&mut self) -> How {
        self.connections.ended().await;
        How::Drained
    }

    async fn cut(&mut self) -> How {
        let requests = self.connections.counts().requests;
        let cut = self.connections.cut();
        let until = obs_core::time::deadline(CUT);
        while cut.iter().any(|conn| conn.open() > 0) && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if requests == 0 {
            // Clients that were silent to the last: nothing was owed to them.
            return How::Drained;
        }
        How::Cut { requests }
    }

    fn cut_upgraded(&self) {
        self.connections.cut_upgraded();
    }

    fn counts(&self) -> Counts {
        self.connections.counts()
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.connections.cut();
    }
}
