//! What a link leads to: one trace, at one time.

use std::borrow::Cow;

use obs_core::{Context, RequestId, Resource, Timestamp};

/// How long before its making a link looks for what it leads to, and how long after: work may have begun long ago, and
/// lines get to their store late. In milliseconds.
const BEFORE: u64 = 60 * 60 * 1_000;
const AFTER: u64 = 15 * 60 * 1_000;

/// What a link leads to.
#[derive(Clone, Debug, Default)]
pub(super) struct Moment<'a> {
    pub(super) trace_id: u128,
    pub(super) span_id: Option<u64>,
    pub(super) request_id: Option<&'a str>,
    pub(super) service: &'a str,
    pub(super) env: &'a str,
    pub(super) at: Timestamp,
}

/// What may be put into a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    TraceId,
    SpanId,
    RequestId,
    Service,
    Env,
    From,
    To,
    FromMillis,
    ToMillis,
}

impl Place {
    const ALL: [(&'static str, Self); 9] = [
        ("trace_id", Self::TraceId),
        ("span_id", Self::SpanId),
        ("request_id", Self::RequestId),
        ("service", Self::Service),
        ("env", Self::Env),
        ("from", Self::From),
        ("to", Self::To),
        ("from_ms", Self::FromMillis),
        ("to_ms", Self::ToMillis),
    ];

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(name, _)| *name == word).map(|(_, place)| place)
    }
}

/// The words for places, in the order of their page.
pub(crate) fn place_names() -> impl Iterator<Item = &'static str> {
    Place::ALL.into_iter().map(|(name, _)| name)
}

impl<'a> Moment<'a> {
    pub(super) fn of(context: &'a Context, resource: &'a Resource, at: Timestamp) -> Self {
        Self {
            span_id: Some(context.span_id().get()),
            request_id: context.request_id().map(RequestId::as_str),
            ..Self::of_trace(context.trace_id().get(), resource, at)
        }
    }

    pub(super) fn of_trace(trace_id: u128, resource: &'a Resource, at: Timestamp) -> Self {
        let env = resource.env.as_deref().unwrap_or_default();
        Self { trace_id, span_id: None, request_id: None, service: &resource.name, env, at }
    }

    /// Empty where there is none, as the request id of a job.
    pub(super) fn value(&self, place: Place) -> Cow<'a, str> {
        let millis = self.at.unix_nanos() / 1_000_000;
        let (from, to) = (millis.saturating_sub(BEFORE), millis.saturating_add(AFTER));
        match place {
            Place::TraceId => format!("{:032x}", self.trace_id).into(),
            Place::SpanId => self.span_id.map(|id| format!("{id:016x}")).unwrap_or_default().into(),
            Place::RequestId => self.request_id.unwrap_or_default().into(),
            Place::Service => self.service.into(),
            Place::Env => self.env.into(),
            Place::From => at(from).rfc3339().into(),
            Place::To => at(to).rfc3339().into(),
            Place::FromMillis => from.to_string().into(),
            Place::ToMillis => to.to_string().into(),
        }
    }
}

/// The point in time so many milliseconds after the Unix epoch.
fn at(millis: u64) -> Timestamp {
    Timestamp::from_unix_nanos(millis.saturating_mul(1_000_000))
}
