//! The engine that joins a base, a sampler and a sink; every maker of spans holds one.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use obs_core::context::{Context, Ids, Local, TraceFlags};
use obs_core::observe::Candidate;
use obs_core::{Base, TraceId};

use crate::limits::Limits;
use crate::record::{Kind, Parent, SpanRecord};
use crate::sampler::{Sampler, SamplerError};
use crate::sink::SpanSink;
use crate::span::{Recording, Span};

/// Makes spans and hands on those that are kept. Clones share everything.
#[derive(Clone)]
pub struct Tracer(Arc<Inner>);

struct Inner {
    base: Arc<Base>,
    sampler: Sampler,
    limits: Limits,
    sink: Box<dyn SpanSink>,
}

/// Collects the parts of a [`Tracer`].
#[must_use]
pub struct Builder {
    base: Arc<Base>,
    sampler: Sampler,
    limits: Limits,
    sink: Box<dyn SpanSink>,
}

impl Builder {
    /// What decides; default parent-based, every root recorded.
    pub fn sampler(mut self, sampler: Sampler) -> Self {
        self.sampler = sampler;
        self
    }

    /// How much one span keeps; default [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits.granted();
        self
    }

    /// Where spans go; default nowhere.
    pub fn sink(mut self, sink: impl SpanSink + 'static) -> Self {
        self.sink = Box::new(sink);
        self
    }

    /// The tracer.
    pub fn build(self) -> Tracer {
        let Self { base, sampler, limits, sink } = self;
        Tracer(Arc::new(Inner { base, sampler, limits, sink }))
    }
}

impl Tracer {
    /// Begins a tracer on the ids and the clock of `base`.
    pub fn builder(base: Arc<Base>) -> Builder {
        Builder { base, sampler: Sampler::default(), limits: Limits::default(), sink: Box::new(()) }
    }

    /// What it is built on.
    pub fn base(&self) -> &Arc<Base> {
        &self.0.base
    }

    /// How much one span keeps.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Changes the share of new traces that is recorded, from 0 to 1, while running: see [`Sampler::set_ratio`].
    ///
    /// # Errors
    /// [`SamplerError::BadRatio`] outside of 0 to 1, [`SamplerError::NoRatio`] where the sampler is `always_on` or
    /// `always_off`. The old share then stays.
    pub fn set_ratio(&self, share: f64) -> Result<(), SamplerError> {
        self.0.sampler.set_ratio(share)
    }

    /// The head decision for a request.
    pub fn sample(&self, candidate: &Candidate<'_>) -> bool {
        self.0.sampler.decide(candidate, &self.0.base.clock)
    }

    /// Begins a span under `parent`, in its trace and with its decision; without a parent a new trace begins and the
    /// sampler decides. A span that is not sampled is ids only: it costs no clock reading and keeps nothing.
    ///
    /// The span is in no scope yet: push its [`Span::context`] for as long as its code runs.
    pub fn start(&self, parent: Option<&Context>, name: impl Into<Cow<'static, str>>, kind: Kind) -> Span {
        let Inner { base, limits, .. } = &*self.0;
        let (context, parent) = match parent {
            Some(parent) => {
                let above = Parent { span_id: parent.span_id(), remote: false };
                (parent.child(base.ids.span_id()), Some(above))
            }
            None => (self.root(base.ids.trace_id()), None),
        };
        if !context.is_sampled() {
            return Span::unsampled(context);
        }
        Span::recording(context, Recording::begin(parent, name.into(), kind, limits, base))
    }

    fn root(&self, trace_id: TraceId) -> Context {
        let sampled = self.sample(&Candidate::new(trace_id, None));
        let flags = TraceFlags::default().random().sampled(sampled);
        Context::root(
            Ids { trace_id, span_id: self.0.base.ids.span_id(), flags },
            Local::task().judged_by(&self.0.base.redaction),
        )
    }

    /// Ends a span and hands it to the sink if it is recorded. A span that is dropped instead is lost.
    pub fn end(&self, span: Span) {
        span.finish(&self.0.base.clock, &*self.0.sink);
    }

    /// Hands a finished span that was made elsewhere to the sink.
    pub fn export(&self, span: &SpanRecord<'_>) {
        self.0.sink.export(span);
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracer").field("sampler", &self.0.sampler).finish_non_exhaustive()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("sampler", &self.sampler).finish_non_exhaustive()
    }
}
