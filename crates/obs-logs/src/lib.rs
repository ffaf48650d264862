//! Events and requests as lines: filtered, formatted in one pass without allocation, queued, written.
//!
//! ```
//! use obs_core::{Base, Resource};
//! use obs_logs::{Format, Logs, Memory, Output};
//!
//! let memory = Memory::new();
//! let output = Output::memory(&memory).format(Format::Json);
//! let (logs, _guard) = Logs::builder(Base::new(Resource::new("orders"))).output(output).build()?;
//! # #[cfg(feature = "layer")]
//! # {
//! use tracing_subscriber::layer::SubscriberExt;
//!
//! tracing::subscriber::with_default(tracing_subscriber::registry().with(logs.layer()), || {
//!     tracing::info!(order = 42, "accepted");
//! });
//! assert!(memory.lines()[0].contains(r#""message":"accepted","order":42,"service":"orders""#));
//! # }
//! # Ok::<(), obs_logs::BuildError>(())
//! ```
//!
//! - [`Filter`] decides by target and level, once per call site;
//! - [`Logs`] is the engine: plain functions for a subscriber of one's own, and `LogLayer` for a registry;
//! - [`Output`] says where lines go and in which [`Format`]; each has a queue of its own, bounded in bytes;
//! - [`AccessLog`] writes one line for each finished request;
//! - [`panic::hook`] writes one line for each panic.
//!
//! # The JSON line
//! Flat, one object a line, no key twice, in this order: `timestamp`, `level`, `target`, `message`, the event's fields
//! as they stand in the code, `service`, `trace_id`, `span_id`, `request_id`, the fields of the open spans from the
//! innermost outwards, and `caller` by option. What is not there is left out.
//!
//! - A field named like one of these is written as `field.<name>`; so is `truncated`.
//! - The event wins over spans, an inner span over an outer one; of two equal keys in one event the first wins.
//! - Integers of 128 bits are strings, as are the floats JSON cannot express: `NaN`, `Infinity`, `-Infinity`.
//! - An error is its text and that of each cause behind it, joined by `: `.
//! - Control characters, DEL, line separators and bidirectional overrides are escaped.
//! - A line has at most [`MAX_LINE_BYTES`] bytes. What is cut ends in `…`, and the line says `"truncated":true`.
//! - Values under secret keys (see [`obs_core::redact`]) are written as `[redacted]`.
//!
//! | feature | adds |
//! |---|---|
//! | `layer` (default) | `LogLayer`, for a `tracing-subscriber` registry |

mod access;
mod engine;
mod error;
mod filter;
mod format;
#[cfg(feature = "layer")]
mod layer;
mod output;
pub mod panic;
mod sink;

pub use access::AccessLog;
pub use engine::{Builder, Caller, Logs, LogsGuard, Spans};
pub use error::{BuildError, FilterError};
pub use filter::Filter;
pub use format::{Colours, Format, MAX_LINE_BYTES, SpanFragments};
#[cfg(feature = "layer")]
pub use layer::LogLayer;
pub use output::Output;
pub use sink::Memory;
