//! The stack a Rust team puts together today from ready-made layers alone, none of them configured by hand.

use super::{Evidence, Service, Stack, Surroundings, pipeline};
use axum_tracing_opentelemetry::middleware::{OtelAxumLayer, OtelInResponseLayer};
use tower_http::trace::{DefaultMakeSpan, DefaultOnResponse, TraceLayer};
use tracing::Level;

/// How a request shows in what this stack gives out. Its lines carry no trace id and no sampled flag.
pub(crate) const EVIDENCE: Evidence = Evidence {
    is_access_line: |line, route| {
        line.contains("\"message\":\"finished processing request\"")
            && line.contains(&format!("\"http.route\":\"{route}\""))
    },
    says_sampled: None,
    counter: "axum_http_requests_total",
};

/// axum-tracing-opentelemetry for traces and, as it advises, tower-http's `TraceLayer` for lines.
pub(crate) fn build(service: Service, surroundings: &Surroundings) -> Result<Stack, String> {
    pipeline::build(service, surroundings, |measured| {
        measured
            .layer(
                TraceLayer::new_for_http()
                    .make_span_with(DefaultMakeSpan::new().level(Level::INFO))
                    .on_response(DefaultOnResponse::new().level(Level::INFO)),
            )
            .layer(OtelInResponseLayer)
            .layer(OtelAxumLayer::default())
    })
}
