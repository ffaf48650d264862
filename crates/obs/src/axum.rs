//! Serving an axum `Router`.

use std::net::SocketAddr;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Extensions, Request};
use hyper::body::Incoming;
use obs_middleware::RouteProbeLayer;
use tower_layer::Layer as _;
use tower_service::Service;

use crate::Obs;
use crate::serve::{Ears, Ended, Listener, Make, Ready, run};

/// As [`Obs::serve`], for a router: its route templates are found, and `ConnectInfo<SocketAddr>` can be extracted.
/// The router needs no layer of ours; one that is there passes through.
///
/// ```no_run
/// use axum::{Router, routing::get};
///
/// #[tokio::main]
/// async fn main() -> Result<obs::Ended, Box<dyn std::error::Error>> {
///     let obs = obs::init("orders")?;
///     let app = Router::new().route("/orders/{id}", get(async || "an order"));
///     let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
///     Ok(obs::axum::serve(obs, listener, app).await)
/// }
/// ```
///
/// # Panics
/// As [`Obs::serve`].
///
/// # Cancel safety
/// As [`Obs::serve`].
pub async fn serve(obs: Obs, listener: impl Listener, router: Router) -> Ended {
    let make = Make::of(served(&obs, router), introduce);
    run(obs, listener, make, Ears::Open, std::future::pending()).await
}

/// As [`Obs::serve_until`], for a router.
///
/// # Panics
/// As [`Obs::serve`].
///
/// # Cancel safety
/// As [`Obs::serve`].
pub async fn serve_until(
    obs: Obs,
    listener: impl Listener,
    router: Router,
    end: impl Future<Output = ()> + Send,
) -> Ended {
    let make = Make::of(served(&obs, router), introduce);
    run(obs, listener, make, Ears::Shut, end).await
}

/// The guard outermost but for the body, which is axum's own before it: it would be made one further in anyway, and one whose
/// type is known can be looked at.
fn served(obs: &Obs, router: Router) -> OfAxum<obs_middleware::Server<Ready<Router>, crate::Observers>> {
    OfAxum(obs.layer().layer(Ready(router.layer(RouteProbeLayer::new()))))
}

#[derive(Clone, Debug)]
struct OfAxum<S>(S);

impl<S: Service<Request<Body>>> Service<Request<Incoming>> for OfAxum<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(task)
    }

    fn call(&mut self, request: Request<Incoming>) -> S::Future {
        self.0.call(request.map(Body::new))
    }
}

fn introduce(extensions: &mut Extensions, peer: SocketAddr) {
    extensions.insert(ConnectInfo(peer));
}
