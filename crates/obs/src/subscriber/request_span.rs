//! Each request as a `tracing` span, for layers that are not ours.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

use obs_core::Context;
use obs_core::context::{Around, enter_poll};
use obs_core::keys::target;
use obs_core::observe::{End, Request};
use tracing::span::EnteredSpan;
use tracing::{Span, field, info_span};

use super::Subscriber;
use crate::entry::{Entered, Entry};

/// Makes a span of each request where the subscriber is composed.
#[derive(Debug)]
pub(crate) struct RequestSpans;

/// The span of one request, open in each poll until the request has ended.
#[derive(Debug)]
struct RequestSpan {
    span: Mutex<Option<Span>>,
    entry: Option<Arc<Entry>>,
}

/// In this order: the span closes in the subscriber it was opened in.
struct Inside {
    _span: Option<EnteredSpan>,
    _entered: Option<Entered>,
}

impl RequestSpan {
    fn span(&self) -> Option<Span> {
        self.span.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Around for RequestSpan {
    fn enter(&self) -> Box<dyn Any> {
        let entered = self.entry.as_ref().map(Entry::enter);
        Box::new(Inside { _span: self.span().map(Span::entered), _entered: entered })
    }
}

impl RequestSpans {
    pub(crate) fn of(subscriber: &Subscriber) -> Option<Self> {
        subscriber.is_composed().then_some(Self)
    }

    /// Opens the request's span around its polls.
    pub(crate) fn open(&self, context: &Context, request: &Request<'_>, entry: Option<&Arc<Entry>>) {
        let make = || {
            info_span!(
                target: target::REQUEST,
                parent: None,
                "request",
                method = request.method.as_str(),
                path = request.path,
                route = field::Empty,
                request_id = context.request_id().map(|id| id.as_str()),
                trace_id = %context.trace_id(),
                status_code = field::Empty,
                outcome = field::Empty,
            )
        };
        // Inside of the context, so that the layer of traces sees whose span it is.
        let scope = enter_poll(context);
        let entered = entry.map(Entry::enter);
        let span = make();
        // Layers that make something of a span when it is first entered do so here, where it is open.
        span.in_scope(|| ());
        drop(entered);
        drop(scope);
        let around = RequestSpan { span: Mutex::new(Some(span)), entry: entry.cloned() };
        context.local().surround(Arc::new(around));
    }

    /// Says how the request ended. The span closes here unless somebody else holds it.
    pub(crate) fn close(&self, context: &Context, end: &End<'_>) {
        let around = context.local().around().map(|around| &**around as &dyn Any);
        let Some(around) = around.and_then(|around| around.downcast_ref::<RequestSpan>()) else { return };
        let span = around.span.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(span) = span else { return };
        // Other layers may write as the span closes, and a request may end outside of any poll.
        let _entered = around.entry.as_ref().map(Entry::enter);
        if let Some(route) = context.local().route() {
            span.record("route", route.as_str());
        }
        if let Some(status) = end.status {
            span.record("status_code", status);
        }
        span.record("outcome", end.outcome.as_str());
        // Before what was entered is left.
        drop(span);
    }
}
