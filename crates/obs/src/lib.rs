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
//! - `Obs::client` goes around a client of another service: a client span, counts and a duration for each call, and the trace
//!   on its headers.
//! - [`db`], [`cache`], [`messaging`] and [`job`] make span, counts, duration and error of a query, a look, a message or a job, in
//!   one line each.
//! - `Obs::serve`, or `axum::serve` for a router, puts the layer around everything, hears SIGTERM and ends without losing
//!   a request.
//! - Lines and spans are written with `tracing`'s macros, numbers with those of `metrics`; records of the `log` crate are
//!   lines too.
//! - `spawn` and [`in_current`] keep tasks part of the request; [`current`] tells its ids and sets fields on all of it.
//! - `Builder::compose` puts other layers of `tracing` beside ours, such as tokio-console's.
//! - `Obs::push_metrics` keeps a push of metrics going, for jobs and functions that nobody scrapes.
//! - What can be chosen is in [`Config`]: in code, over it in `obs.yaml`, and the environment has the last word.
//!
//! | feature | adds |
//! |---|---|
//! | `metrics` (default) | the recorder behind the `metrics` facade, `/metrics` on a listener and thread of its own |
//! | `metrics-pool-sqlx`, `metrics-pool-deadpool`, `metrics-pool-bb8` | `obs::metrics::pools`: pools of connections, and how long one waits for them |
//! | `metrics-push` | `metrics::push`: to a Pushgateway, by remote write, or as OTLP; `Obs::push_metrics` |
//! | `metrics-push-tls` | the same over `https://`; needs a C compiler |
//! | `logs` (default) | lines from `tracing` events, one access line a request, one line a panic |
//! | `logs-syslog`, `logs-syslog-tls` | outputs of lines to syslog: see docs/syslog.md |
//! | `logs-journald` | outputs of lines to systemd's journal, on Linux |
//! | `logs-fmt` | `logs::fmt`: the ids on lines of `tracing_subscriber::fmt` |
//! | `logs-ship` | outputs to Loki, Elasticsearch and OTLP collectors |
//! | `logs-ship-grpc` | OTLP collectors by gRPC |
//! | `logs-ship-tls` | the same over TLS; needs a C compiler |
//! | `traces` (default) | server spans and `tracing` spans over OTLP |
//! | `traces-grpc` | the same by gRPC |
//! | `traces-debug` | `traces.debug_key`: a signed header has a request recorded |
//! | `traces-tls` | the same over TLS; needs a C compiler |
//! | `traces-opentelemetry` | `obs::opentelemetry`: spans of code that calls the API of OpenTelemetry itself |
//! | `zstd` | requests to collectors as zstd; needs a C compiler |
//! | `health` (default) | checks, and `/healthz`, `/readyz`, `/startupz` on the same listener |
//! | `profiling` | profiles of processor time on the same listener, on Linux: see docs/profiling.md |
//! | `profiling-heap` | profiles of the heap, where jemalloc is the allocator; needs a C compiler |
//! | `profiling-tasks` | dumps of the runtime's tasks, with `--cfg tokio_unstable` |
//! | `health-grpc` | `health::tonic`: `grpc.health.v1` for tonic's servers, and a check that asks it of others |
//! | `health-sqlx`, `health-redis`, `health-reqwest`, `health-disk` | checks that are ready-made: see docs/health.md |
//! | `middleware` (default) | the tower layer |
//! | `client-hyper-util` | errors of hyper-util's client told apart by their types |
//! | `client-lapin` | `obs::lapin`: messages to and from RabbitMQ by the crate lapin |
//! | `client-redis` | `obs::redis`: commands to Redis, by connections of the crate redis |
//! | `client-reqwest` | `obs::reqwest`: calls made by reqwest |
//! | `client-sqlx` | `obs::sqlx`: queries made by sqlx; asks for Rust 1.94 as sqlx does |
//! | `client-tonic` | errors of tonic's channels told apart by their types; with `tonic` |
//! | `tonic` | with `axum`, `obs::tonic::serve`, for services of tonic; messages and bytes of gRPC requests under tonic's own server |
//! | `serve` (default) | `Obs::serve`: the accept loop, signals, and an end that loses no request |
//! | `axum` (default) | `obs::axum::serve`, for a `Router` |
//! | `spawn` (default) | `spawn` and `spawn_blocking`, on tokio |
//! | `log` (default) | records of the `log` crate as lines and events of spans |
//! | `config` (default) | `obs.yaml`, and its reload while the service runs |

