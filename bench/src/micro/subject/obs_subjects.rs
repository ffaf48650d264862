//! obs, part by part: its layers on a registry and its recorder behind the facade, as its umbrella installs them.

use super::Subject;
use crate::workload::{self, BUCKETS, expect, sum};
use obs_core::fields::Value;
use obs_core::keys::Metric;
use obs_core::meter::Meter;
use obs_core::{Base, Resource, context, keys};
use obs_logs::{Logs, LogsGuard, Output};
use obs_metrics::{Format, Recorder};
use obs_trace::layer::TraceLayer;
use obs_trace::{Kind, Sampler, SpanRecord, SpanSink, Tracer};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tracing::{Dispatch, dispatcher};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer, Registry};

fn base() -> Arc<Base> {
    Base::new(Resource::new("micro"))
}

/// The umbrella's form: boxed layers in a list on the registry, though it has those of logs and traces both.
fn subscriber(layer: impl Layer<Registry> + Send + Sync) -> Dispatch {
    Dispatch::new(tracing_subscriber::registry().with(vec![layer.boxed()]))
}

fn install(layer: impl Layer<Registry> + Send + Sync) {
    dispatcher::set_global_default(subscriber(layer)).expect("one subscriber in this process");
}

fn logs(base: &Arc<Base>, output: Output) -> (Logs, LogsGuard) {
    Logs::builder(Arc::clone(base)).output(output).build().expect("outputs without a file or thread")
}

/// What the discarding output says of itself.
struct Lines(u64);

impl Meter for Lines {
    fn counter(&mut self, metric: &'static Metric, labels: &[&str], value: u64) {
        if std::ptr::eq(metric, &raw const keys::metric::PIPELINE_DELIVERED) && labels == ["logs_discard"] {
            self.0 += value;
        }
    }

    fn gauge(&mut self, _: &'static Metric, _: &[&str], _: f64) {}
}

fn log_subject(run: fn(u64), evidence: &'static [&'static str]) -> Subject {
    let base = base();
    let (installed, guard) = logs(&base, Output::discard());
    install(installed.layer());
    Subject::new(run, move |total| {
        let _alive = &guard;
        let mut lines = Lines(0);
        base.sources.collect(&mut lines);
        expect("lines", lines.0, total)?;
        // One more, kept this time, to see that a line has all that it should.
        let memory = obs_logs::Memory::new();
        let (kept, _guard) = logs(&base, Output::memory(&memory));
        dispatcher::with_default(&subscriber(kept.layer()), || run(1));
        let line = memory.lines().concat();
        let missing = evidence.iter().find(|part| !line.contains(**part));
        missing.map_or(Ok(()), |part| Err(format!("no {part} in {line}")))
    })
}

