//! Trace context as it travels between services. Pure functions over bytes; headers are the middleware's matter.

pub mod b3;
mod baggage;
mod carrier;
mod formats;
pub mod jaeger;
mod trace_state;
pub mod w3c;

pub use baggage::{BAGGAGE, Baggage, BaggageError};
pub use carrier::{Environment, Extractor, Header, Injector, Reading, Writing};
pub use formats::{Format, Propagation};
pub use trace_state::TraceState;

use crate::context::{Ids, TraceFlags};
use crate::id::{SpanId, TraceId};

/// Every name that B3 travels under.
const B3_HEADERS: [Header; 6] = [
    Header::B3,
    Header::B3TraceId,
    Header::B3SpanId,
    Header::B3ParentSpanId,
    Header::B3Sampled,
    Header::B3Flags,
];

/// The caller's span, as its headers tell.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remote {
    /// The caller's trace.
    pub trace_id: TraceId,
    /// The caller's span: the parent of ours.
    pub span_id: SpanId,
    /// What the caller decided.
    pub flags: TraceFlags,
    /// Whether the caller left the decision to whom it calls.
    pub is_deferred: bool,
    /// What other vendors added.
    pub trace_state: Option<TraceState>,
}

impl Remote {
    /// A caller that decided what the flags say.
    pub fn new(ids: Ids) -> Self {
        let Ids { trace_id, span_id, flags } = ids;
        Self { trace_id, span_id, flags, is_deferred: false, trace_state: None }
    }

    /// Its ids.
    pub fn ids(&self) -> Ids {
        Ids { trace_id: self.trace_id, span_id: self.span_id, flags: self.flags }
    }
}

/// What a caller's headers say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Which span it is.
    Span(Remote),
    /// Which trace it is in, and nothing of a span.
    Trace(TraceId),
    /// That a new trace is to be recorded, or not.
    Asks(bool),
}
