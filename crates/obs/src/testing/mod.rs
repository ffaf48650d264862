//! An installation for each test, with everything it writes in memory and read back by type.
//!
//! ```
//! # #[cfg(all(feature = "axum", feature = "spawn"))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use axum::{Router, body::Body, http::Request, routing::get};
//! use tower::ServiceExt;
//!
//! let obs = obs::testing::start("orders");
//! let app = Router::new().route("/orders/{id}", get(async || {
//!     tracing::info!(order = 42, "looking it up");
//!     "an order"
//! }));
//! let app = app.layer(obs.layer());
//! let request = Request::get("/orders/42").body(Body::empty()).unwrap();
//! drop(app.oneshot(request).await.unwrap());
//!
//! obs.requests_ended(1).await;
//! let line = obs.line("looking it up");
//! assert_eq!(line.field("order"), 42);
//! assert_eq!(line.trace_id(), obs.line("request").trace_id());
//! assert_eq!(obs.tree("GET /orders/{id}").to_string(), "GET /orders/{id}\n");
//! # }
//! # #[cfg(not(all(feature = "axum", feature = "spawn")))]
//! # fn main() {}
//! ```
//!
//! - Requests behind [`Obs::layer`](crate::Obs::layer) write to the installation whose layer it is, on whatever thread
//!   they are polled; so tests run side by side, on runtimes of any flavour.
//! - What a test does outside of requests goes inside of [`Testing::run`], or of [`Obs::enter`](crate::Obs::enter)
//!   where nothing is awaited.
//! - Neither `obs.yaml` nor the environment is read, and no global is set but one: `tracing` is kept from believing
//!   that a process has one subscriber at most.
//! - Tasks take the installation along by [`spawn`](crate::spawn); those of `tokio::spawn` write nowhere.

mod builder;
mod expected;
mod exposition;
mod installation;
mod line;
mod requests;
mod tree;

pub use builder::{Builder, builder, start};
pub use expected::{Expected, span};
pub use installation::Testing;
pub use line::Line;
pub use obs_trace::sink::{FinishedEvent, FinishedLink, FinishedSpan, FinishedStatus, Scalar};
pub use tree::Tree;
