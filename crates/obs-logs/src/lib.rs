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
//! - [`Filter`] decides by target and level, once per call site; [`Logs::set_filter`] puts another in its place;
//! - [`Logs`] is the engine: plain functions for a subscriber of one's own, and `LogLayer` for a registry;
//! - [`Output`] says where lines go and in which [`Format`]; each has a queue of its own, bounded in bytes;
//! - [`FileOutput`] is the output to a file that is rotated, pruned and compressed; [`Policy`] says what becomes of a
//!   line that finds its queue full;
//! - `RollingFile` is the output that begins a new file each hour or day;
//! - [`AccessLog`] writes one line for each finished request;
//! - [`panic::hook`] writes one line for each panic.
//!
//! # The JSON line
//! Flat, one object a line, no key twice, in this order: `timestamp`, `level`, `target`, `message`, the event's fields
//! as they stand in the code, `service`, `trace_id`, `span_id`, `request_id`, the fields of the open spans from the
//! innermost outwards, those that were set on the whole request (see
//! [`Local::set_field`](obs_core::context::Local::set_field)), and `caller` by option. What is not there is left out.
//!
//! - A field named like one of these is written as `field.<name>`; so is `truncated`.
//! - The event wins over spans, an inner span over an outer one, any of them over the request; of two equal keys in one
//!   event the first wins.
//! - Integers of 128 bits are strings, as are the floats JSON cannot express: `NaN`, `Infinity`, `-Infinity`.
//! - An error is its text and that of each cause behind it, joined by `: `.
//! - Control characters, DEL, line separators and bidirectional overrides are escaped.
//! - A line has at most [`MAX_LINE_BYTES`] bytes. What is cut ends in `…`, and the line says `"truncated":true`.
//! - Values under secret keys are written as `[redacted]`, and so are secrets inside of texts: see [`obs_core::redact`].
//!
//! # The logfmt line
//! The same keys and values in the same order and by the same rules, as `key=value` with a space between:
//!
//! ```text
//! timestamp=2026-11-22T20:24:07.123456Z level=INFO target=shop::cart message="item added" order=42 service=shop
//! ```
//!
//! - A value is in quotes where it is empty or holds anything but printable ASCII without `"`, `=` and `\`; inside of
//!   quotes it is escaped as in JSON.
//! - What may not stand in a key, a space, `=` or `"`, is escaped as `\u0020`; a backslash is doubled, and a key
//!   without a name is `\0`. So keys that differ stay different.
//! - Numbers and texts look alike: the type of a value is lost.
//!
//! # Other formats and other names
//! [`Format::Ecs`] has the fields of the Elastic Common Schema, [`Format::Otlp`] is log records of OTLP, and each [`Output`]
//! may rename, drop and bound fields of its lines: [`Output::rename`], [`Output::drop_field`],
//! [`Output::max_line_bytes`], [`Output::max_field_bytes`].
//!
//! # Files
//! `Output::file` and `Output::rolling` make sure before each batch of lines that the file is
//! still there under its name, and else open it again: one that was removed, or moved away by `logrotate`, takes no
//! line that is meant to be kept. Where that fails, the disk is full or a write ends short, the lines of the batch
//! that did not get out are counted under the reason `io` and told on standard error at most once a minute; the next
//! batch tries again. Where a rolling file cannot begin the next one, it goes on in the old one, says so, and tries
//! again with each batch. A line that was written in part, also by a process that crashed, is ended before another
//! begins.
//!
//! | feature | adds |
//! |---|---|
//! | `admin` | [`admin::respond`], which changes levels while the service runs |
//! | `gzip` (default) | `FileOutput::compress`, closed files as gzip |
//! | `ship` | `Loki`, `Elastic` and `Otlp`, outputs to other machines |
//! | `ship-grpc` | `Otlp::grpc` |
//! | `syslog` | `Syslog`, an output by RFC 5424 over TCP, UDP and Unix's sockets; TLS by `obs-export/socket-tls` |
//! | `journald` | `Journald`, an output to systemd's journal, on Linux |
//! | `layer` (default) | `LogLayer`, for a `tracing-subscriber` registry |
//! | `fmt` | `fmt::Ids`, which puts the ids on lines of `tracing_subscriber::fmt` |
//! | `rolling` (default) | `Output::rolling`, files that follow one another, by `tracing-appender` |

mod access;
#[cfg(feature = "admin")]
pub mod admin;
mod counts;
mod engine;
mod error;
mod file;
mod filter;
#[cfg(feature = "fmt")]
pub mod fmt;
mod format;
#[cfg(feature = "gzip")]
mod gzip;
#[cfg(feature = "layer")]
mod layer;
mod output;
pub mod panic;
mod plan;
mod policy;
mod recorder;
#[cfg(feature = "rolling")]
mod rolling;
mod route;
mod sample;
#[cfg(feature = "framed")]
#[cfg_attr(
    not(any(feature = "ship", feature = "syslog", all(feature = "journald", target_os = "linux"))),
    expect(dead_code, reason = "nothing is sent by any of them")
)]
mod ship;
mod sink;

pub use access::AccessLog;
pub use engine::{Builder, Caller, Logs, LogsGuard, Spans};
pub use error::{BuildError, FilterError};
pub use file::{FileOutput, Rotation, WhenFull};
pub use filter::Filter;
pub use format::{Colours, Format, MAX_LINE_BYTES, SpanFragments};
#[cfg(feature = "gzip")]
pub use gzip::Compression;
#[cfg(feature = "layer")]
pub use layer::LogLayer;
#[cfg(all(feature = "journal", unix))]
pub use obs_export::journal;
pub use output::Output;
pub use plan::{LevelChange, LevelChangeError, Scope};
pub use policy::Policy;
pub use recorder::FlightRecorder;
#[cfg(feature = "rolling")]
pub use rolling::RollingFile;
pub use route::{Levels, LevelsError, Match, Route, RouteError, RouteFault, check as check_routes};
pub use sample::{RateLimit, Sampling};
#[cfg(all(feature = "journald", target_os = "linux"))]
pub use ship::Journald;
#[cfg(feature = "ship")]
pub use ship::{Elastic, INDEX_TEMPLATE, LabelError, Loki, Otlp};
#[cfg(feature = "syslog")]
pub use ship::{Facility, Syslog, SyslogError};
pub use sink::{Memory, Sync};
