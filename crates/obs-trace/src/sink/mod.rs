//! Where finished spans go.

mod memory;

pub use memory::{FinishedEvent, FinishedLink, FinishedSpan, FinishedStatus, Memory, Scalar};

use std::sync::Arc;

use crate::record::SpanRecord;

/// Takes each finished span that is kept. Called on the path of the work itself: must not block, panic or grow.
pub trait SpanSink: Send + Sync {
    /// Takes what it needs of the span; nothing of it outlives the call.
    fn export(&self, span: &SpanRecord<'_>);
}

/// Nowhere.
impl SpanSink for () {
    fn export(&self, _: &SpanRecord<'_>) {}
}

impl<S: SpanSink + ?Sized> SpanSink for Arc<S> {
    fn export(&self, span: &SpanRecord<'_>) {
        (**self).export(span);
    }
}

impl<S: SpanSink + ?Sized> SpanSink for Box<S> {
    fn export(&self, span: &SpanRecord<'_>) {
        (**self).export(span);
    }
}

impl<S: SpanSink> SpanSink for Option<S> {
    fn export(&self, span: &SpanRecord<'_>) {
        if let Some(sink) = self {
            sink.export(span);
        }
    }
}

/// Both, the first one first.
impl<A: SpanSink, B: SpanSink> SpanSink for (A, B) {
    fn export(&self, span: &SpanRecord<'_>) {
        self.0.export(span);
        self.1.export(span);
    }
}
