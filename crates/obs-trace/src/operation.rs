//! The observer that writes one span for each call, query, wait or other operation that is recorded.
//!
//! The span is native: nothing is built until the operation has ended, and then only a view of what its maker holds.

use obs_core::Outcome;
use obs_core::context::Context;
use obs_core::observe::{Candidate, Operation, OperationEnd, OperationKind, OperationObserver};
use obs_core::propagate::TraceState;

use crate::record::{Attributes, Kind, Name, Parent, SpanRecord, Status};
use crate::server::{MAX_TEXT, cut};
use crate::tracer::Tracer;

/// One span for each operation whose context is sampled; decides for those that are the root of a trace.
#[derive(Clone, Debug)]
pub struct OperationSpans {
    tracer: Tracer,
}

impl OperationSpans {
    /// Samples and exports by `tracer`; to be registered with the operations of its base.
    pub fn new(tracer: &Tracer) -> Self {
        Self { tracer: tracer.clone() }
    }
}

impl OperationObserver for OperationSpans {
    fn sample(&self, candidate: &Candidate<'_>) -> Option<bool> {
        Some(self.tracer.sample(candidate))
    }

    fn finish(&self, context: &Context, operation: &Operation<'_>, end: &OperationEnd<'_>) {
        if !context.is_sampled() {
            return;
        }
        let limits = self.tracer.limits();
        let (attributes, dropped_attributes) =
            Attributes::new(operation.attributes).within(limits.attributes, limits.attribute_length);
        let (first, second) = operation.name;
        let record = SpanRecord {
            parent: operation.parent.map(|span_id| Parent { span_id, remote: false }),
            trace_state: context.local().trace_state().map(TraceState::as_str),
            kind: match operation.kind {
                OperationKind::Client => Kind::Client,
                _ => Kind::Internal,
            },
            start: operation.started,
            duration: end.duration,
            attributes,
            dropped_attributes,
            status: status(operation, end),
            ..SpanRecord::new(context.ids(), Name::joined(first, second))
        };
        self.tracer.export(&record);
    }
}

/// For whoever asks, a refusal is an error too (OpenTelemetry semantic conventions, "HTTP spans", status).
fn status<'a>(operation: &Operation<'_>, end: &OperationEnd<'a>) -> Status<'a> {
    let refused = operation.kind == OperationKind::Client && end.outcome == Outcome::ClientError;
    if refused || end.fault.is_some() {
        Status::Error(cut(end.error.unwrap_or_default(), MAX_TEXT))
    } else {
        Status::Unset
    }
}
