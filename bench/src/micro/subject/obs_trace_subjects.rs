//! obs's spans in trees, without `tracing`, by two threads, and on their way into a queue.

use super::Subject;
use super::obs_subjects::{base, install_spans, install_spans_alone};
use crate::workload::{self, expect};
use bench::core_pin;
use obs_core::context;
use obs_core::fields::Value;
use obs_export::http::Endpoint;
use obs_export::queue;
use obs_trace::otlp::{Otlp, PIPELINE, Settings};
use obs_trace::{Kind, Sampler, SpanRecord, SpanSink, Tracer, encode};
use std::cell::Cell;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Spans below the root of a tree.
const BELOW: u64 = 10;

static SPANS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static OF_THIS_THREAD: Cell<u64> = const { Cell::new(0) };
}

/// Counts where no other thread does.
struct Count;

impl SpanSink for Count {
    fn export(&self, span: &SpanRecord<'_>) {
        black_box(span);
        OF_THIS_THREAD.set(OF_THIS_THREAD.get() + 1);
    }
}

fn gather() {
    SPANS.fetch_add(OF_THIS_THREAD.take(), Relaxed);
}

fn counting(sampler: Sampler) -> Tracer {
    Tracer::builder(base()).sampler(sampler.parent_based()).sink(Count).build()
}

/// Begun, described, open while its work runs, ended.
fn root(tracer: &Tracer, turn: u64, work: impl FnOnce()) {
    let mut span = tracer.start(None, "request", Kind::Server);
    span.set("http.request.method", Value::Str("GET"));
    span.set("http.route", Value::Str("/users/{id}"));
    span.set("http.response.status_code", Value::U64(200));
    span.set("user_id", Value::U64(turn));
    span.set("url.path", Value::Str("/users/42"));
    context::push(span.context().clone());
    work();
    context::leave(span.context().span_id());
    tracer.end(span);
}

/// The same open until it is dropped.
pub(super) fn entered_root(tracer: &Tracer, turn: u64, work: impl FnOnce()) {
    let mut span = tracer.enter("request", Kind::Server);
    span.set("http.request.method", Value::Str("GET"));
    span.set("http.route", Value::Str("/users/{id}"));
    span.set("http.response.status_code", Value::U64(200));
    span.set("user_id", Value::U64(turn));
    span.set("url.path", Value::Str("/users/42"));
    work();
}

fn entered_tree(tracer: &Tracer, turn: u64) {
    entered_root(tracer, turn, || {
        for step in 0..BELOW {
            let mut span = tracer.enter("step", Kind::Internal);
            span.set("step", Value::U64(step));
            span.set("table", Value::Str("orders"));
            black_box(turn);
        }
    });
}

fn tree(tracer: &Tracer, turn: u64) {
    root(tracer, turn, || {
        for step in 0..BELOW {
            let above = context::current();
            let mut span = tracer.start(above.as_ref(), "step", Kind::Internal);
            span.set("step", Value::U64(step));
            span.set("table", Value::Str("orders"));
            context::push(span.context().clone());
            black_box(turn);
            context::leave(span.context().span_id());
            tracer.end(span);
        }
    });
}

fn native_trees(sampler: Sampler, run: fn(&Tracer, u64), spans_of: fn(u64) -> u64) -> Subject {
    let tracer = counting(sampler);
    Subject::new(
        move |count| {
            (0..count).for_each(|turn| run(&tracer, turn));
            gather();
        },
        move |total| expect("spans", SPANS.load(Relaxed), spans_of(total)),
    )
}

/// A tree by the engine that is sampled.
pub(crate) fn tree_native() -> Subject {
    native_trees(Sampler::always_on(), tree, |total| total * (BELOW + 1))
}

/// The same of spans that are open until they are dropped.
pub(crate) fn tree_entered() -> Subject {
    native_trees(Sampler::always_on(), entered_tree, |total| total * (BELOW + 1))
}

/// A tree by the engine that is not.
pub(crate) fn tree_native_unsampled() -> Subject {
    native_trees(Sampler::always_off(), tree, |_| 0)
}

