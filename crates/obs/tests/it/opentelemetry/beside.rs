//! The layer of tracing-opentelemetry beside ours: on our provider, and with a pipeline of its own.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use opentelemetry::trace::{
    Link, SpanContext, SpanId, SpanKind, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_sdk::trace::{
    IdGenerator, InMemorySpanExporter, RandomIdGenerator, SamplingDecision, SamplingResult,
    SdkTracerProvider, ShouldSample, SpanData,
};
use tracing::{Instrument, info, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;

use crate::collector::{Answer, Collector};
use crate::process::alone;
use crate::service::{Service, TempFile};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn of_another_process() -> Context {
    let flags = TraceFlags::SAMPLED;
    let context = SpanContext::new(TraceId::from(7), SpanId::from(9), flags, true, TraceState::NONE);
    Context::new().with_remote_span_context(context)
}

#[tracing::instrument(fields(declared = 1))]
async fn ours() {
    let span = tracing::Span::current();
    span.set_attribute("undeclared", "said later");
    span.add_link(of_another_process().span().span_context().clone());
    let theirs = span.context().span().span_context().span_id().to_string();
    assert_eq!(obs::current().span_id().unwrap().to_string(), theirs, "one id, by whomever it is asked for");
    tokio::task::yield_now().await;
    info!("inside of ours");
}

async fn handler() -> &'static str {
    ours().await;
    let task = async {
        info!("in a task");
        ours().await;
    };
    tokio::spawn(task.instrument(info_span!("task"))).await.unwrap();
    let consumer = info_span!(parent: None, "consumer");
    consumer.set_parent(of_another_process()).unwrap();
    consumer.in_scope(|| info!("consuming"));
    assert!(consumer.set_parent(of_another_process()).is_err(), "too late, as it is without us");
    "done"
}

#[test]
fn its_extensions_work_each_span_is_sent_once_and_lines_have_the_same_ids() {
    let name = "its_extensions_work_each_span_is_sent_once_and_lines_have_the_same_ids";
    alone(module_path!(), name, &[], || {
        let (collector, file) = (Collector::start(Answer::Ok), TempFile::new("beside.log"));
        let obs = obs::builder("orders").admin(obs::Admin::Off).log_file(&file.0).trace_filter("off");
        let obs = obs.otlp_endpoint(collector.url()).compose_with_tracers(|ours, provider| {
            ours.with(tracing_opentelemetry::layer().with_tracer(provider.tracer("tracing")))
        });
        let obs = obs.install().unwrap();
        let service = Service::start(Router::new().route("/x", get(handler)).layer(obs.layer()));
        let response = service.get("/x");
        drop(service);
        assert!(obs.flush(Duration::from_secs(10)));
        drop(obs);

        let spans = collector.spans();
        let mut names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["GET /x", "consumer", "ours", "ours", "task"]);
        let all = |name: &str| spans.iter().filter(|span| span.name == name).collect::<Vec<&Span>>();
        let (request, task, consumer) = (all("GET /x")[0], all("task")[0], all("consumer")[0]);
        let [in_handler, in_task] = all("ours")[..] else { panic!() };
        assert_eq!(in_handler.parent_span_id, request.span_id);
        assert_eq!((&task.parent_span_id, &in_task.parent_span_id), (&request.span_id, &task.span_id));
        for span in [request, in_handler, task, in_task] {
            assert_eq!(hex(&span.trace_id), response.header("x-trace-id"));
        }
        assert_eq!((consumer.trace_id[15], consumer.parent_span_id[7]), (7, 9));
        let keys: Vec<_> = in_handler.attributes.iter().map(|pair| pair.key.as_str()).collect();
        assert!(keys.contains(&"declared") && keys.contains(&"undeclared"), "{keys:?}");
        assert_eq!(in_handler.links.len(), 1);

        let lines = file.lines();
        let line = |message: &str| lines.iter().filter(|line| line["message"] == message).collect::<Vec<_>>();
        for (line, span) in line("inside of ours")
            .into_iter()
            .zip([in_handler, in_task])
            .chain([(line("in a task")[0], task)])
        {
            assert_eq!(
                (&line["trace_id"], &line["span_id"]),
                (&hex(&span.trace_id).into(), &hex(&span.span_id).into())
            );
            assert_eq!(line["request_id"], response.header("x-request-id"), "{line}");
        }
        assert_eq!(line("consuming")[0]["trace_id"], hex(&consumer.trace_id));
    });
}

/// The ids of what is open, whoever opened it.
#[derive(Debug, Default)]
struct OpenIds(RandomIdGenerator);

impl IdGenerator for OpenIds {
    fn new_trace_id(&self) -> TraceId {
        obs::current().trace_id().map_or_else(|| self.0.new_trace_id(), |id| TraceId::from(id.get()))
    }

    fn new_span_id(&self) -> SpanId {
        obs::current().span_id().map_or_else(|| self.0.new_span_id(), |id| SpanId::from(id.get()))
    }
}

/// Its decision.
#[derive(Clone, Debug)]
struct OpenDecision;

impl ShouldSample for OpenDecision {
    fn should_sample(
        &self,
        _: Option<&Context>,
        _: TraceId,
        _: &str,
        _: &SpanKind,
        _: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        let sampled = obs::current().is_sampled();
        let decision = if sampled { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop };
        SamplingResult { decision, attributes: Vec::new(), trace_state: TraceState::NONE }
    }
}

#[test]
fn a_pipeline_of_its_own_has_the_same_ids_as_ours_for_the_same_spans() {
    let name = "a_pipeline_of_its_own_has_the_same_ids_as_ours_for_the_same_spans";
    alone(module_path!(), name, &[], || {
        let (collector, file) = (Collector::start(Answer::Ok), TempFile::new("twice.log"));
        let exported = InMemorySpanExporter::default();
        let sdk = SdkTracerProvider::builder()
            .with_simple_exporter(exported.clone())
            .with_id_generator(OpenIds::default())
            .with_sampler(OpenDecision)
            .build();
        let tracer = sdk.tracer("tracing");
        let obs = obs::builder("orders").admin(obs::Admin::Off).log_file(&file.0);
        let obs = obs.otlp_endpoint(collector.url());
        let obs = obs.compose(|ours| ours.with(tracing_opentelemetry::layer().with_tracer(tracer)));
        let obs = obs.install().unwrap();
        #[tracing::instrument]
        async fn outer() {
            info_span!("inner").in_scope(|| info!("inside"));
        }
        let handler = async || {
            outer().await;
            "done"
        };
        let service = Service::start(Router::new().route("/x", get(handler)).layer(obs.layer()));
        service.get("/x");
        drop(service);
        drop(obs);

        let place = |span: &SpanData| {
            let ids = &span.span_context;
            (ids.trace_id().to_string(), ids.span_id().to_string(), span.parent_span_id.to_string())
        };
        let theirs = exported.get_finished_spans().unwrap();
        let ours = collector.spans();
        for (their_name, our_name) in [("request", "GET /x"), ("outer", "outer"), ("inner", "inner")] {
            let their = theirs.iter().find(|span| span.name == their_name).expect(their_name);
            let our = ours.iter().find(|span| span.name == our_name).expect(our_name);
            let parent =
                if our.parent_span_id.is_empty() { "0".repeat(16) } else { hex(&our.parent_span_id) };
            assert_eq!(place(their), (hex(&our.trace_id), hex(&our.span_id), parent), "{our_name}");
        }
        assert_eq!((theirs.len(), ours.len()), (3, 3));
    });
}
