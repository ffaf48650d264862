//! obs's subscriber, or its layers on a registry where other layers are wanted beside them, as its umbrella installs them.

use super::Subject;
use super::obs_trace_subjects::entered_root;
use crate::workload::{self, expect};
use obs_core::fields::Value;
use obs_core::keys::Metric;
use obs_core::meter::Meter;
use obs_core::{Base, Resource, context, keys};
use obs_logs::{Logs, LogsGuard, Output};
use obs_trace::layer::TraceLayer;
use obs_trace::{Kind, Sampler, SpanRecord, SpanSink, Tracer};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tracing::{Dispatch, dispatcher};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;

pub(super) fn base() -> Arc<Base> {
    Base::new(Resource::new("micro"))
}

/// How the umbrella joins logs and traces.
#[derive(Clone, Copy)]
enum Form {
    /// In one subscriber.
    Fused,
    /// As boxed layers in a list on the registry.
    Composed,
}

fn subscriber(form: Form, logs: &Logs, tracer: &Tracer) -> Dispatch {
    let info: Targets = "info".parse().expect("a level");
    match form {
        Form::Fused => Dispatch::new(obs::Fused::new().logs(logs).traces(tracer, info)),
        Form::Composed => {
            let traces = TraceLayer::new(tracer).with_filter(info).boxed();
            Dispatch::new(tracing_subscriber::registry().with(vec![traces, logs.layer().boxed()]))
        }
    }
}

fn install(form: Form, logs: &Logs, tracer: &Tracer) {
    dispatcher::set_global_default(subscriber(form, logs, tracer)).expect("one subscriber in this process");
}

/// Spans as the umbrella installs them, beside lines that are discarded; to be kept as long as spans are made.
pub(super) fn install_spans(tracer: &Tracer) -> LogsGuard {
    let (logs, guard) = logs(&base(), Output::discard());
    install(Form::Fused, &logs, tracer);
    guard
}

/// Spans in the same subscriber without lines.
pub(super) fn install_spans_alone(tracer: &Tracer) {
    let info: Targets = "info".parse().expect("a level");
    let spans = Dispatch::new(obs::Fused::new().traces(tracer, info));
    dispatcher::set_global_default(spans).expect("one subscriber in this process");
}

/// Lines alone, in the subscriber of both signals.
pub(super) fn no_spans(logs: &Logs) -> Dispatch {
    Dispatch::new(obs::Fused::new().logs(logs))
}

pub(super) fn logs(base: &Arc<Base>, output: Output) -> (Logs, LogsGuard) {
    Logs::builder(Arc::clone(base)).output(output).build().expect("outputs without a file or thread")
}

/// What an output says of itself.
pub(super) struct Lines(&'static str, u64);

impl Lines {
    /// The lines that this output has delivered.
    pub(super) fn of(base: &Base, output: &'static str) -> u64 {
        let mut lines = Self(output, 0);
        base.sources.collect(&mut lines);
        lines.1
    }
}

impl Meter for Lines {
    fn counter(&mut self, metric: &'static Metric, labels: &[&str], value: u64) {
        if std::ptr::eq(metric, &raw const keys::metric::PIPELINE_DELIVERED) && labels == [self.0] {
            self.1 += value;
        }
    }

    fn gauge(&mut self, _: &'static Metric, _: &[&str], _: f64) {}
}

/// Both signals are on; what is not sampled is no span's event, so that the line is all there is.
fn log_subject(form: Form, run: fn(u64), evidence: &'static [&'static str]) -> Subject {
    let base = base();
    let (installed, guard) = logs(&base, Output::discard());
    let tracer = tracer(Sampler::always_off(), 7);
    install(form, &installed, &tracer);
    Subject::new(run, move |total| {
        let _alive = &guard;
        expect("lines", Lines::of(&base, "logs_discard"), total)?;
        // One more, kept this time, to see that a line has all that it should.
        let memory = obs_logs::Memory::new();
        let (kept, _guard) = logs(&base, Output::memory(&memory));
        dispatcher::with_default(&subscriber(form, &kept, &tracer), || run(1));
        let line = memory.lines().concat();
        workload::note_line(line.len() + 1);
        let missing = evidence.iter().find(|part| !line.contains(**part));
        missing.map_or(Ok(()), |part| Err(format!("no {part} in {line}")))
    })
}

/// One event with ten fields.
pub(crate) fn log_line() -> Subject {
    log_subject(
        Form::Fused,
        |count| (0..count).for_each(workload::log_line),
        &["request handled", r#""method":"GET""#, r#""latency_us":0"#, r#""region":"eu-west-1""#],
    )
}

/// The same inside three open spans.
pub(crate) fn log_in_spans() -> Subject {
    log_in_spans_of(Form::Fused)
}

/// The same on a registry.
pub(crate) fn log_in_spans_composed() -> Subject {
    log_in_spans_of(Form::Composed)
}

fn log_in_spans_of(form: Form) -> Subject {
    log_subject(
        form,
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

fn spans(form: Form, sampler: Sampler, run: fn(u64), spans_of: fn(u64) -> u64) -> Subject {
    let (logs, guard) = logs(&base(), Output::discard());
    // The five, and where the span is in the code and its level.
    install(form, &logs, &tracer(sampler, 7));
    Subject::new(
        move |count| (0..count).for_each(run),
        move |total| {
            let _alive = &guard;
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
    spans(Form::Fused, Sampler::always_on(), workload::root_span, |total| total)
}

/// The same on a registry.
pub(crate) fn root_span_composed() -> Subject {
    spans(Form::Composed, Sampler::always_on(), workload::root_span, |total| total)
}

/// A root span with ten below it through the `tracing` macros.
pub(crate) fn span_tree() -> Subject {
    spans(Form::Fused, Sampler::always_on(), workload::span_tree, |total| total)
}

/// The same on a registry.
pub(crate) fn span_tree_composed() -> Subject {
    spans(Form::Composed, Sampler::always_on(), workload::span_tree, |total| total)
}

/// A root span through the `tracing` macros that is not.
pub(crate) fn root_span_unsampled() -> Subject {
    spans(Form::Fused, Sampler::always_off(), workload::root_span, |_| 0)
}

/// The same on a registry.
pub(crate) fn root_span_unsampled_composed() -> Subject {
    spans(Form::Composed, Sampler::always_off(), workload::root_span, |_| 0)
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

/// The same open until it is dropped.
fn entered(tracer: &Tracer, turn: u64) {
    entered_root(tracer, turn, || {
        black_box(turn);
    });
}

fn native_spans(sampler: Sampler, run: fn(&Tracer, u64), spans_of: fn(u64) -> u64) -> Subject {
    let tracer = tracer(sampler, 5);
    Subject::new(
        move |count| (0..count).for_each(|turn| run(&tracer, turn)),
        move |total| expect("spans", SPANS.load(Relaxed), spans_of(total)),
    )
}

/// A root span by the engine that is sampled.
pub(crate) fn root_span_native() -> Subject {
    native_spans(Sampler::always_on(), native, |total| total)
}

/// The same open until it is dropped.
pub(crate) fn root_span_entered() -> Subject {
    native_spans(Sampler::always_on(), entered, |total| total)
}

/// A root span by the engine that is not.
pub(crate) fn root_span_native_unsampled() -> Subject {
    native_spans(Sampler::always_off(), native, |_| 0)
}

/// The same open until it is dropped.
pub(crate) fn root_span_entered_unsampled() -> Subject {
    native_spans(Sampler::always_off(), entered, |_| 0)
}
