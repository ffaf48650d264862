//! The observer that writes one span for each call, query, wait or other operation that is recorded.
//!
//! The span is native: nothing is built until the operation has ended, and then only a view of what its maker holds.

use std::borrow::Cow;

use obs_core::Outcome;
use obs_core::context::Context;
use obs_core::fields::{Fields, Value};
use obs_core::observe::{Candidate, Operation, OperationEnd, OperationKind, OperationObserver};
use obs_core::propagate::TraceState;
use obs_core::redact::Rules;

use crate::record::{Attributes, Kind, Links, Name, Parent, SpanRecord, Status};
use crate::server::{MAX_TEXT, cut, link};
use crate::span::Draft;
use crate::tail::RootEnd;
use crate::tracer::{Marks, Tracer};

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

    fn begun(&self, root: &Context) {
        self.tracer.begin(root);
    }

    fn finish(&self, context: &Context, operation: &Operation<'_>, end: &OperationEnd<'_>) {
        if !context.is_recording() {
            return;
        }
        let marks = self.root_marks(context, operation, end);
        if !context.is_sampled() && marks.is_some_and(|marks| !marks.is_kept()) {
            return;
        }
        let limits = self.tracer.limits();
        let rules = &self.tracer.base().redaction;
        // Copied only where there is something to take out, or to put beside it.
        let mut told = Fields::new();
        let has_marks = marks.is_some_and(|marks| marks.is_kept());
        let attributes =
            if has_marks || operation.attributes.iter().any(|(key, value)| is_changed(rules, key, *value)) {
                told.judge_by(rules);
                operation.attributes.iter().for_each(|(key, value)| told.set(*key, *value));
                if let Some(marks) = marks {
                    marks.each(|key, value| told.set(key, value));
                }
                Attributes::default().and(&told)
            } else {
                Attributes::new(operation.attributes)
            };
        let error = end.error.map(|error| rules.redact(error));
        // What was set on a whole job stands on its first span here, as it does for requests.
        let shared = if is_local_root(operation) { Draft::of_local(context.local()) } else { None };
        let (attributes, dropped_attributes) = attributes
            .and_request(shared.as_deref().map(Draft::fields))
            .within(limits.attributes, limits.attribute_length);
        let links: Vec<_> = operation.links.iter().take(limits.links).map(link).collect();
        let dropped_links = operation.links.len() - links.len();
        let (first, second) = operation.name;
        let record = SpanRecord {
            parent: operation.parent.map(|span_id| Parent { span_id, remote: operation.is_parent_remote }),
            trace_state: context.local().trace_state().map(TraceState::as_str),
            kind: match operation.kind {
                OperationKind::Client => Kind::Client,
                OperationKind::Producer => Kind::Producer,
                OperationKind::Consumer => Kind::Consumer,
                _ => Kind::Internal,
            },
            start: operation.started,
            duration: end.duration,
            attributes,
            dropped_attributes,
            links: Links::new(&links),
            dropped_links: u32::try_from(dropped_links).unwrap_or(u32::MAX),
            status: status(operation, end, error.as_deref()),
            ..SpanRecord::new(context.ids(), Name::joined(first, second))
        };
        match marks {
            // It was judged just now.
            Some(_) => self.tracer.export(&record),
            None => self.tracer.pass(context, &record),
        }
        if let Some(shared) = shared {
            shared.put_back();
        }
    }
}

impl OperationSpans {
    /// Has what waits under an operation that is a local root handed on or let go. `None` for any other.
    fn root_marks(
        &self,
        context: &Context,
        operation: &Operation<'_>,
        end: &OperationEnd<'_>,
    ) -> Option<Marks> {
        let judged = || {
            let has_failed = matches!(status(operation, end, None), Status::Error(_));
            RootEnd::new(end.outcome, has_failed, end.duration)
        };
        is_local_root(operation).then(|| self.tracer.settle_alone(context, judged))
    }
}

/// Whether nothing of this process is above it.
fn is_local_root(operation: &Operation<'_>) -> bool {
    operation.parent.is_none() || operation.is_parent_remote
}

/// Whether a value has to be told otherwise than it is: it is a secret, holds one, or is longer than what is kept of a text. Each URL
/// looks as if it held one, and hardly any does.
fn is_changed(rules: &Rules, key: &'static str, value: Value<'_>) -> bool {
    let holds_secret = |text: &str| {
        text.len() > Fields::MAX_TEXT
            || rules.is_suspicious(text.as_bytes()) && matches!(rules.redact(text), Cow::Owned(_))
    };
    rules.is_secret_static(key) || matches!(value, Value::Str(text) if holds_secret(text))
}

/// For whoever asks, a refusal is an error too (OpenTelemetry semantic conventions, "HTTP spans", status).
fn status<'a>(operation: &Operation<'_>, end: &OperationEnd<'_>, error: Option<&'a str>) -> Status<'a> {
    let refused = operation.kind == OperationKind::Client && end.outcome == Outcome::ClientError;
    if refused || end.fault.is_some() {
        Status::Error(cut(error.unwrap_or_default(), MAX_TEXT))
    } else {
        Status::Unset
    }
}
