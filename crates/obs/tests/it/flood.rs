//! Whoever is not believed decides nothing of what is recorded, neither by flags nor by the ids it chooses.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use obs::config::{SamplerChoice, TraceTail, TrustChoice};
use obs_core::IdSource;
use tower::ServiceExt;

const REQUESTS: u64 = 1_000;

/// How many of the requests are recorded, with these headers on each, of which the second is the caller's trace id.
async fn recorded(trust: TrustChoice, headers: fn(&str) -> (&'static str, String)) -> usize {
    let tail = TraceTail::default().ratio(0.01);
    let obs = obs::testing::builder("orders")
        .trust(trust)
        .sampler(SamplerChoice::ParentBased(0.01))
        .trace_tail(tail)
        .ids(IdSource::seeded(11))
        .start();
    let app = Router::new().route("/orders", get(async || "placed")).layer(obs.layer());
    for number in 0..REQUESTS {
        // In every share of the head, however small.
        let (name, value) = headers(&format!("{:032x}", u128::from(number % 8 + 1)));
        let request = Request::get("/orders").header(name, value).body(Body::empty()).unwrap();
        let answer = app.clone().oneshot(request).await.unwrap();
        axum::body::to_bytes(answer.into_body(), 1_000).await.unwrap();
    }
    obs.requests_ended(REQUESTS).await;
    let spans = obs.spans();
    if trust == TrustChoice::Edge {
        assert!(spans.iter().all(|span| span.ids.trace_id.get() > 8), "no id of the caller's");
    }
    spans.len()
}

fn by_flag(trace_id: &str) -> (&'static str, String) {
    ("traceparent", format!("00-{trace_id}-00f067aa0ba902b7-01"))
}

fn by_id(trace_id: &str) -> (&'static str, String) {
    ("x-trace-id", trace_id.to_owned())
}

#[tokio::test]
async fn at_the_edge_no_caller_has_more_recorded_than_its_share() {
    for headers in [by_flag, by_id] {
        // A hundredth by the head, and one of the rest by the tail.
        let recorded = recorded(TrustChoice::Edge, headers).await;
        assert!((5..=40).contains(&recorded), "{recorded}");
    }
}

#[tokio::test]
async fn inside_a_caller_that_chooses_has_all_recorded_and_that_is_why_the_page_says_so() {
    for headers in [by_flag, by_id] {
        assert_eq!(recorded(TrustChoice::Internal, headers).await, REQUESTS as usize);
    }
}
