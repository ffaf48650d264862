//! How a line looks. Turns data into bytes and does no IO.

mod buffer;
mod escape;
mod fragment;
mod hash;
mod ids;
mod json;
mod key;
mod logfmt;
mod number;
mod pretty;
#[cfg(feature = "ship")]
mod quote;
mod secrets;
mod seen;
mod service;
mod shape;
mod site;
mod text;
mod time;

use std::net::IpAddr;
use std::time::Duration;

pub(crate) use buffer::Buffer;
pub use fragment::SpanFragments;
pub(crate) use ids::IdCache;
pub(crate) use json::JsonLine;
#[cfg(any(feature = "admin", feature = "ship"))]
pub(crate) use json::json_text;
pub(crate) use key::Label;
pub(crate) use logfmt::LogfmtLine;
pub(crate) use pretty::{PrettyLine, push_head};
#[cfg(feature = "ship")]
pub(crate) use quote::push_quoted;
pub(crate) use service::Service;
pub(crate) use shape::{ShapedLine, ShapedLines, Shapes, SiteCache, Slot, Spec};
pub(crate) use site::{Key, Kind, Message, Site, is_written};
pub(crate) use text::CUT;
pub(crate) use time::TimeCache;
#[cfg(feature = "syslog")]
pub(crate) use time::push_micros;
pub(crate) use time::second_text;
pub(crate) use time::time_text;

/// The most bytes a line has, its newline included: 256 KiB. Only an output's own limits are tighter.
pub const MAX_LINE_BYTES: usize = 256 * 1024;
/// Room kept for what ends a line: ids, the mark of a cut and the brackets.
const TAIL_ROOM: usize = 512;

/// How the lines of one output look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One flat JSON object a line, for machines.
    #[default]
    Json,
    /// The fields of the JSON line in the same order, as `key=value`.
    Logfmt,
    /// Fields of the Elastic Common Schema, as one flat JSON object a line whose names have dots.
    Ecs,
    /// One OTLP `LogsData` a line in its JSON form, as the `otlpjsonfile` receiver of the OpenTelemetry Collector reads.
    Otlp,
    /// Time, level, target, message and `key=value`, for people at a terminal.
    Pretty(Colours),
}

/// Whether pretty lines are coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colours {
    /// Where the output is a terminal.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// What writes the fields of one line, in whatever format.
pub(crate) trait Line {
    /// The message, in front of all fields.
    fn message(&mut self, text: &str);
    /// A text under a key of ours.
    fn text(&mut self, label: &Label, value: &str);
    /// An IP address under a key of ours.
    fn address(&mut self, label: &Label, value: IpAddr);
    /// A whole number under a key of ours.
    fn number(&mut self, label: &Label, value: u64);
    /// A duration in milliseconds with three decimals, under a key of ours.
    fn millis(&mut self, label: &Label, value: Duration);

    /// A text that may not be there.
    fn text_if(&mut self, label: &Label, value: Option<&str>) {
        if let Some(value) = value {
            self.text(label, value);
        }
    }
}

/// Whole microseconds of a duration.
#[inline]
fn micros(duration: Duration) -> u64 {
    let micros = duration.as_secs().saturating_mul(1_000_000);
    micros.saturating_add(u64::from(duration.subsec_micros()))
}

/// Nanoseconds of a duration.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
