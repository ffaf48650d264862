//! Trace context as it travels between services. Pure functions over bytes; headers are the middleware's matter.

mod trace_state;
pub mod w3c;

pub use trace_state::TraceState;

use crate::context::TraceFlags;
use crate::id::{SpanId, TraceId};

/// The caller's span, as its headers tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// The caller's trace.
    pub trace_id: TraceId,
    /// The caller's span: the parent of ours.
    pub span_id: SpanId,
    /// What the caller decided.
    pub flags: TraceFlags,
    /// What other vendors added.
    pub trace_state: Option<TraceState>,
}
