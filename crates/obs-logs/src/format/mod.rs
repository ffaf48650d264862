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
mod secrets;
mod seen;
mod service;
mod site;
mod text;
mod time;

use std::net::IpAddr;

pub(crate) use buffer::Buffer;
pub use fragment::SpanFragments;
pub(crate) use ids::IdCache;
pub(crate) use json::JsonLine;
pub(crate) use key::Label;
pub(crate) use logfmt::LogfmtLine;
pub(crate) use pretty::{PrettyLine, push_head};
pub(crate) use service::Service;
pub(crate) use site::{Key, Kind, Message, Site, is_written};
pub(crate) use time::TimeCache;
#[cfg(feature = "rolling")]
pub(crate) use time::second_text;

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
    /// A number with three decimals, given in thousandths, under a key of ours.
    fn thousandths(&mut self, label: &Label, value: u64);

    /// A text that may not be there.
    fn text_if(&mut self, label: &Label, value: Option<&str>) {
        if let Some(value) = value {
            self.text(label, value);
        }
    }
}
