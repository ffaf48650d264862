//! opentelemetry-appender-tracing over opentelemetry-otlp as their documentation shows: http/protobuf, the default
//! client, the batch processor with its defaults.

use super::End;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{LogExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

static TOLD: AtomicU64 = AtomicU64::new(0);

/// Hears what the SDK says it has lost.
struct Told;

impl<S: Subscriber> Layer<S> for Told {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut Lost);
    }
}

struct Lost;

impl Visit for Lost {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "dropped_logs_count" {
            TOLD.store(value, Relaxed);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

pub(super) fn install(url: &str) -> Result<End, String> {
    let exporter = LogExporter::builder().with_http().with_endpoint(format!("{url}/v1/logs")).build();
    let exporter = exporter.map_err(|error| format!("opentelemetry-otlp: {error}"))?;
    let provider = SdkLoggerProvider::builder()
        .with_resource(Resource::builder().with_service_name("shipping").build())
        .with_batch_exporter(exporter)
        .build();
    let others = Targets::new().with_default(LevelFilter::INFO);
    // What its own client says must not come back to it.
    let others =
        ["hyper", "hyper_util", "reqwest", "opentelemetry", "opentelemetry_sdk", "opentelemetry-otlp"]
            .into_iter()
            .fold(others, |targets, target| targets.with_target(target, LevelFilter::OFF));
    let told = Told.with_filter(Targets::new().with_target("opentelemetry", LevelFilter::WARN));
    let bridge = OpenTelemetryTracingBridge::new(&provider).with_filter(others);
    tracing_subscriber::registry().with(bridge).with(told).init();
    Ok(Box::new(move || {
        provider.shutdown().map_err(|error| format!("opentelemetry_sdk: {error}"))?;
        Ok(TOLD.load(Relaxed))
    }))
}
