//! A call as a careful team instruments it by hand, on tracing-opentelemetry, the global propagator and `metrics`.

use super::{
    ROUTE, Subject, TARGET, at_once, expect, http_call, http_service, reqwest_call, reqwest_service, url,
};
use crate::workload::sum;
use metrics_exporter_prometheus::PrometheusBuilder;
use opentelemetry::trace::{SpanKind, TracerProvider as _};
use opentelemetry::{Context, global};
use opentelemetry_http::HeaderInjector;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, Span, SpanData, SpanProcessor};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tower::ServiceExt as _;
use tracing::Instrument as _;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

static SPANS: AtomicU64 = AtomicU64::new(0);

#[derive(Debug)]
struct Discard;

impl SpanProcessor for Discard {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        let whole = span.span_kind == SpanKind::Client && span.attributes.len() >= 7;
        SPANS.store(SPANS.load(Relaxed) + u64::from(whole), Relaxed);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

fn subject(mut call: impl FnMut() + 'static) -> Subject {
    global::set_text_map_propagator(TraceContextPropagator::new());
    let root = Sampler::ParentBased(Box::new(Sampler::AlwaysOn));
    let provider = SdkTracerProvider::builder().with_span_processor(Discard).with_sampler(root).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("micro"));
    tracing_subscriber::registry().with(layer).init();
    let buckets =
        PrometheusBuilder::new().set_buckets(&crate::workload::BUCKETS).expect("bounds that ascend");
    let metrics = buckets.install_recorder().expect("one recorder in this process");
    let upkeep = metrics.clone();
    let request = tracing::info_span!("request", otel.kind = "server");
    Subject::new(
        move |count| {
            request.in_scope(|| (0..count).for_each(|_| call()));
            // It keeps every observation until it is drained.
            upkeep.run_upkeep();
        },
        move |total| {
            let _alive = &provider;
            expect("client spans", SPANS.load(Relaxed), total)?;
            let text = metrics.render();
            expect("counted calls", sum(&text, "http_client_requests_total"), total)?;
            expect("timed calls", sum(&text, "http_client_request_duration_seconds_count"), total)
        },
    )
}

/// Around a client of the `http` crate.
pub(crate) fn http() -> Subject {
    let service = http_service();
    subject(move || {
        let mut call = http_call();
        let place = Place { host: call.uri().host(), port: call.uri().port_u16() };
        let span = span(call.method(), &call.uri().to_string(), place);
        let method = call.method().to_string();
        inject(&span, call.headers_mut());
        let begun = Instant::now();
        let answer = at_once(service.clone().oneshot(call).instrument(span.clone()));
        observe(&span, method, answer.as_ref().ok().map(http::Response::status), begun);
        drop(black_box(answer));
    })
}

/// Around a client of reqwest's types.
pub(crate) fn reqwest() -> Subject {
    let (service, url) = (reqwest_service(), url());
    subject(move || {
        let mut call = reqwest_call(&url);
        let place = Place { host: call.url().host_str(), port: call.url().port_or_known_default() };
        let span = span(call.method(), call.url().as_str(), place);
        let method = call.method().to_string();
        inject(&span, call.headers_mut());
        let begun = Instant::now();
        let answer = at_once(service.clone().oneshot(call).instrument(span.clone()));
        observe(&span, method, answer.as_ref().ok().map(reqwest::Response::status), begun);
        drop(black_box(answer));
    })
}

/// Where a call goes.
struct Place<'a> {
    host: Option<&'a str>,
    port: Option<u16>,
}

fn span(method: &http::Method, url: &str, place: Place<'_>) -> tracing::Span {
    tracing::info_span!(
        "call",
        otel.name = format!("{method} {ROUTE}"),
        otel.kind = "client",
        otel.status_code = Empty,
        http.request.method = %method,
        url.full = url,
        url.template = ROUTE,
        server.address = place.host,
        server.port = place.port,
        peer.service = TARGET,
        http.response.status_code = Empty,
        error.type = Empty,
    )
}

fn inject(span: &tracing::Span, headers: &mut http::HeaderMap) {
    let context = span.context();
    global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&context, &mut HeaderInjector(headers));
    });
}

fn observe(span: &tracing::Span, method: String, status: Option<http::StatusCode>, begun: Instant) {
    let seconds = begun.elapsed().as_secs_f64();
    let status = match status {
        Some(status) => {
            span.record("http.response.status_code", status.as_u16());
            status.as_u16().to_string()
        }
        None => "error".to_owned(),
    };
    metrics::counter!(
        "http_client_requests_total",
        "target" => TARGET, "route" => ROUTE, "method" => method.clone(), "status_code" => status
    )
    .increment(1);
    metrics::histogram!(
        "http_client_request_duration_seconds",
        "target" => TARGET, "route" => ROUTE, "method" => method
    )
    .record(seconds);
}
