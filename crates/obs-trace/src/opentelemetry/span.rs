//! A span as code that calls OpenTelemetry's API holds it.

use std::borrow::Cow;
use std::fmt;
use std::time::SystemTime;

use ::opentelemetry::KeyValue;
use ::opentelemetry::trace::{self, SpanContext};

use obs_core::context::Context;

use super::provider::{give, point_at};
use super::{convert, made};
use crate::record::Status;
use crate::span::Span;
use crate::tracer::Tracer;

/// A span made by a [`ScopeTracer`](super::ScopeTracer). It ends when it is told to, or else when it is dropped.
pub struct ProvidedSpan {
    context: SpanContext,
    tracer: Tracer,
    /// Until it ends.
    span: Option<Span>,
    /// Whether its beginning was said instead of measured; its end is read from the same clock then.
    is_dated: bool,
}

impl ProvidedSpan {
    pub(super) fn new(tracer: &Tracer, span: Span, is_dated: bool) -> Self {
        let context = convert::span_context(span.context());
        Self { context, tracer: tracer.clone(), span: Some(span), is_dated }
    }

    /// One that stands for a span which is recorded elsewhere.
    pub(super) fn of(tracer: &Tracer, open: &Context) -> Self {
        let context = convert::span_context(open);
        Self { context, tracer: tracer.clone(), span: None, is_dated: false }
    }

    /// One that stands for nothing: work of telemetry's own.
    pub(super) fn nowhere(tracer: &Tracer) -> Self {
        let context = SpanContext::empty_context();
        Self { context, tracer: tracer.clone(), span: None, is_dated: false }
    }

    fn finish(&mut self, end: Option<SystemTime>) {
        let Some(mut span) = self.span.take() else { return };
        made::ended(span.context().ids());
        match end {
            Some(end) => span.end_at(convert::time(end)),
            None if self.is_dated => span.end_at(self.tracer.base().clock.now()),
            None => {}
        }
        self.tracer.end(span);
    }
}

impl trace::Span for ProvidedSpan {
    fn add_event_with_timestamp<T>(&mut self, name: T, timestamp: SystemTime, attributes: Vec<KeyValue>)
    where
        T: Into<Cow<'static, str>>,
    {
        // Becomes a text before anything of the span is touched: it is a user's code.
        let name = name.into();
        if let Some(span) = &mut self.span {
            span.add_event(&name, convert::time(timestamp), attributes.iter().map(convert::pair));
        }
    }

    fn span_context(&self) -> &SpanContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        self.span.as_ref().is_some_and(Span::is_recording)
    }

    fn set_attribute(&mut self, attribute: KeyValue) {
        if let Some(span) = self.span.as_mut().filter(|span| span.is_recording()) {
            give(span, &attribute);
        }
    }

    fn set_status(&mut self, status: trace::Status) {
        let Some(span) = &mut self.span else { return };
        match &status {
            trace::Status::Unset => {}
            trace::Status::Ok => span.set_status(Status::Ok),
            trace::Status::Error { description } => span.set_status(Status::Error(description)),
        }
    }

    fn update_name<T>(&mut self, new_name: T)
    where
        T: Into<Cow<'static, str>>,
    {
        let name = new_name.into();
        if let Some(span) = &mut self.span {
            span.rename(&name);
        }
    }

    fn add_link(&mut self, span_context: SpanContext, attributes: Vec<KeyValue>) {
        if let Some(span) = &mut self.span {
            point_at(span, &span_context, &attributes);
        }
    }

    fn end(&mut self) {
        self.finish(None);
    }

    fn end_with_timestamp(&mut self, timestamp: SystemTime) {
        self.finish(Some(timestamp));
    }
}

impl Drop for ProvidedSpan {
    fn drop(&mut self) {
        self.finish(None);
    }
}

impl fmt::Debug for ProvidedSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProvidedSpan").field("context", &self.context).finish_non_exhaustive()
    }
}
