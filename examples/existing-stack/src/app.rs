//! The router and its stack, from the outside inwards.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use obs::Obs;
use tower::ServiceBuilder;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::TraceLayer;

/// What is served.
pub(crate) fn app(obs: &Obs) -> Router {
    let stack = ServiceBuilder::new()
        // Outside of ours, so that ours takes over the id it makes.
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(obs.layer())
        // Inside of ours, so that its span is a child of the server span, and its lines carry the ids.
        .layer(TraceLayer::new_for_http())
        .layer(PropagateRequestIdLayer::x_request_id());
    Router::new().route("/orders/{id}", get(order)).layer(stack)
}

#[tracing::instrument]
async fn order(Path(id): Path<u64>) -> String {
    tracing::info!("looked up");
    format!("order {id}")
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use serde_json::Value;
    use tower::ServiceExt;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::open_spans::OpenSpans;

    #[tokio::test]
    async fn both_stacks_agree_on_the_request() {
        let file = std::env::temp_dir().join(format!("existing-stack-{}.log", std::process::id()));
        let obs = obs::builder("existing-stack")
            .admin(obs::Admin::Off)
            .log_filter("info,tower_http=debug")
            .log_file(&file)
            .compose(|ours| ours.with(OpenSpans))
            .install()
            .unwrap();
        let request = Request::get("/orders/7").body(Body::empty()).unwrap();
        let response = app(&obs).oneshot(request).await.unwrap();
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        let trace_id = response.headers()["x-trace-id"].to_str().unwrap().to_owned();
        axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
        let page = String::from_utf8(obs.recorder().render(obs::metrics::Format::Text)).unwrap();
        drop(obs);
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();

        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let said = |message: &str| lines.iter().filter(|line| line["message"] == message).collect::<Vec<_>>();
        // The service's, tower-http's and the access line, once each.
        for message in ["looked up", "finished processing request", "request"] {
            let lines = said(message);
            assert_eq!(lines.len(), 1, "{message} in:\n{text}");
            assert_eq!(lines[0]["request_id"], id.as_str(), "{message}");
            assert_eq!(lines[0]["trace_id"], trace_id.as_str(), "{message}");
        }
        // The other layer has seen the request, tower-http's span and the handler's, and none is left open.
        for (span, times) in [("request", 2), ("order", 1)] {
            let sample = format!("\nopen_spans_seen_total{{span=\"{span}\"}} {times}\n");
            assert!(page.contains(&sample), "{span} in:\n{page}");
        }
        assert!(page.contains("\nopen_spans 0.0\n"), "{page}");
    }
}
