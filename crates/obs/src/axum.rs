//! Serving an axum `Router`.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::ConnectInfo;
use http::Extensions;
use obs_middleware::RouteProbeLayer;

use crate::Obs;
use crate::serve::{Door, Ended, Listener, Make};

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
    obs.serve_all([door(listener, router)]).await
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
    obs.serve_all_until([door(listener, router)], end).await
}

/// What [`serve`] serves, beside other listeners: see [`Obs::serve_all`].
pub fn door(listener: impl Listener, router: Router) -> Door {
    Door::of(listener, move |obs| Make::around_axum(obs, probed(router), introduce))
}

fn probed(router: Router) -> Router {
    router.layer(RouteProbeLayer::new())
}

fn introduce(extensions: &mut Extensions, peer: SocketAddr) {
    extensions.insert(ConnectInfo(peer));
}
