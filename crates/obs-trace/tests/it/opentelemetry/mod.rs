//! Spans of OpenTelemetry's API: where they stand, what they say, and what is current meanwhile.

mod attached;
mod current;
mod places;
mod said;

use std::sync::Arc;

use obs_core::context::{self, Context};
use obs_core::redact::Rules;
use obs_core::{Base, Clock, IdSource, Resource, SpanId, Timestamp};
use obs_trace::layer::TraceLayer;
use obs_trace::opentelemetry::{Provider, ScopeTracer, observe_judging_by};
use obs_trace::sink::{FinishedSpan, Memory};
use obs_trace::{Limits, Sampler, SpanSink, Tracer};
use opentelemetry::trace::{SpanContext, TracerProvider as _};
use tracing_subscriber::layer::SubscriberExt;

pub(super) const START: Timestamp = Timestamp::from_unix_nanos(1_700_000_000_000_000_000);

pub(super) struct Setup {
    pub(super) base: Arc<Base>,
    pub(super) memory: Memory,
    pub(super) theirs: ScopeTracer,
    dispatch: tracing::Dispatch,
}

pub(super) fn provided(
    sampler: Sampler,
    limits: Limits,
    sink: impl SpanSink + 'static,
) -> (Arc<Base>, Tracer) {
    // Spans that are open are known in all of the process: those of other tests are to have other ids.
    let base = Base::with(Resource::new("orders"), Clock::manual(START), IdSource::random());
    let tracer = Tracer::builder(Arc::clone(&base)).sampler(sampler).limits(limits).sink(sink).build();
    (base, tracer)
}

pub(super) fn setup(sampler: Sampler) -> Setup {
    observe_judging_by(&Rules::new().secret_key("seat"));
    let memory = Memory::new();
    let (base, tracer) = provided(sampler, Limits::default(), memory.clone());
    let subscriber = tracing_subscriber::registry().with(TraceLayer::new(&tracer));
    let theirs = Provider::new(&tracer).tracer("a library");
    Setup { base, memory, theirs, dispatch: tracing::Dispatch::new(subscriber) }
}

impl Setup {
    /// Runs `work` under the layer and returns what was recorded, in the order it ended.
    pub(super) fn record(&self, work: impl FnOnce()) -> Vec<FinishedSpan> {
        tracing::dispatcher::with_default(&self.dispatch, work);
        assert!(context::current().is_none(), "nothing is left on the scope");
        self.memory.take()
    }

    pub(super) fn in_request(&self, sampled: bool, work: impl FnOnce(&Context)) -> Vec<FinishedSpan> {
        let request = super::layer::request(&self.base, sampled);
        self.record(|| {
            let _poll = context::enter_poll(&request);
            work(&request);
        })
    }
}

pub(super) fn span_id(context: &SpanContext) -> SpanId {
    SpanId::from_bytes(context.span_id().to_bytes()).unwrap()
}
