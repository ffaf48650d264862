//! A call of another service as a careful team instruments it by hand: one span, the context on its headers, and two
//! metrics. What is ready-made for reqwest (reqwest-tracing 0.7) knows no OpenTelemetry as new as these stacks have.

use super::{Called, Sends};
use opentelemetry::global;
use opentelemetry_http::HeaderInjector;
use std::sync::Arc;
use std::time::Instant;
use tracing::Instrument as _;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Sends calls in a client span.
pub(super) fn traced() -> Arc<Sends> {
    Arc::new(|request, called| Box::pin(traced_call(request, called)))
}

async fn traced_call(request: reqwest::RequestBuilder, called: Called) -> reqwest::Result<reqwest::Response> {
    let (client, request) = request.build_split();
    let mut request = request?;
    let span = tracing::info_span!(
        "call",
        otel.name = format!("{} {}", request.method(), called.route),
        otel.kind = "client",
        otel.status_code = Empty,
        http.request.method = %request.method(),
        url.full = %request.url(),
        url.template = called.route,
        server.address = request.url().host_str(),
        server.port = request.url().port_or_known_default(),
        peer.service = called.target,
        http.response.status_code = Empty,
        error.type = Empty,
    );
    let context = span.context();
    global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&context, &mut HeaderInjector(request.headers_mut()));
    });
    let method = request.method().to_string();
    let begun = Instant::now();
    let answer = client.execute(request).instrument(span.clone()).await;
    let seconds = begun.elapsed().as_secs_f64();
    let status = match &answer {
        Ok(answer) => {
            span.record("http.response.status_code", answer.status().as_u16());
            answer.status().as_u16().to_string()
        }
        Err(error) => {
            span.record("error.type", tracing::field::display(error));
            "error".to_owned()
        }
    };
    if !matches!(&answer, Ok(answer) if answer.status().as_u16() < 400) {
        span.record("otel.status_code", "ERROR");
    }
    metrics::counter!(
        "http_client_requests_total",
        "target" => called.target, "route" => called.route, "method" => method.clone(), "status_code" => status
    )
    .increment(1);
    metrics::histogram!(
        "http_client_request_duration_seconds",
        "target" => called.target, "route" => called.route, "method" => method
    )
    .record(seconds);
    answer
}
