//! Tower layers that put one guard around each request and tell every signal the same story about it.
//!
//! The layer knows headers; it knows no signal. Whoever wants to learn of requests implements
//! [`obs_core::Observer`] and is passed in, alone or in a tuple.
//!
//! ```
//! use obs_core::{Base, Resource};
//! use obs_middleware::ServerLayer;
//! use tower::{Layer, Service, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let base = Base::new(Resource::new("orders"));
//! let layer = ServerLayer::new(base, ()); // `()` observes nothing
//! let service = layer.layer(tower::service_fn(|_request: http::Request<String>| async {
//!     assert!(obs_core::context::current().is_some());
//!     Ok::<_, std::convert::Infallible>(http::Response::new(String::from("hello")))
//! }));
//!
//! let request = http::Request::builder().header("x-request-id", "ORD-2024-98765").body(String::new()).unwrap();
//! let response = service.oneshot(request).await.unwrap();
//! assert_eq!(response.headers()["x-request-id"], "ORD-2024-98765");
//! assert_eq!(response.headers()["x-trace-id"].len(), 32);
//! # }
//! ```
//!
//! # When a request ends
//! Exactly once, with one [`Outcome`](obs_core::Outcome):
//! - at the response's head for HEAD, 1xx, 204, 304, a successful CONNECT, and bodies that are empty from the start;
//! - else when the body ends (its end, trailers, or `is_end_stream`), or when the bytes handed to the server reach
//!   `Content-Length` or the exact size hint, because a server drops such a body without asking it again;
//! - at an error of the service or the body, or a panic, which goes on after it is noted;
//! - when the future or the body is dropped before that: the client went away, and it is cancelled. A time-out layer
//!   *around* this one looks the same from here; put this layer outermost and it is told apart by its response.
//!
//! # Where the layer belongs
//! With axum, `Router::layer` after the routes: the route template is known there. Around a whole stack it sees
//! time-outs and rejections of other layers too, but not the template; then put a [`RouteProbeLayer`] after the routes,
//! which fills it in and does nothing else. The layer itself in both places does the same: the inner one passes through.
//!
//! What a connection is used for after it was upgraded, such as a WebSocket, is seen by [`in_upgrade`].
//!
//! Whatever is called with a request's context open, in the same process and through a layer of this kind, counts as
//! a part of that request: a gateway that calls a router of its own directly sees one request, not two. And a service
//! under axum's `nest_service` has no template of its own; its requests are unmatched.
//!
//! The way out of a process has a layer too: [`client`].
//!
//! | feature | adds |
//! |---|---|
//! | `axum` (default) | route templates from `MatchedPath`, peer addresses from `ConnectInfo` |
//! | `client-hyper-util` | errors of hyper-util's client told apart by their types |
//! | `client-tonic` | errors of tonic's channels told apart by their types; with `tonic` |
//! | `tonic` | what comes in requests that tonic's own server hands over is counted, and the peers of their connections are known |
//! | `client-reqwest` | calls made by reqwest, `client::reqwest` |

mod cause;
pub mod client;
mod grpc;
mod header;
pub mod peer;
pub mod policy;
pub mod probe;
pub mod proxies;
pub mod route;
pub mod server;
pub mod trust;
pub mod upgrade;
mod watch;

pub use cause::Fault;
pub use client::{Client, ClientBody, ClientFuture, ClientLayer};
pub use grpc::timeout as grpc_timeout;
pub use header::{Headers, HeadersMut};
pub use peer::Peer;
pub use policy::Policy;
pub use probe::{RouteProbe, RouteProbeLayer};
pub use proxies::{ClientAddress, ProxyHeader};
pub use route::RouteOf;
pub use server::{Server, ServerBody, ServerFuture, ServerLayer};
pub use trust::Trust;
pub use upgrade::{InUpgrade, Upgraded, in_upgrade};
