//! tracing-opentelemetry over the SDK, with a processor that counts and discards what export would take.

use super::Subject;
use crate::workload::{self, expect};
use opentelemetry::Context;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, Span, SpanData, SpanProcessor};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

static SPANS: AtomicU64 = AtomicU64::new(0);

#[derive(Debug)]
struct Discard;

impl SpanProcessor for Discard {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        SPANS.store(SPANS.load(Relaxed) + u64::from(span.attributes.len() >= 5), Relaxed);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

fn subject(sampler: Sampler, spans_of: fn(u64) -> u64) -> Subject {
    let root = Sampler::ParentBased(Box::new(sampler));
    let provider = SdkTracerProvider::builder().with_span_processor(Discard).with_sampler(root).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("micro"));
    tracing_subscriber::registry().with(layer).init();
    Subject::new(
        |count| (0..count).for_each(workload::root_span),
        move |total| {
            // The provider ends its processors when dropped; it lives as long as its subject.
            let _alive = &provider;
            expect("spans", SPANS.load(Relaxed), spans_of(total))
        },
    )
}

/// A root span that is sampled.
pub(crate) fn sampled() -> Subject {
    subject(Sampler::AlwaysOn, |total| total)
}

/// A root span that is not.
pub(crate) fn unsampled() -> Subject {
    subject(Sampler::AlwaysOff, |_| 0)
}
