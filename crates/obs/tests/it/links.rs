//! The way from an answer or a line to where its trace is looked at.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use obs::Problem;
use obs::config::TrustChoice;
use obs::testing::Testing;
use tower::ServiceExt;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

async fn ask(obs: &Testing, path: &str) -> (StatusCode, String, serde_json::Value) {
    let links = obs.links().clone();
    let here = move || async move {
        let current = obs::current();
        let all = links.all(current.context().unwrap());
        axum::Json(
            all.iter()
                .map(|(name, link)| (name.to_string(), link.clone()))
                .collect::<std::collections::BTreeMap<_, _>>(),
        )
    };
    let fails = || async { Problem::new(StatusCode::SERVICE_UNAVAILABLE).detail("no bank").with("tries", 3) };
    let app = Router::new().route("/links", get(here)).route("/pay", get(fails)).layer(obs.layer());
    let request = Request::get(path)
        .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"))
        .header("x-request-id", "req-1_2")
        .body(Body::empty());
    let response = app.oneshot(request.unwrap()).await.unwrap();
    let status = response.status();
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
    obs.requests_ended(1).await;
    (status, kind, serde_json::from_slice(&body).unwrap())
}

fn has_link(obs: &Testing) -> bool {
    obs.line("request").to_string().contains("trace_url")
}

fn builder() -> obs::testing::Builder {
    obs::testing::builder("shop")
        .trust(TrustChoice::Internal)
        .link("jaeger", "http://jaeger:16686")
        .link("wiki", "https://wiki/{service}/{request_id}?t={trace_id}&s={span_id}")
}

#[tokio::test]
async fn a_handler_is_told_where_its_trace_is_looked_at() {
    let obs = builder().start();
    let (_, _, links) = ask(&obs, "/links").await;
    let span = obs.line("request").span_id().unwrap();
    assert_eq!(links["jaeger"], format!("http://jaeger:16686/trace/{TRACE}?uiFind={span}"));
    assert_eq!(links["wiki"], format!("https://wiki/shop/req-1_2?t={TRACE}&s={span}"));
    assert!(!has_link(&obs), "it did not fail, and nobody asked");
}

#[tokio::test]
async fn the_access_line_of_a_request_that_failed_has_the_link_and_the_answer_the_ids() {
    let obs = builder().link_on_line("jaeger").start();
    let (status, kind, body) = ask(&obs, "/pay").await;
    assert_eq!((status, kind.as_str()), (StatusCode::SERVICE_UNAVAILABLE, "application/problem+json"));
    let expected = serde_json::json!({
        "title": "Service Unavailable", "status": 503, "detail": "no bank",
        "request_id": "req-1_2", "trace_id": TRACE, "tries": 3,
    });
    assert_eq!(body, expected);
    let line = obs.line("request");
    let link = format!("http://jaeger:16686/trace/{TRACE}?uiFind={}", line.span_id().unwrap());
    assert_eq!(line.field("trace_url"), link.as_str());
}

#[tokio::test]
async fn a_request_that_went_well_has_no_link_on_its_line() {
    let obs = builder().link_on_line("jaeger").start();
    ask(&obs, "/links").await;
    assert!(!has_link(&obs));
}