#[cfg_attr(not(feature = "admin"), path = "admin/absent.rs")]
mod admin;
#[cfg(feature = "axum")]
pub mod axum;
mod books;
#[cfg(all(feature = "log", any(feature = "logs", feature = "traces")))]
mod bridge;
mod builder;
mod carry;
pub mod config;
mod current;
#[cfg(feature = "traces-debug")]
mod debug_header;
mod entry;
mod error;
mod install;
#[cfg(feature = "middleware")]
mod layer;
pub mod links;
mod obs;
mod observers;
#[cfg(feature = "traces-opentelemetry")]
pub mod opentelemetry;
mod phases;
#[cfg(all(feature = "health", feature = "metrics"))]
mod pool_fill;
#[cfg(feature = "middleware")]
mod problem;
#[cfg_attr(not(feature = "config"), path = "reload/absent.rs")]
mod reload;
#[cfg_attr(
    not(any(
        feature = "traces",
        feature = "logs-ship",
        feature = "logs-syslog",
        all(feature = "logs-journald", target_os = "linux")
    )),
    path = "remotes/absent.rs"
)]
mod remotes;
#[cfg(all(feature = "journal", unix, feature = "logs", feature = "traces"))]
mod replay;
#[cfg(feature = "serve")]
pub mod serve;
#[cfg(not(feature = "serve"))]
#[path = "serve/absent.rs"]
mod serve;
mod signals;
#[cfg(feature = "traces")]
mod span_ext;
#[cfg(feature = "spawn")]
mod spawn;
#[cfg_attr(not(any(feature = "logs", feature = "traces")), path = "subscriber/absent.rs")]
mod subscriber;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(all(feature = "tonic", feature = "axum"))]
pub mod tonic;
#[cfg_attr(not(feature = "logs"), path = "warnings/absent.rs")]
mod warnings;
mod work;

pub use books::{Books, WayOut};
pub use builder::{Builder, builder, init};
pub use carry::{InCurrent, in_current, in_current_call};
pub use config::{Admin, Config, ConfigError};
pub use current::{Current, current};
pub use entry::Entered;
pub use error::Error;
#[cfg(feature = "middleware")]
pub use layer::Layer;
pub use obs::Obs;
#[cfg(feature = "client-redis")]
pub use obs_middleware::client::redis;
#[cfg(feature = "client-reqwest")]
pub use obs_middleware::client::reqwest;
#[cfg(feature = "client-sqlx")]
pub use obs_middleware::client::sqlx;
#[cfg(feature = "middleware")]
pub use obs_middleware::{Client, ClientLayer, in_upgrade};
pub use observers::Observers;
#[cfg(all(feature = "health", feature = "metrics"))]
pub use pool_fill::pool_fill;
#[cfg(feature = "middleware")]
pub use problem::Problem;
#[cfg(all(feature = "journal", unix, feature = "logs", feature = "traces"))]
pub use replay::Replayed;
#[cfg(feature = "serve")]
pub use serve::{Ended, ShutdownHandle};
#[cfg(feature = "traces")]
pub use span_ext::{SetParentError, SpanExt};
#[cfg(feature = "spawn")]
pub use spawn::{JoinSetExt, spawn, spawn_blocking};
#[cfg(any(feature = "logs", feature = "traces"))]
pub use subscriber::{Composed, ComposedBuilder, Fused};
#[cfg(feature = "middleware")]
pub use work::http;
#[cfg(feature = "client-lapin")]
pub use work::lapin;
pub use work::{cache, db, environment, inject, job, messaging};

pub use obs_core::context::Route;
pub use obs_core::observe::{Target, work as operation};
pub use obs_core::propagate;
pub use obs_core::redact::{self, Sensitive};
pub use obs_core::{Context, Outcome, RequestId, Resource, SpanId, TraceId};
#[cfg(feature = "health")]
pub use obs_health as health;
#[cfg(feature = "logs")]
pub use obs_logs as logs;
#[cfg(feature = "metrics")]
pub use obs_metrics as metrics;
#[cfg(feature = "middleware")]
pub use obs_middleware as middleware;
#[cfg(feature = "traces")]
pub use obs_trace as traces;

/// The code of the pages, so that it compiles, and runs where it can.
#[cfg(all(
    doctest,
    feature = "testing",
    feature = "axum",
    feature = "spawn",
    feature = "config",
    feature = "client-reqwest"
))]
mod pages {
    #[doc = include_str!("../../../README.md")]
    struct Readme;

    #[doc = include_str!("../../../docs/guide.md")]
    struct Guide;

    #[doc = include_str!("../../../docs/traces.md")]
    struct Traces;
    #[doc = include_str!("../../../docs/conventions.md")]
    struct Conventions;

    #[doc = include_str!("../../../docs/propagation.md")]
    struct Propagation;

    #[doc = include_str!("../../../docs/middleware.md")]
    struct Middleware;

    #[doc = include_str!("../../../docs/metrics.md")]
    struct Metrics;

    #[doc = include_str!("../../../docs/liveness.md")]
    struct Liveness;

    #[cfg(feature = "health-sqlx")]
    #[doc = include_str!("../../../docs/health.md")]
    struct Health;

    #[doc = include_str!("../../../docs/log-formats.md")]
    struct LogFormats;

    #[doc = include_str!("../../../docs/redaction.md")]
    struct Redaction;

    #[cfg(feature = "client-lapin")]
    #[doc = include_str!("../../../docs/rabbitmq.md")]
    struct RabbitMq;

    #[cfg(feature = "traces-opentelemetry")]
    #[doc = include_str!("../../../docs/opentelemetry.md")]
    struct OpenTelemetry;
}
