//! Metrics, logs, traces and health of a Rust service, correlated by one context, from one call.
//!
//! ```
//! # #[cfg(all(feature = "metrics", feature = "logs", feature = "traces", feature = "middleware"))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use axum::{Router, routing::get};
//!
//! let obs = obs::builder("orders").admin(obs::Admin::Off).install()?; // or: obs::init("orders")?
//! let app: Router = Router::new()
//!     .route("/orders/{id}", get(async || {
//!         tracing::info!("looking it up"); // carries trace_id, span_id and request_id
//!         metrics::histogram!("lookup_seconds").record(0.003); // keeps an exemplar of this trace
//!         "an order"
//!     }))
//!     .layer(obs.layer());
//! # let _ = app;
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "metrics", feature = "logs", feature = "traces", feature = "middleware")))]
//! # fn main() {}
//! ```
//!
//! - [`init`] or [`builder`] start everything; the [`Obs`] they give flushes when it is dropped, so keep it in `main`.
//! - `Obs::layer` goes onto a router: one access line, one server span, counters and a duration with an exemplar for
//!   each request, `X-Request-ID` and `X-Trace-ID` on each response.
//! - Lines and spans are written with `tracing`'s macros, numbers with those of `metrics`.
//! - What can be chosen is in [`Config`]; the environment has the last word.
//!
//! | feature | adds |
//! |---|---|
//! | `metrics` (default) | the recorder behind the `metrics` facade, `/metrics` on a listener and thread of its own |
//! | `logs` (default) | lines from `tracing` events, one access line a request, one line a panic |
//! | `traces` (default) | server spans and `tracing` spans over OTLP |
//! | `middleware` (default) | the tower layer |

#[cfg_attr(not(feature = "metrics"), path = "admin/absent.rs")]
mod admin;
mod builder;
pub mod config;
mod error;
mod install;
#[cfg(feature = "middleware")]
mod layer;
mod obs;
mod observers;
mod signals;
#[cfg_attr(not(any(feature = "logs", feature = "traces")), path = "subscriber/absent.rs")]
mod subscriber;

pub use builder::{Builder, builder, init};
pub use config::{Admin, Config, ConfigError};
pub use error::Error;
#[cfg(feature = "middleware")]
pub use layer::Layer;
pub use obs::Obs;
pub use observers::Observers;

pub use obs_core::context::current;
pub use obs_core::{Context, Outcome, RequestId, Resource, SpanId, TraceId};
#[cfg(feature = "logs")]
pub use obs_logs as logs;
#[cfg(feature = "metrics")]
pub use obs_metrics as metrics;
#[cfg(feature = "middleware")]
pub use obs_middleware as middleware;
#[cfg(feature = "traces")]
pub use obs_trace as traces;

/// The README's code, so that it compiles.
#[cfg(all(doctest, feature = "metrics", feature = "logs", feature = "traces", feature = "middleware"))]
#[doc = include_str!("../../../README.md")]
struct Readme;