/// The same of spans that are open until they are dropped.
pub(crate) fn tree_entered_unsampled() -> Subject {
    native_trees(Sampler::always_off(), entered_tree, |_| 0)
}

/// A tree through the `tracing` macros that is not sampled.
pub(crate) fn tree_unsampled() -> Subject {
    let alive = install_spans(&counting(Sampler::always_off()));
    Subject::new(
        |count| (0..count).for_each(workload::span_tree),
        move |_| {
            let _alive = &alive;
            expect("spans", SPANS.load(Relaxed), 0)
        },
    )
}

/// Spans through the `tracing` macros in the subscriber of both signals, with traces alone.
fn alone(sampler: Sampler, run: fn(u64), spans_of: fn(u64) -> u64) -> Subject {
    install_spans_alone(&counting(sampler));
    Subject::new(
        move |count| {
            (0..count).for_each(run);
            gather();
        },
        move |total| expect("spans", SPANS.load(Relaxed), spans_of(total)),
    )
}

/// A root span that is sampled.
pub(crate) fn root_alone() -> Subject {
    alone(Sampler::always_on(), workload::root_span, |total| total)
}

/// A root span that is not.
pub(crate) fn root_alone_unsampled() -> Subject {
    alone(Sampler::always_off(), workload::root_span, |_| 0)
}

/// A tree that is sampled.
pub(crate) fn tree_alone() -> Subject {
    alone(Sampler::always_on(), workload::span_tree, |total| total * (BELOW + 1))
}

/// A tree that is not.
pub(crate) fn tree_alone_unsampled() -> Subject {
    alone(Sampler::always_off(), workload::span_tree, |_| 0)
}

/// Root spans through the `tracing` macros by two threads at once.
pub(crate) fn root_by_two() -> Subject {
    core_pin::release_this_thread();
    let alive = install_spans(&counting(Sampler::always_on()));
    Subject::new(
        |count| {
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(move || {
                        (0..count / 2).for_each(workload::root_span);
                        gather();
                    });
                }
            });
        },
        move |total| {
            let _alive = &alive;
            expect("spans", SPANS.load(Relaxed), total)
        },
    )
}

/// Writes each span as OTLP, and nothing else.
struct Encode;

thread_local! {
    static BYTES: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl SpanSink for Encode {
    fn export(&self, span: &SpanRecord<'_>) {
        let mut bytes = BYTES.take();
        bytes.clear();
        let is_whole = encode::span(&mut bytes, span) && black_box(&bytes).len() > 100;
        BYTES.set(bytes);
        OF_THIS_THREAD.set(OF_THIS_THREAD.get() + u64::from(is_whole));
    }
}

/// A root span by the engine, and its encoding.
pub(crate) fn root_encoded() -> Subject {
    let tracer = Tracer::builder(base()).sampler(Sampler::always_on()).sink(Encode).build();
    Subject::new(
        move |count| {
            (0..count).for_each(|turn| root(&tracer, turn, || ()));
            gather();
        },
        move |total| expect("spans", SPANS.load(Relaxed), total),
    )
}

/// A root span by the engine into a queue that has been full since its collector went away: nearly every span is dropped, and
/// all of them are counted.
pub(crate) fn root_into_full_queue() -> Subject {
    let base = base();
    // Nobody listens on the discard port.
    let endpoint = Endpoint::parse("http://127.0.0.1:9/v1/traces").expect("a URL");
    let queue = queue::Settings::new(PIPELINE).capacity_bytes(64 * 1024);
    let (otlp, worker) = Otlp::spawn(&base, endpoint, Settings::new().queue(queue)).expect("a thread");
    let books = otlp.queue().clone();
    let tracer = Tracer::builder(Arc::clone(&base)).sampler(Sampler::always_on()).sink(otlp).build();
    Subject::new(
        move |count| (0..count).for_each(|turn| root(&tracer, turn, || ())),
        move |total| {
            let _alive = &worker;
            let counts = books.counts();
            expect("lost or waiting", counts.dropped() + counts.pending, total)?;
            if counts.dropped() * 2 > total { Ok(()) } else { Err(format!("{counts:?} of {total}")) }
        },
    )
}
