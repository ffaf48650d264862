//! Health of a service for `obs`: checks of what it depends on, run in the background, and the probes that tell an
//! orchestrator whether to send traffic, to wait, or to restart.
//!
//! ```
//! use obs_core::{Base, Phase, Resource};
//! use obs_health::{Health, Importance, Readiness, Settings, admin};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let base = Base::new(Resource::new("orders"));
//! let health = Health::new(base.clone());
//! // Inside a runtime, so they begin at once. Any error that can be printed will do.
//! health.check("postgres", || async { Ok::<(), String>(()) })?;
//! let degraded = Settings::new().importance(Importance::Degraded);
//! health.check_with("cache", degraded, || async { Err("redis://:hunter2@cache refuses") })?;
//!
//! base.lifecycle.advance(Phase::Ready); // what serving does
//! while health.readiness() != Readiness::Ready {
//!     tokio::task::yield_now().await;
//! }
//! let ask = |uri: &str| admin::respond(&health, &http::Request::get(uri).body(()).unwrap());
//! assert_eq!(ask("/readyz").body(), "ready"); // the cache is not critical
//! # while health.checks()[1].error.as_deref() != Some("redis://[redacted]@cache refuses") {
//! #     tokio::task::yield_now().await;
//! # }
//! let verbose = ask("/readyz?verbose");
//! assert!(str::from_utf8(verbose.body())?.contains("redis://[redacted]@cache refuses"));
//! # Ok(())
//! # }
//! ```
//!
//! # Concepts
//!
//! - A [`Check`] asks one dependency. It runs in a task of its own on the service's runtime: once when it is registered,
//!   then each interval, one run at a time. A run that takes too long is cut; one that panics has failed.
//! - [`Health`] keeps what each check found last. **Probes only read that**: they run no check, wait for none, and
//!   answer while the service's runtime is blocked.
//! - A result that is too old is **stale** and as good as a failure. Its age is read from the clock by whoever asks, so
//!   that a check, or a whole runtime, that is stuck cannot pass for healthy.
//! - Readiness is the phase and all [critical](Importance::Critical) checks; a [degraded](Importance::Degraded) one is
//!   shown and counted, and the service stays ready.
//! - Liveness takes no check: restarting a service does not repair its database. It is a [`Heartbeat`] of the service's own,
//!   what it says itself by [`Health::broken`], and the **stall watchdog**: [`Health::watch_runtime`].
//! - A start-up that takes long has [steps](Health::step); `/startupz` and `/readyz` wait for all of them.
//! - A check of what all replicas share may [fail open](Settings::fail_open), so that they do not all leave traffic at once.
//! - A check that **flaps** does not take the service in and out: [`Settings::failure_threshold`] and
//!   [`success_threshold`](Settings::success_threshold) say how many runs in a row turn what is said of it.
//! - A [**group**](Health::group) is readiness for one purpose, with critical checks of its own: `/readyz?group=checkout`.
//! - Errors are shown under `?verbose` alone, cut at 256 bytes and [without secrets](CheckError).
//!
//! # Ready-made checks
//!
//! [`Tcp`] and [`Fill`] are always there; those of others' types are in modules of their names, each behind a feature.
//!
//! # What it tells
//!
//! - [`admin::respond`] answers `/healthz`, `/readyz` and `/startupz`, [`admin::respond_briefly`] in a word or two;
//!   `tonic::HealthService` is `grpc.health.v1`.
//! - Metrics: `health_ready`, and for each check `health_check_status`, `health_check_duration_seconds` and
//!   `health_check_runs_total`.
//! - One line with the target `obs::health` when a check begins to fail (`WARN`, with `check` and `error`) and one when
//!   it passes again (`INFO`, with `check`).
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `grpc` | `tonic`: `grpc.health.v1` for tonic's servers, and a check that asks it of others |
//! | `sqlx` | `sqlx`: a check of what a pool of sqlx reaches; asks for Rust 1.94 as sqlx does |
//! | `redis` | `redis`: a check of what a connection of the crate redis reaches |
//! | `reqwest` | `reqwest`: a check by `GET` |
//! | `disk` | `disk`: a check of the room on a file system, on Unix |

mod broken;
mod check;
mod entry;
mod error;
mod fill;
mod group;
mod heartbeat;
mod history;
mod json;
mod numbers;
mod others;
mod redact;
mod registry;
mod report;
mod runner;
mod settings;
mod startup;
mod tcp;
mod text;
mod watchdog;

pub mod admin;
#[cfg(all(feature = "disk", unix))]
pub mod disk;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "reqwest")]
pub mod reqwest;
#[cfg(feature = "sqlx")]
pub mod sqlx;
#[cfg(feature = "grpc")]
pub mod tonic;

pub use check::Check;
pub use error::{CheckError, RegisterError, SettingsError};
pub use fill::Fill;
pub use heartbeat::Heartbeat;
pub use others::Others;
pub use registry::{Health, MAX_CHECKS, MAX_GROUPS, MAX_HEARTBEATS};
pub use report::{CheckReport, Readiness, RunReport, RunResult, Status};
pub use settings::{Importance, Settings};
pub use startup::{MAX_STEPS, Step, StepReport, StepStatus};
pub use tcp::Tcp;
pub use watchdog::{MAX_RUNTIMES, RuntimeReport, StallLimits, StalledWorker};
