//! The metrics engine of `obs`: a recorder behind the `metrics` facade whose memory is bounded, with exemplars, and
//! its exposition as Prometheus text, OpenMetrics and Prometheus protobuf.
//!
//! ```
//! use obs_core::{Base, Resource};
//! use obs_metrics::{Format, Recorder};
//!
//! let recorder = Recorder::builder(Base::new(Resource::new("orders"))).build()?;
//!
//! // Through the ecosystem's macros, once the recorder is installed (here: for this closure only).
//! metrics::with_local_recorder(&recorder, || {
//!     metrics::counter!("orders_placed", "kind" => "book").increment(2);
//! });
//! // Or directly, where a refusal comes back as an error.
//! recorder.counter("orders_placed", &[("kind", "book")])?.increment(1);
//! assert!(recorder.gauge("orders_placed", &[("kind", "book")]).is_err());
//!
//! let text = String::from_utf8(recorder.render(Format::Text))?;
//! assert!(text.contains("orders_placed_total{kind=\"book\"} 3\n"));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # Concepts
//!
//! - A **family** has one name, one type and one set of label names, all fixed by the first registration; whatever
//!   does not fit is a [`RegisterError`]. Through the facade, which knows no errors, it becomes a handle that counts
//!   nothing, a count in `obs_metric_rejected_total`, and an entry in [`Recorder::problems`].
//! - A [`Declaration`] tells a family before anything is counted in it, so that it is on the first scrape.
//! - A **series** is one set of label values. A family holds a [capped](Builder::series_cap) number of them; what
//!   comes later counts in one series whose label values are all `_overflow`, so that totals stay exact; so it is with
//!   what all families hold [together](Builder::total_series_cap). A series lives as long as the recorder, or until it
//!   was [idle](Builder::idle_timeout) and nobody holds a handle to it: handles never go silent.
//! - A **cell** is one atomic until it is hot; then each thread counts in a place of its own, and threads that meet
//!   in one series do not slow each other down.
//! - An **exemplar** points from a counter or a histogram's bucket to a span: what is recorded while a sampled span is
//!   open carries its ids, with no call by the user. OpenMetrics and protobuf can write it.
//! - **Native** histograms have exponential buckets beside the fixed ones, [where wished](Builder::native_histograms);
//!   only protobuf can write them.
//! - A counter's samples end in `_total` in every format, whether the name given does or not.
//! - The base's [`Source`](obs_core::meter::Source)s are asked at each scrape. What several of them say of one family
//!   stands in it together, and numbers under the same labels are added up; what does not go with a family is left out
//!   and counted in `obs_metric_rejected_total{reason="source"}`.
//! - A [const label](Builder::const_label) stands in every sample, but not beside a label of the metric's own that has
//!   the same name.
//! - What is no number (NaN) is not observed, but counted in `obs_metric_rejected_total{reason="nan"}`; so is a counter
//!   that is set to less than it had, by `reason="decrease"`, and keeps what it had.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `gzip` | expositions compressed for whoever takes it (flate2, in Rust alone) |
//! | `service` | [`admin::MetricsService`]: a tower service that answers with the exposition |
//! | `pool-sqlx` | [`pools`] of sqlx 0.9 |
//! | `pool-deadpool` | [`pools`] of deadpool 0.13 |
//! | `pool-bb8` | [`pools`] of bb8 0.9 |
//! | `runtime` | how tokio runtimes do: `runtime` |
//! | `runtime-io` | what they tell of their I/O driver, in programs built with `--cfg tokio_unstable` |
//! | `push` | `push`: Pushgateway, remote write and OTLP, at the end of a job or at intervals |
//! | `push-tls` | the same over `https://`; needs a C compiler |

mod buckets;
mod builder;
mod cache;
mod const_labels;
mod error;
mod expire;
mod expose;
mod facade;
mod family;
mod handles;
mod lately;
mod near;
mod problems;
mod recorder;
mod registry;
mod rpc;
mod series;
#[cfg(feature = "service")]
mod service;
mod text;
mod timer;
mod vectors;

pub mod admin;
pub mod allocator;
pub mod build;
pub mod declare;
pub mod operations;
pub mod pools;
pub mod process;
#[cfg(feature = "push")]
pub mod push;
pub mod red;
#[cfg(feature = "runtime")]
pub mod runtime;
pub mod sli;
pub mod typed;

pub use buckets::{
    Buckets, CONNECTION_BUCKETS, DB_BUCKETS, DEFAULT_BUCKETS, JOB_BUCKETS, MESSAGING_BUCKETS, SIZE_BUCKETS,
    WAIT_BUCKETS,
};
pub use builder::{Builder, CreatedSamples, DEFAULT_SERIES_CAP, DEFAULT_TOTAL_SERIES_CAP, Exemplars};
pub use cache::Cache;
pub use error::{BuildError, PoolError, RegisterError};
pub use expose::Format;
pub use handles::{Counter, Histogram};
/// How a rule of [`Buckets`] chooses histograms.
pub use metrics_exporter_prometheus::Matcher;
pub use obs_core::Declaration;
pub use operations::Operations;
pub use pools::{PoolStats, TimedPool};
pub use recorder::Recorder;
pub use red::{Measured, Red};
pub use timer::{Timer, timer};
pub use vectors::{CounterVec, GaugeVec, HistogramVec};
