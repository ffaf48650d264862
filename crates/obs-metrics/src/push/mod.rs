//! Push: metrics that leave by themselves, for jobs that end before anybody scrapes them and for places where nobody
//! does.
//!
//! - [`Pushgateway`] puts the exposition into a Prometheus Pushgateway: once, at the end of a job, or at intervals.
//! - [`RemoteWrite`] sends samples by Prometheus remote write, 2.0 where it is understood and 1.0 where not.
//! - [`Otlp`] sends cumulative metrics to an OpenTelemetry collector.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use obs_core::{Base, Resource};
//! use obs_metrics::Recorder;
//! use obs_metrics::push::Pushgateway;
//!
//! let recorder = Recorder::builder(Base::new(Resource::new("nightly"))).build()?;
//! recorder.counter("rows_copied", &[])?.increment(7);
//! let gateway = Pushgateway::builder(&recorder, "http://127.0.0.1:9091").build()?;
//! gateway.push(Duration::from_secs(10))?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! What goes on at intervals is a [`Periodic`]: a thread that takes a snapshot and a thread that sends it, so that a
//! server that hangs holds up no snapshot. Dropping it sends a last one.
//!
//! Each way out counts for itself in `obs_metric_pushes_total`, by its name in the label `pipeline`.

mod books;
mod gateway;
mod grouping;
mod otlp;
mod periodic;
mod record;
mod remote_write;
mod settings;
mod timeline;

pub use gateway::{AtEnd, Compression, Pushgateway, PushgatewayBuilder};
/// Where metrics are pushed to, by which rules, and why it failed.
#[cfg(feature = "push-tls")]
pub use obs_export::http::Tls;
pub use obs_export::http::{
    CallError as PushError, ClientSettings, Endpoint, EndpointError, HeaderError, Last, Refusal, Retry,
};
pub use obs_export::queue::FlushTimeout;
pub use otlp::{Otlp, OtlpBuilder};
pub use periodic::Periodic;
pub use remote_write::{RemoteWrite, RemoteWriteBuilder, WriteVersion};
pub use settings::Settings;

/// Told on the sending thread of each push that failed for good. Must not push through the same way out.
type OnFailure = std::sync::Arc<dyn Fn(&PushError) + Send + Sync>;
