//! A span that is open on this thread until it is dropped.

use std::borrow::Cow;
use std::marker::PhantomData;

use obs_core::SpanId;
use obs_core::context;
use obs_core::fields::Value;

use super::Span;
use crate::tracer::Tracer;

/// A span that is current on this thread while this lives, and ends with it; made by [`Tracer::enter`]. It stays on its
/// thread: what is awaited meanwhile would be done under it, and so would whatever else runs there.
#[derive(Debug)]
#[must_use = "the span ends when this is dropped"]
pub struct Entered<'a> {
    tracer: &'a Tracer,
    span_id: SpanId,
    /// Nothing where the span is ids only: those are on the scope.
    recorded: Option<Span>,
    not_send: PhantomData<*const ()>,
}

impl<'a> Entered<'a> {
    /// Of a span that is ids only, and open.
    #[inline]
    pub(crate) fn unsampled(tracer: &'a Tracer, span_id: SpanId) -> Self {
        Self { tracer, span_id, recorded: None, not_send: PhantomData }
    }

    /// Opens a span that records.
    #[inline]
    pub(crate) fn open(tracer: &'a Tracer, span: Span) -> Self {
        context::push(span.context.clone());
        Self { tracer, span_id: span.context.span_id(), recorded: Some(span), not_send: PhantomData }
    }

    /// Its id in its trace.
    #[inline]
    pub fn span_id(&self) -> SpanId {
        self.span_id
    }

    /// Sets an attribute, or counts it when there is no room for it.
    #[inline]
    pub fn set(&mut self, key: impl Into<Cow<'static, str>>, value: Value<'_>) {
        if let Some(span) = &mut self.recorded {
            span.set(key, value);
        }
    }

    /// The span, for all else that is to be said of it, where what is said goes anywhere.
    #[inline]
    pub fn recorded(&mut self) -> Option<&mut Span> {
        self.recorded.as_mut()
    }
}

impl Drop for Entered<'_> {
    #[inline]
    fn drop(&mut self) {
        context::leave(self.span_id);
        if let Some(span) = self.recorded.take() {
            self.tracer.end(span);
        }
    }
}
