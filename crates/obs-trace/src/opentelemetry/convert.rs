//! Ids, times and values of both worlds.

use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

use ::opentelemetry::baggage::BaggageExt;
use ::opentelemetry::trace::{SpanContext, SpanKind, TraceContextExt, TraceState as TheirState};
use ::opentelemetry::{Array, Context as TheirContext, KeyValue, Value as Theirs};
use obs_core::context::{Context, Ids, Local, TraceFlags};
use obs_core::fields::Value;
use obs_core::propagate::{Baggage, TraceState};
use obs_core::redact::Rules;
use obs_core::{SpanId, Timestamp, TraceId};

use crate::record::{Kind, List};
use crate::span::Given;

/// Its ids, where they are valid.
pub(super) fn ids(context: &SpanContext) -> Option<Ids> {
    Some(Ids {
        trace_id: TraceId::from_bytes(context.trace_id().to_bytes())?,
        span_id: SpanId::from_bytes(context.span_id().to_bytes())?,
        flags: TraceFlags::from_byte(context.trace_flags().to_u8()),
    })
}

/// A span that is open here; of another process where nothing is begun under it yet.
pub(super) fn span_context(context: &Context) -> SpanContext {
    let Ids { trace_id, span_id, flags } = context.ids();
    let state = context.local().trace_state().and_then(|state| state.as_str().parse::<TheirState>().ok());
    SpanContext::new(
        trace_id.get().into(),
        span_id.get().into(),
        ::opentelemetry::TraceFlags::new(flags.to_byte()),
        context.is_caller(),
        state.unwrap_or_default(),
    )
}

/// What came along with a trace, where there is something.
pub(super) fn trace_state(context: &SpanContext) -> Option<TraceState> {
    let header = context.trace_state().header();
    if header.is_empty() { None } else { TraceState::parse([header.as_bytes()]) }
}

/// A span that nothing is known of here, with what came along with its trace. One of another process is the caller of what is
/// begun under it.
pub(super) fn elsewhere(named: &TheirContext, ids: Ids, rules: &Rules) -> Context {
    let span = named.span();
    let parent = span.span_context();
    let local = Local::task().judged_by(rules).stating(trace_state(parent)).carrying(baggage(named));
    Context::root(ids, if parent.is_remote() { local.called_by(ids.span_id) } else { local })
}

/// A span under the local root of `open`, whose ids came through the API: that knows of no debug.
pub(super) fn beside(open: &Context, ids: Ids) -> Context {
    let is_debug = open.ids().flags.is_debug() && ids.flags.is_sampled();
    open.with_ids(if is_debug { Ids { flags: ids.flags.debug(), ..ids } } else { ids })
}

fn baggage(named: &TheirContext) -> Option<Baggage> {
    if named.baggage().is_empty() {
        return None;
    }
    let mut baggage = Baggage::default();
    for (key, (value, _)) in named.baggage().iter() {
        // What is no member of ours stays behind.
        let _ = baggage.set(key.as_str(), value.as_str());
    }
    Some(baggage)
}

pub(super) fn kind(kind: &SpanKind) -> Kind {
    match kind {
        SpanKind::Client => Kind::Client,
        SpanKind::Server => Kind::Server,
        SpanKind::Producer => Kind::Producer,
        SpanKind::Consumer => Kind::Consumer,
        SpanKind::Internal => Kind::Internal,
    }
}

/// What is before 1970 is 1970.
pub(super) fn time(time: SystemTime) -> Timestamp {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::default().after(since)
}

/// With a key that is refused where it is too long.
pub(super) fn pair(pair: &KeyValue) -> (Cow<'static, str>, Given<'_>) {
    (Cow::Owned(key(pair).to_owned()), given(&pair.value))
}

/// The key, and of one that is too long no more than shows that.
fn key(pair: &KeyValue) -> &str {
    let key = pair.key.as_str();
    let end = (Local::MAX_KEY + 1..key.len()).find(|end| key.is_char_boundary(*end));
    end.and_then(|end| key.get(..end)).unwrap_or(key)
}

fn given(value: &Theirs) -> Given<'_> {
    match value {
        Theirs::Bool(value) => Given::One(Value::Bool(*value)),
        Theirs::I64(number) => Given::One(Value::I64(*number)),
        Theirs::F64(number) => Given::One(Value::F64(*number)),
        Theirs::String(text) => Given::One(Value::Str(text.as_str())),
        Theirs::Array(array) => match list(array) {
            Some(list) => Given::Several(list),
            None => Given::One(Value::Str("")),
        },
        // A kind that this version of the API does not have yet.
        _ => Given::One(Value::Str("")),
    }
}

fn list(array: &Array) -> Option<List> {
    Some(match array {
        Array::Bool(values) => List::Bool(values.clone()),
        Array::I64(values) => List::I64(values.clone()),
        Array::F64(values) => List::F64(values.clone()),
        Array::String(values) => List::Str(values.iter().map(|text| text.as_str().to_owned()).collect()),
        _ => return None,
    })
}
