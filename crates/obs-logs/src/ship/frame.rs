//! What one line becomes for its receiver.

use std::fmt::Debug;

use obs_core::context::{Context, TraceFlags, with_current};
use obs_core::{RequestId, SpanId, Timestamp, TraceId};
use tracing_core::Level;

/// One line, and what receivers want to know of it beside its text.
pub(crate) struct Framed<'a> {
    #[cfg_attr(
        not(any(feature = "ship", feature = "syslog")),
        expect(dead_code, reason = "the journal has a clock of its own")
    )]
    pub(crate) at: Timestamp,
    pub(crate) level: Level,
    #[cfg_attr(not(feature = "syslog"), expect(dead_code, reason = "asked for by syslog"))]
    pub(crate) target: &'static str,
    /// Its file and line in the code, where that is known.
    #[cfg_attr(
        not(all(feature = "journald", target_os = "linux")),
        expect(dead_code, reason = "asked for by the journal")
    )]
    pub(crate) place: Option<(&'static str, u32)>,
    /// Without its newline; of a record, the fields that the engine has made.
    pub(crate) line: &'a [u8],
    pub(crate) said: Option<Said>,
}

/// Where a line was said.
#[derive(Clone, Copy)]
pub(crate) struct Said {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    #[cfg_attr(not(feature = "ship"), expect(dead_code, reason = "asked for by OTLP"))]
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

/// The level as receivers over HTTP have it.
#[cfg(feature = "ship")]
pub(super) fn level_text(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

/// The severity of a level (RFC 5424, section 6.2.1), which is that of the journal too.
#[cfg(any(feature = "syslog", feature = "journald"))]
#[cfg_attr(
    not(any(feature = "syslog", target_os = "linux")),
    expect(dead_code, reason = "there is no journal elsewhere")
)]
pub(super) fn severity(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}
