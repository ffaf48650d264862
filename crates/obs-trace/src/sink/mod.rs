//! Where finished spans go.

mod memory;

pub use memory::{FinishedEvent, FinishedLink, FinishedSpan, FinishedStatus, Memory, Scalar};

use std::sync::Arc;

use crate::decode;
use crate::record::SpanRecord;

/// Takes each finished span that is kept. Called on the path of the work itself: must not block, panic or grow.
pub trait SpanSink: Send + Sync {
    /// Takes what it needs of the span; nothing of it outlives the call.
    fn export(&self, span: &SpanRecord<'_>);

    /// Takes a span that was encoded when it ended, as by [`encode::span`](crate::encode::span), because it had to wait
    /// until it was known whether it is kept. By default it is read back for [`SpanSink::export`]; a sink that keeps bytes
    /// takes them as they are.
    fn export_encoded(&self, span: &[u8]) {
        decode::lend(span, |span| self.export(span));
    }
}

/// Nowhere.
impl SpanSink for () {
    fn export(&self, _: &SpanRecord<'_>) {}

    fn export_encoded(&self, _: &[u8]) {}
}

impl<S: SpanSink + ?Sized> SpanSink for Arc<S> {
    fn export(&self, span: &SpanRecord<'_>) {
        (**self).export(span);
    }

    fn export_encoded(&self, span: &[u8]) {
        (**self).export_encoded(span);
    }
}

impl<S: SpanSink + ?Sized> SpanSink for Box<S> {
    fn export(&self, span: &SpanRecord<'_>) {
        (**self).export(span);
    }

    fn export_encoded(&self, span: &[u8]) {
        (**self).export_encoded(span);
    }
}

impl<S: SpanSink> SpanSink for Option<S> {
    fn export(&self, span: &SpanRecord<'_>) {
        if let Some(sink) = self {
            sink.export(span);
        }
    }

    fn export_encoded(&self, span: &[u8]) {
        if let Some(sink) = self {
            sink.export_encoded(span);
        }
    }
}

/// Both, the first one first.
impl<A: SpanSink, B: SpanSink> SpanSink for (A, B) {
    fn export(&self, span: &SpanRecord<'_>) {
        self.0.export(span);
        self.1.export(span);
    }

    fn export_encoded(&self, span: &[u8]) {
        self.0.export_encoded(span);
        self.1.export_encoded(span);
    }
}
