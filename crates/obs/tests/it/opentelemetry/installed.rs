//! An installation of the process, and a library that knows OpenTelemetry alone.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use opentelemetry::trace::{FutureExt, Span as _, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue, global};

use crate::collector::{Answer, Collector};
use crate::process::alone;
use crate::service::{Service, TempFile};

/// As a library has it: what is global, and a span around work that may wait.
async fn library() {
    let tracer = global::tracer("a library");
    let mut span = tracer.start("theirs");
    span.set_attribute(KeyValue::new("table", "orders"));
    let work = async {
        tracing::info!("inside of theirs");
        tokio::task::yield_now().await;
        ours().await;
        tracer.in_span("theirs again", |_| tracing::info!("inside of theirs again"));
    };
    work.with_context(Context::current_with_span(span)).await;
    tracing::info!("after theirs");
}

#[tracing::instrument]
async fn ours() {
    tracing::info!("inside of ours");
    tokio::task::yield_now().await;
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_library_that_knows_opentelemetry_alone_is_in_the_requests_trace_and_its_lines_too() {
    let name = "a_library_that_knows_opentelemetry_alone_is_in_the_requests_trace_and_its_lines_too";
    alone(module_path!(), name, &[], || {
        let (collector, file) = (Collector::start(Answer::Ok), TempFile::new("theirs.log"));
        let obs = obs::builder("orders").admin(obs::Admin::Off).log_file(&file.0);
        let obs = obs.otlp_endpoint(collector.url()).install().unwrap();
        let handler = async || {
            library().await;
            // Work that is given away goes on in the trace by OpenTelemetry's own means.
            let given = async { tracing::info!("elsewhere") };
            tokio::spawn(given.with_context(obs::opentelemetry::current())).await.unwrap();
            "done"
        };
        let service = Service::start(Router::new().route("/x", get(handler)).layer(obs.layer()));
        let response = service.get("/x");
        assert_eq!(response.status, 200);
        drop(service);
        drop(obs);

        let spans = collector.spans();
        let find =
            |name: &str| spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{name}"));
        let (request, theirs, ours, again) =
            (find("GET /x"), find("theirs"), find("ours"), find("theirs again"));
        assert_eq!(spans.len(), 4);
        for span in &spans {
            assert_eq!(hex(&span.trace_id), response.header("x-trace-id"));
        }
        assert_eq!(theirs.parent_span_id, request.span_id);
        assert_eq!(ours.parent_span_id, theirs.span_id);
        assert_eq!(again.parent_span_id, theirs.span_id);

        let lines = file.lines();
        for (message, span) in [
            ("inside of theirs", theirs),
            ("inside of ours", ours),
            ("inside of theirs again", again),
            ("after theirs", request),
            ("elsewhere", request),
        ] {
            let line = lines.iter().find(|line| line["message"] == message).expect(message);
            assert_eq!(line["span_id"], hex(&span.span_id), "{message}");
            assert_eq!(line["trace_id"], response.header("x-trace-id"), "{message}");
            assert_eq!(line["request_id"], response.header("x-request-id"), "{message}");
        }
    });
}

#[test]
fn what_is_not_sampled_costs_the_library_its_spans_and_nothing_of_the_trace() {
    let name = "what_is_not_sampled_costs_the_library_its_spans_and_nothing_of_the_trace";
    let env = [("OTEL_TRACES_SAMPLER", "always_off")];
    alone(module_path!(), name, &env, || {
        let (collector, file) = (Collector::start(Answer::Ok), TempFile::new("unsampled.log"));
        let obs = obs::builder("orders").admin(obs::Admin::Off).log_file(&file.0);
        let obs = obs.otlp_endpoint(collector.url()).no_otlp_probe().install().unwrap();
        global::tracer("a library").in_span("theirs", |cx| {
            let span = cx.span().span_context().clone();
            assert!(span.is_valid() && !span.is_sampled());
            assert_eq!(obs::current().trace_id().unwrap().to_string(), span.trace_id().to_string());
        });
        assert!(obs.flush(Duration::from_secs(10)));
        drop(obs);
        assert_eq!(collector.spans(), []);
    });
}
