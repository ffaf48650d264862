//! The tracer provider of OpenTelemetry's API, and how a new span finds its place.

use std::fmt;
use std::sync::Arc;

use ::opentelemetry::trace::{SpanBuilder, SpanContext, TraceContextExt, TracerProvider};
use ::opentelemetry::{Context as TheirContext, InstrumentationScope, KeyValue, trace};
use obs_core::context::{self, Context, Ids, Local};
use obs_core::fields::Value;
use obs_core::keys::{attribute, target};
use obs_core::propagate::TraceState;

use super::observer::opened_by;
use super::span::ProvidedSpan;
use super::{convert, made};
use crate::record::Kind;
use crate::span::{Pointed, Span};
use crate::tracer::Tracer;

/// What the span of a request is called among those of `tracing`.
const REQUEST: &str = "request";

/// Makes tracers whose spans go where those of a [`Tracer`] go.
#[derive(Clone)]
pub struct Provider {
    tracer: Tracer,
}

/// The tracer of one scope, such as a library; made by [`Provider`].
#[derive(Clone)]
pub struct ScopeTracer {
    tracer: Tracer,
    scope: Arc<InstrumentationScope>,
}

impl Provider {
    /// On the sampler, the limits and the sink of `tracer`.
    pub fn new(tracer: &Tracer) -> Self {
        Self { tracer: tracer.clone() }
    }
}

impl TracerProvider for Provider {
    type Tracer = ScopeTracer;

    fn tracer_with_scope(&self, scope: InstrumentationScope) -> ScopeTracer {
        ScopeTracer { tracer: self.tracer.clone(), scope: Arc::new(scope) }
    }
}

/// What a new span stands under.
enum Above {
    /// Nothing: it begins a trace.
    Nothing,
    /// What is open on this thread.
    Open(Context),
    /// A span that is named.
    Named(Context),
}

impl ScopeTracer {
    fn above(&self, named: &TheirContext) -> Above {
        let open = context::current();
        let span = named.span();
        let parent = span.span_context();
        let Some(ids) = convert::ids(parent) else { return open.map_or(Above::Nothing, Above::Open) };
        match open {
            // It was opened inside of what is current for OpenTelemetry, or is that.
            Some(open)
                if open.span_id() == ids.span_id
                    || is_current(parent) && context::is_open_span(ids.span_id) =>
            {
                Above::Open(open)
            }
            _ if parent.is_remote() => Above::Named(self.elsewhere(named, ids)),
            open => {
                // Of the request or job that the span or its context was made in.
                let known = made::find(ids).or_else(|| opened_by(named));
                let beside = || open.filter(|open| open.trace_id() == ids.trace_id);
                let known = known.or_else(|| beside().map(|open| convert::beside(&open, ids)));
                Above::Named(known.unwrap_or_else(|| self.elsewhere(named, ids)))
            }
        }
    }

    fn elsewhere(&self, named: &TheirContext, ids: Ids) -> Context {
        convert::elsewhere(named, ids, &self.tracer.base().redaction)
    }

    fn start(&self, builder: &SpanBuilder, kind: Kind, named: &TheirContext) -> Span {
        let parent = match self.above(named) {
            Above::Nothing => None,
            Above::Open(parent) | Above::Named(parent) => Some(parent),
        };
        self.tracer.start(parent.as_ref(), builder.name.clone(), kind)
    }
}

/// The request that is open here, where it is what a layer of others makes a span of: it has one already.
fn request(builder: &SpanBuilder) -> Option<Context> {
    if builder.name != REQUEST {
        return None;
    }
    let mut attributes = builder.attributes.iter().flatten();
    let is_target =
        |pair: &KeyValue| pair.key.as_str() == attribute::TARGET && pair.value.as_str() == target::REQUEST;
    attributes.any(is_target).then(context::current).flatten()
}

/// Whether it is the span that is current for OpenTelemetry.
fn is_current(parent: &SpanContext) -> bool {
    TheirContext::map_current(|current| {
        current.has_active_span() && current.span().span_context().span_id() == parent.span_id()
    })
}

impl trace::Tracer for ScopeTracer {
    type Span = ProvidedSpan;

    fn build_with_context(&self, builder: SpanBuilder, named: &TheirContext) -> ProvidedSpan {
        if named.is_telemetry_suppressed() || context::is_silenced() {
            return ProvidedSpan::nowhere(&self.tracer);
        }
        if let Some(request) = request(&builder) {
            return ProvidedSpan::of(&self.tracer, &request);
        }
        let kind = builder.span_kind.as_ref().map_or(Kind::Internal, convert::kind);
        let is_dated = builder.start_time.is_some();
        let mut span = self.start(&builder, kind, named);
        made::begun(span.context());
        if span.is_recording() {
            self.describe(&mut span, builder);
        }
        ProvidedSpan::new(&self.tracer, span, is_dated)
    }
}

impl ScopeTracer {
    fn describe(&self, span: &mut Span, builder: SpanBuilder) {
        let SpanBuilder { start_time, attributes, events, links, .. } = builder;
        if let Some(start) = start_time {
            span.begin_at(convert::time(start));
        }
        if !self.scope.name().is_empty() {
            span.set(attribute::SCOPE_NAME, Value::Str(self.scope.name()));
        }
        if let Some(version) = self.scope.version() {
            span.set(attribute::SCOPE_VERSION, Value::Str(version));
        }
        for pair in attributes.iter().flatten() {
            give(span, pair);
        }
        for event in events.iter().flatten() {
            let given = event.attributes.iter().map(convert::pair);
            span.add_event(&event.name, convert::time(event.timestamp), given);
        }
        for link in links.iter().flatten() {
            point_at(span, &link.span_context, &link.attributes);
        }
    }
}

/// A link to what is valid.
pub(super) fn point_at(span: &mut Span, context: &SpanContext, attributes: &[::opentelemetry::KeyValue]) {
    let Some(ids) = convert::ids(context) else { return };
    let state = convert::trace_state(context);
    let trace_state = state.as_ref().map(TraceState::as_str);
    let pointed = Pointed { ids, remote: context.is_remote(), trace_state };
    span.point_at(pointed, attributes.iter().map(convert::pair));
}

/// An attribute, or counts it where its key is too long.
pub(super) fn give(span: &mut Span, pair: &KeyValue) {
    let (key, given) = convert::pair(pair);
    if key.len() > Local::MAX_KEY { span.drop_attribute() } else { span.give(key, given) }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("tracer", &self.tracer).finish()
    }
}

impl fmt::Debug for ScopeTracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopeTracer").field("scope", &self.scope.name()).finish_non_exhaustive()
    }
}
