//! The tracer provider of OpenTelemetry's API, and how a new span finds its place.

use std::fmt;
use std::sync::Arc;

use ::opentelemetry::baggage::BaggageExt;
use ::opentelemetry::trace::{SpanBuilder, SpanContext, TraceContextExt, TracerProvider};
use ::opentelemetry::{Context as TheirContext, InstrumentationScope, KeyValue, trace};
use obs_core::context::{self, Context, Ids, Local};
use obs_core::fields::Value;
use obs_core::keys::{attribute, target};
use obs_core::observe::Candidate;
use obs_core::propagate::{Baggage, Remote};

use super::convert;
use super::observer::{made, opened_by};
use super::span::ProvidedSpan;
use crate::record::{Kind, Parent};
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
    /// A span that is named, of this process.
    Named(Context),
    /// A span of another process.
    Remote(Context),
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
            Some(open) if open.trace_id() == ids.trace_id && !parent.is_remote() => {
                Above::Named(open.with_ids(ids))
            }
            // Of the request or job that the context was made in.
            _ => match opened_by(named).filter(|_| !parent.is_remote()) {
                Some(opened) => Above::Named(opened),
                None => self.named_elsewhere(named, parent, ids),
            },
        }
    }

    fn named_elsewhere(&self, named: &TheirContext, parent: &SpanContext, ids: Ids) -> Above {
        let local = Local::task()
            .judged_by(&self.tracer.base().redaction)
            .stating(convert::trace_state(parent))
            .carrying(baggage(named));
        if !parent.is_remote() {
            return Above::Named(Context::root(ids, local));
        }
        // As a caller's: how many of them are believed is the sampler's to say.
        let sampled = self.tracer.sample(&Candidate::new(ids.trace_id, Some(&Remote::new(ids))));
        let root = Context::root(Ids { flags: ids.flags.sampled(sampled), ..ids }, local);
        self.tracer.begin(&root);
        Above::Remote(root)
    }

    fn start(&self, builder: &SpanBuilder, kind: Kind, named: &TheirContext) -> Span {
        let name = builder.name.clone();
        match self.above(named) {
            Above::Nothing => self.tracer.start(None, name, kind),
            Above::Open(parent) | Above::Named(parent) => self.tracer.start(Some(&parent), name, kind),
            Above::Remote(parent) => {
                let mut span = self.tracer.start(Some(&parent), name, kind);
                span.put_under(Parent { span_id: parent.span_id(), remote: true });
                span
            }
        }
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
        made(span.context());
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
            let (key, given) = convert::pair(pair);
            span.give(key, given);
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
    let state = context.trace_state().header();
    let trace_state = Some(state.as_str()).filter(|state| !state.is_empty());
    let pointed = Pointed { ids, remote: context.is_remote(), trace_state };
    span.point_at(pointed, attributes.iter().map(convert::pair));
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
