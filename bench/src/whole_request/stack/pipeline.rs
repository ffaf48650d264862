//! The back end that both assembled stacks share: JSON lines to a file, spans over OTLP, metrics in memory.

use super::{Service, Stack, Surroundings, call};
use axum::Router;
use axum::routing::get;
use axum_prometheus::PrometheusMetricLayer;
use opentelemetry::global;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The service with `/metrics` and the metric layer, for `surround` to put its layers around; everything
/// global is installed here.
pub(crate) fn build(
    service: Service,
    surroundings: &Surroundings,
    surround: impl FnOnce(Router) -> Router,
) -> Result<Stack, String> {
    let provider = tracer_provider(service.role.name, surroundings)?;
    let log_guard = install_subscriber(surroundings, &provider)?;
    let (metric_layer, metric_handle) = PrometheusMetricLayer::pair();
    let measured = service
        .router(call::traced())
        .route("/metrics", get(|| async move { metric_handle.render() }))
        .layer(metric_layer);
    let flushed = provider.clone();
    Ok(Stack {
        app: surround(measured),
        metrics: None,
        flush: Box::new(move || report("flush", flushed.force_flush())),
        shutdown: Box::new(move || {
            report("shutdown", provider.shutdown());
            drop(log_guard);
        }),
    })
}

fn report(what: &str, result: opentelemetry_sdk::error::OTelSdkResult) {
    if let Err(error) = result {
        eprintln!("{what}: {error}");
    }
}

/// The first example of opentelemetry-otlp (http/protobuf, its default client), with a sampler and a name.
fn tracer_provider(name: &'static str, surroundings: &Surroundings) -> Result<SdkTracerProvider, String> {
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", surroundings.otlp))
        .build()
        .map_err(|error| format!("span exporter: {error}"))?;
    let root = Sampler::TraceIdRatioBased(surroundings.ratio);
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(root)))
        .with_resource(Resource::builder().with_service_name(name).build())
        .build();
    global::set_text_map_propagator(TraceContextPropagator::new());
    global::set_tracer_provider(provider.clone());
    Ok(provider)
}

/// A filter, JSON lines through a non-blocking file, and OpenTelemetry, as layers on one registry.
fn install_subscriber(
    surroundings: &Surroundings,
    provider: &SdkTracerProvider,
) -> Result<WorkerGuard, String> {
    let directory = surroundings.log_file.parent().ok_or("the log file has no directory")?;
    let name = surroundings.log_file.file_name().ok_or("the log file has no name")?;
    let file = tracing_appender::rolling::never(directory, name);
    let (lines, guard) = tracing_appender::non_blocking(file);
    tracing_subscriber::registry()
        .with(EnvFilter::new("info"))
        .with(tracing_subscriber::fmt::layer().json().with_writer(lines))
        .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("users")))
        .try_init()
        .map_err(|error| error.to_string())?;
    Ok(guard)
}
