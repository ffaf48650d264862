//! A signed header has one request recorded, with its held lines, and on to the services it calls.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use axum::routing::get;
use obs::config::{FlightRecorder, SamplerChoice, TrustChoice};
use obs::testing::Testing;
use tower::{Layer, ServiceExt};

const KEY: &str = "a key of the test's own";

/// Whether the lowest bit of the flags is set (W3C Trace Context, section 3.2.2.5).
fn is_sampled(traceparent: &str) -> bool {
    traceparent.ends_with("-01") || traceparent.ends_with("-03")
}

fn signed(key: &str) -> (String, String) {
    let builder = obs::builder("orders").no_config_file().debug_key(key);
    builder.sign_debug_header(Duration::from_secs(600)).unwrap()
}

/// Asks once with each of these headers; what the service called on the way was sent.
async fn run(obs: &Testing, headers: &[&[(String, String)]]) -> Vec<Option<String>> {
    let called = Arc::new(Mutex::new(Vec::new()));
    let payments = {
        let called = Arc::clone(&called);
        obs.client("payments").layer(tower::service_fn(move |request: Request<String>| {
            let sent = request.headers().get("traceparent").map(|value| value.to_str().unwrap().to_owned());
            called.lock().unwrap().push(sent);
            std::future::ready(Ok::<_, Infallible>(Response::new(String::new())))
        }))
    };
    let pay = move || {
        let payments = payments.clone();
        async move {
            tracing::debug!("looking");
            payments
                .oneshot(Request::get("http://payments.test/").body(String::new()).unwrap())
                .await
                .unwrap();
        }
    };
    let app = Router::new().route("/pay", get(pay)).layer(obs.layer());
    for headers in headers {
        let request =
            headers.iter().fold(Request::get("/pay"), |request, (name, value)| request.header(name, value));
        let answer = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        axum::body::to_bytes(answer.into_body(), 1_000).await.unwrap();
    }
    obs.requests_ended(headers.len() as u64).await;
    let called = called.lock().unwrap();
    called.clone()
}

#[tokio::test]
async fn a_good_header_has_a_request_recorded_and_any_other_is_as_good_as_none() {
    let obs = obs::testing::builder("orders")
        .levels("info")
        .sampler(SamplerChoice::AlwaysOff)
        .trust(TrustChoice::Edge)
        .flight_recorder(FlightRecorder::new())
        .debug_key(KEY)
        .start();
    let (good, bad) = (signed(KEY), signed("a key of somebody else"));
    let expired = (good.0.clone(), expired());
    let called = run(
        &obs,
        &[
            std::slice::from_ref(&good),
            &[],
            std::slice::from_ref(&bad),
            &[good.clone(), good.clone()],
            std::slice::from_ref(&expired),
        ],
    )
    .await;
    let spans = obs.spans();
    let names: Vec<_> = spans.iter().map(|span| (span.name.as_str(), span.ids.flags.is_sampled())).collect();
    assert_eq!(names, [("GET", true), ("GET /pay", true)]);
    assert_eq!(format!("{:?}", spans[1].attribute("obs.kept")), "Some(Str(\"forced\"))");
    let recorded: Vec<_> = called.iter().map(|sent| sent.as_deref().is_some_and(is_sampled)).collect();
    assert_eq!(recorded, [true, false, false, false, false], "the services behind follow");
    let held: Vec<_> =
        obs.lines_of("looking").iter().map(|line| line.trace_id().unwrap().to_string()).collect();
    assert_eq!(held, [spans[1].ids.trace_id.to_string()], "with the lines that were held");
    let counted = |result| obs.value("obs_debug_headers_total", &[("result", result)]);
    assert_eq!([counted("accepted"), counted("bad"), counted("expired")], [Some(1.0), Some(2.0), Some(1.0)]);
    assert_eq!(obs.value("obs_recorder_requests_total", &[("reason", "forced")]), Some(1.0));
}

/// Signed with the key by OpenSSL, and long over.
fn expired() -> String {
    // printf obs-debug:1700000600 | openssl dgst -sha256 -hmac "a key of the test's own"
    String::from("1700000600.a0ee801e37dec6aaf99c44b29ec5f209fc111ceffd7b408c59fa16c4c0bee134")
}

#[tokio::test]
async fn without_a_key_the_header_is_nothing() {
    let obs = obs::testing::builder("orders").sampler(SamplerChoice::AlwaysOff).start();
    run(&obs, &[&[signed(KEY)]]).await;
    assert!(obs.spans().is_empty());
    assert_eq!(obs.value("obs_debug_headers_total", &[("result", "bad")]), None);
}
