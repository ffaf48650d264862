//! The stack a Rust team puts together today, with one span it describes itself for lines and traces.

use super::{Evidence, Service, Stack, Surroundings, pipeline};
use axum::body::Body;
use axum::extract::MatchedPath;
use axum::http::{Request, Response};
use opentelemetry::global;
use opentelemetry_http::HeaderExtractor;
use std::time::Duration;
use tower_http::trace::TraceLayer;
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// How a request shows in what this stack gives out. Its lines carry no trace id and no sampled flag.
pub(crate) const EVIDENCE: Evidence = Evidence {
    is_access_line: |line, route| {
        line.contains("\"message\":\"finished processing request\"")
            && line.contains(&format!("\"http.route\":\"{route}\""))
    },
    says_sampled: None,
    counter: "axum_http_requests_total",
};

/// tower-http's `TraceLayer` with closures of its own, around the metric layer.
pub(crate) fn build(service: Service, surroundings: &Surroundings) -> Result<Stack, String> {
    pipeline::build(service, surroundings, |measured| {
        measured.layer(TraceLayer::new_for_http().make_span_with(request_span).on_response(access_line))
    })
}

/// The server span: the fields the OpenTelemetry conventions require, and the caller as its parent.
fn request_span(request: &Request<Body>) -> Span {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let span = tracing::info_span!(
        "request",
        otel.name = format!("{} {route}", request.method()),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = %request.method(),
        http.route = route,
        url.path = request.uri().path(),
        url.scheme = "http",
        http.response.status_code = Empty,
    );
    let parent =
        global::get_text_map_propagator(|propagator| propagator.extract(&HeaderExtractor(request.headers())));
    // Fails only where the span is disabled or has started already; neither is the case here.
    let _ = span.set_parent(parent);
    span
}

/// One line for each response, and the status on the span.
fn access_line(response: &Response<Body>, latency: Duration, span: &Span) {
    let status = response.status();
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    tracing::info!(
        latency_us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX),
        status = status.as_u16(),
        "finished processing request"
    );
}
