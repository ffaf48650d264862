//! A span that is open on this thread until it is dropped.

use std::borrow::Cow;
use std::marker::PhantomData;

use obs_core::SpanId;
use obs_core::context::{self, Context};
use obs_core::fields::Value;

use super::Span;
use crate::tracer::Tracer;

/// A span that is current on this thread while this lives, and ends with it; made by [`Tracer::enter`]. It stays on its
/// thread: what is awaited meanwhile would be done under it, and so would whatever else runs there.
#[derive(Debug)]
#[must_use = "the span ends when this is dropped"]
pub struct Entered<'a> {
    tracer: &'a Tracer,
    state: State,
    not_send: PhantomData<*const ()>,
}

#[derive(Debug)]
enum State {
    /// Ids only, which are given when somebody looks; closed by this number.
    Plain(u64),
    /// Ids only.
    Unsampled(SpanId),
    /// The id it is open by, whatever becomes of the span that is lent out.
    Recording(SpanId, Span),
}

impl<'a> Entered<'a> {
    /// Of a span that is open.
    #[inline]
    pub(crate) fn plain(tracer: &'a Tracer, number: u64) -> Self {
        Self { tracer, state: State::Plain(number), not_send: PhantomData }
    }

    /// Opens a span that is ids only.
    pub(crate) fn unsampled(tracer: &'a Tracer, context: Context) -> Self {
        let state = State::Unsampled(context.span_id());
        context::push(context);
        Self { tracer, state, not_send: PhantomData }
    }

    /// Opens a span that records.
    pub(crate) fn recording(tracer: &'a Tracer, span: Span) -> Self {
        context::push(span.used().clone());
        let span_id = span.context.span_id();
        Self { tracer, state: State::Recording(span_id, span), not_send: PhantomData }
    }

    /// Sets an attribute, or counts it when there is no room for it.
    #[inline]
    pub fn set(&mut self, key: impl Into<Cow<'static, str>>, value: Value<'_>) {
        if let State::Recording(_, span) = &mut self.state {
            span.set(key, value);
        }
    }

    /// The span, for all else that is to be said of it, where what is said goes anywhere.
    #[inline]
    pub fn recorded(&mut self) -> Option<&mut Span> {
        match &mut self.state {
            State::Recording(_, span) => Some(span),
            _ => None,
        }
    }

    fn end(&mut self) {
        match std::mem::replace(&mut self.state, State::Plain(u64::MAX)) {
            State::Plain(_) => {}
            State::Unsampled(span_id) => context::leave(span_id),
            State::Recording(span_id, span) => {
                context::leave(span_id);
                self.tracer.end(span);
            }
        }
    }
}

impl Drop for Entered<'_> {
    #[inline]
    fn drop(&mut self) {
        match self.state {
            State::Plain(number) => context::leave_plain(number),
            _ => self.end(),
        }
    }
}