/// One event with ten fields.
pub(crate) fn log_line() -> Subject {
    log_subject(
        |count| (0..count).for_each(workload::log_line),
        &["request handled", r#""method":"GET""#, r#""latency_us":0"#, r#""region":"eu-west-1""#],
    )
}

/// The same inside three open spans.
pub(crate) fn log_in_spans() -> Subject {
    log_subject(
        |count| workload::in_three_spans(|| (0..count).for_each(workload::log_line)),
        &[
            "request handled",
            r#""region":"eu-west-1""#,
            r#""shard":7"#,
            r#""role":"admin""#,
            r#""tenant":"acme""#,
        ],
    )
}

static SPANS: AtomicU64 = AtomicU64::new(0);

/// Counts the spans it discards that have so many attributes; one thread ends them, so plain loads and stores do.
struct Discard(usize);

impl SpanSink for Discard {
    fn export(&self, span: &SpanRecord<'_>) {
        let whole = span.kind == Kind::Server && span.attributes.iter().count() == self.0;
        SPANS.store(SPANS.load(Relaxed) + u64::from(whole), Relaxed);
    }
}

fn tracer(sampler: Sampler, attributes: usize) -> Tracer {
    Tracer::builder(base()).sampler(sampler.parent_based()).sink(Discard(attributes)).build()
}

fn spans(sampler: Sampler, spans_of: fn(u64) -> u64) -> Subject {
    // The five, and where the span is in the code and its level.
    install(TraceLayer::new(&tracer(sampler, 7)));
    Subject::new(
        |count| (0..count).for_each(workload::root_span),
        move |total| {
            expect("spans", SPANS.load(Relaxed), spans_of(total))?;
            // Also a span that leaves nothing behind must have ids while it is open.
            let open = tracing::info_span!(parent: None, "open").in_scope(context::current_ids);
            let open = open.ok_or("no ids in an open span")?;
            expect("sampled", u64::from(open.flags.is_sampled()), spans_of(1))
        },
    )
}

/// A root span through the `tracing` macros that is sampled.
pub(crate) fn root_span() -> Subject {
    spans(Sampler::always_on(), |total| total)
}

/// A root span through the `tracing` macros that is not.
pub(crate) fn root_span_unsampled() -> Subject {
    spans(Sampler::always_off(), |_| 0)
}

/// The same span by the engine, without `tracing`: begun, described, open while its work runs, ended.
fn native(tracer: &Tracer, turn: u64) {
    let mut span = tracer.start(None, "request", Kind::Server);
    span.set("http.request.method", Value::Str("GET"));
    span.set("http.route", Value::Str("/users/{id}"));
    span.set("http.response.status_code", Value::U64(200));
    span.set("user_id", Value::U64(turn));
    span.set("url.path", Value::Str("/users/42"));
    context::push(span.context().clone());
    black_box(turn);
    context::leave(span.context().span_id());
    tracer.end(span);
}

fn native_spans(sampler: Sampler, spans_of: fn(u64) -> u64) -> Subject {
    let tracer = tracer(sampler, 5);
    Subject::new(
        move |count| (0..count).for_each(|turn| native(&tracer, turn)),
        move |total| expect("spans", SPANS.load(Relaxed), spans_of(total)),
    )
}

/// A root span by the engine that is sampled.
pub(crate) fn root_span_native() -> Subject {
    native_spans(Sampler::always_on(), |total| total)
}

/// A root span by the engine that is not.
pub(crate) fn root_span_native_unsampled() -> Subject {
    native_spans(Sampler::always_off(), |_| 0)
}

/// The recorder behind the facade. Its cap of series is raised, or the scrape would be of one overflow series.
fn recorder() -> Recorder {
    let recorder = Recorder::builder(base())
        .default_buckets(BUCKETS)
        .series_cap(2 * workload::SCRAPE_COUNTERS)
        .build()
        .expect("bounds that ascend");
    metrics::set_global_recorder(recorder.clone()).expect("one recorder in this process");
    recorder
}

fn rendered(recorder: &Recorder) -> String {
    String::from_utf8(recorder.render(Format::Text)).expect("an exposition is UTF-8")
}

/// A counter whose handle is kept.
pub(crate) fn counter_cached() -> Subject {
    let (recorder, counter) = (recorder(), workload::facade_counter());
    Subject::new(
        move |count| (0..count).for_each(|_| black_box(&counter).increment(1)),
        move |total| expect("counted", sum(&rendered(&recorder), "requests_total"), total),
    )
}

/// A counter found by labels that are only known at run time.
pub(crate) fn counter_dynamic() -> Subject {
    let (recorder, routes) = (recorder(), workload::routes());
    Subject::new(
        move |count| {
            for turn in 0..count as usize {
                workload::facade_count(&routes[turn % routes.len()]);
            }
        },
        move |total| expect("counted", sum(&rendered(&recorder), "requests_total"), total),
    )
}

/// A histogram whose handle is kept; exemplars are on, and no span is open.
pub(crate) fn histogram_cached() -> Subject {
    let (recorder, histogram) = (recorder(), workload::facade_histogram());
    Subject::new(
        move |count| (0..count).for_each(|turn| black_box(&histogram).record(workload::observation(turn))),
        move |total| expect("observed", sum(&rendered(&recorder), "duration_seconds_count"), total),
    )
}

/// The whole exposition, with the recorder's own few numbers on top.
pub(crate) fn scrape() -> Subject {
    let recorder = recorder();
    workload::facade_scrape();
    let checked = recorder.clone();
    Subject::new(
        move |count| (0..count).for_each(|_| drop(black_box(recorder.render(Format::Text)))),
        move |_| {
            let text = rendered(&checked);
            let asked_for: Vec<_> = text.lines().filter(|line| !line.starts_with("obs_")).collect();
            workload::check_scrape(&asked_for.join("\n"))
        },
    )
}
