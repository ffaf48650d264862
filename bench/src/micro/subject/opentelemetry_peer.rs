//! tracing-opentelemetry over the SDK, with a processor that counts and discards what export would take.

use super::Subject;
use crate::workload::{self, expect};
use bench::core_pin;
use opentelemetry::Context;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, Span, SpanData, SpanProcessor};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

static SPANS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static OF_THIS_THREAD: Cell<u64> = const { Cell::new(0) };
}

fn gather() {
    SPANS.fetch_add(OF_THIS_THREAD.take(), Relaxed);
}

#[derive(Debug)]
struct Discard;

impl SpanProcessor for Discard {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        OF_THIS_THREAD.set(OF_THIS_THREAD.get() + u64::from(span.attributes.len() >= 2));
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

fn subject(sampler: Sampler, run: fn(u64), spans_of: fn(u64) -> u64) -> Subject {
    let root = Sampler::ParentBased(Box::new(sampler));
    let provider = SdkTracerProvider::builder().with_span_processor(Discard).with_sampler(root).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("micro"));
    tracing_subscriber::registry().with(layer).init();
    Subject::new(
        move |count| {
            run(count);
            gather();
        },
        move |total| {
            // The provider ends its processors when dropped; it lives as long as its subject.
            let _alive = &provider;
            expect("spans", SPANS.load(Relaxed), spans_of(total))
        },
    )
}

fn root_spans(count: u64) {
    (0..count).for_each(workload::root_span);
}

fn trees(count: u64) {
    (0..count).for_each(workload::span_tree);
}

/// A root span that is sampled.
pub(crate) fn sampled() -> Subject {
    subject(Sampler::AlwaysOn, root_spans, |total| total)
}

/// A root span that is not.
pub(crate) fn unsampled() -> Subject {
    subject(Sampler::AlwaysOff, root_spans, |_| 0)
}

/// A root span and ten below it that are sampled.
pub(crate) fn tree() -> Subject {
    subject(Sampler::AlwaysOn, trees, |total| total * 11)
}

/// A root span and ten below it that are not.
pub(crate) fn tree_unsampled() -> Subject {
    subject(Sampler::AlwaysOff, trees, |_| 0)
}

/// Root spans by two threads at once.
pub(crate) fn by_two() -> Subject {
    core_pin::release_this_thread();
    let two = |count| {
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(move || {
                    root_spans(count / 2);
                    gather();
                });
            }
        });
    };
    subject(Sampler::AlwaysOn, two, |total| total)
}
