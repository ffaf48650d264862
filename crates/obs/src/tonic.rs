//! Serving services of gRPC that tonic has made, by the accept loop that is everything's here.

use std::net::SocketAddr;

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use http::Extensions;
use obs_middleware::Peer;
use tokio::time::timeout;
use tonic::Status;
use tonic::service::Routes;
use tonic::transport::server::TcpConnectInfo;

use crate::Obs;
use crate::serve::{Door, Ended, Listener, Make};

/// As [`Obs::serve`], for services of tonic: `Request::remote_addr` knows the peer, and messages are counted both ways. The
/// services need no layer of ours. Which methods there are is told by [`Obs::grpc_services`]. A call whose `grpc-timeout` is over
/// before its service has answered is dropped, and answered with `DEADLINE_EXCEEDED`.
///
/// ```no_run
/// # use tonic::service::Routes;
/// # async fn serve(routes: Routes) -> Result<obs::Ended, Box<dyn std::error::Error>> {
/// let obs = obs::init("orders")?.grpc_services(["shop.Orders/Place", "shop.Orders/List"]);
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:50051").await?;
/// // let routes = Routes::new(OrdersServer::new(orders)).add_service(another);
/// Ok(obs::tonic::serve(obs, listener, routes).await)
/// # }
/// ```
///
/// # Panics
/// As [`Obs::serve`].
///
/// # Cancel safety
/// As [`Obs::serve`].
pub async fn serve(obs: Obs, listener: impl Listener, routes: Routes) -> Ended {
    obs.serve_all([door(listener, routes)]).await
}

/// As [`Obs::serve_until`], for services of tonic.
///
/// # Panics
/// As [`Obs::serve`].
///
/// # Cancel safety
/// As [`Obs::serve`].
pub async fn serve_until(
    obs: Obs,
    listener: impl Listener,
    routes: Routes,
    end: impl Future<Output = ()> + Send,
) -> Ended {
    obs.serve_all_until([door(listener, routes)], end).await
}

/// What [`serve`] serves, beside other listeners: see [`Obs::serve_all`].
pub fn door(listener: impl Listener, routes: Routes) -> Door {
    let router = routes.prepare().into_axum_router().layer(from_fn(in_time));
    Door::of(listener, move |obs| Make::around_axum(obs, router, introduce))
}

/// As tonic's own server has it, which serves nothing here: a caller that waits no longer may not say so.
async fn in_time(request: Request, next: Next) -> Response {
    let Some(time) = obs_middleware::grpc_timeout(request.headers()) else { return next.run(request).await };
    let answer = timeout(time, next.run(request)).await;
    answer.unwrap_or_else(|_| Status::deadline_exceeded("the caller's time is over").into_http())
}

fn introduce(extensions: &mut Extensions, peer: SocketAddr) {
    extensions.insert(TcpConnectInfo { local_addr: None, remote_addr: Some(peer) });
    extensions.insert(Peer(peer));
}
