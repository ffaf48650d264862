//! What one line becomes for its receiver.

use std::fmt::Debug;

use obs_core::context::{Context, TraceFlags, with_current};
use obs_core::{RequestId, SpanId, Timestamp, TraceId};
use tracing_core::Level;

/// One line, and what receivers want to know of it beside its text.
pub(crate) struct Framed<'a> {
    pub(crate) at: Timestamp,
    pub(crate) level: Level,
    /// Without its newline; of a record, the fields that the engine has made.
    pub(crate) line: &'a [u8],
    pub(crate) said: Option<Said>,
}

/// Where a line was said.
#[derive(Clone, Copy)]
pub(crate) struct Said {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    pub(crate) flags: TraceFlags,
    pub(crate) request_id: Option<RequestId>,
}

impl Said {
    /// In this context, or in the one that is open.
    pub(crate) fn of(context: Option<&Context>) -> Option<Self> {
        let of = |context: &Context| Self {
            trace_id: context.trace_id(),
            span_id: context.span_id(),
            flags: context.ids().flags,
            request_id: context.request_id().copied(),
        };
        match context {
            Some(context) => Some(of(context)),
            None => with_current(of),
        }
    }
}

/// The line that ends here.
pub(crate) fn without_newline(line: &[u8]) -> &[u8] {
    // Nothing more: what is in front of it may be bytes of a record that look like white space.
    line.strip_suffix(b"\n").unwrap_or(line)
}

/// Makes the records of one output.
pub(crate) trait Frame: Debug + Send + Sync {
    /// Appends the record of one line.
    fn frame(&self, line: &Framed<'_>, out: &mut Vec<u8>);
}

/// The level as receivers have it.
pub(super) fn level_text(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}
