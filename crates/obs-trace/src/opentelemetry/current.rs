//! What is open here, as OpenTelemetry's context.

use ::opentelemetry::baggage::BaggageExt;
use ::opentelemetry::trace::TraceContextExt;
use ::opentelemetry::{Context as TheirContext, KeyValue};
use obs_core::context;

use super::convert;

/// The current context of OpenTelemetry with the innermost span that is open on this thread as its span, and the
/// baggage of its request where the context has none: what OpenTelemetry's propagators write onto calls.
///
/// Attached, it is what code looks at that asks OpenTelemetry for the active span: it can be read and handed on, but
/// what is recorded on it goes nowhere, because it stands for a span that others record.
///
/// ```
/// use opentelemetry::trace::FutureExt;
///
/// # async fn call_a_library_that_injects() {}
/// # let work =
/// call_a_library_that_injects().with_context(obs_trace::opentelemetry::current());
/// # drop(work);
/// ```
pub fn current() -> TheirContext {
    let theirs = TheirContext::current();
    let Some(open) = context::current() else { return theirs };
    let ours = convert::span_context(&open);
    let is_same = theirs.has_active_span() && theirs.span().span_context().span_id() == ours.span_id();
    let found = if is_same { theirs } else { theirs.with_remote_span_context(ours) };
    if !found.baggage().is_empty() {
        return found;
    }
    let pairs = open.local().with_baggage(|baggage| {
        let pair = |(key, value): (&str, std::borrow::Cow<'_, str>)| {
            KeyValue::new(key.to_owned(), value.into_owned())
        };
        baggage.iter().map(pair).collect::<Vec<_>>()
    });
    match pairs {
        Some(pairs) if !pairs.is_empty() => found.with_baggage(pairs),
        _ => found,
    }
}
