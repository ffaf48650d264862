//! Libraries that trace their own inner life leave nothing in a service's traces unless they are asked for.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use http_body_util::BodyExt;

use crate::collector::{Answer, Collector};
use crate::matrix::wire::{Body, Client, Version};

const REQUESTS: usize = 10;

/// The names of the spans that so many requests over HTTP/2 leave at the collector.
fn spans(filter: &str) -> Vec<String> {
    let collector = Collector::start(Answer::Ok);
    let builder = obs::builder("orders").admin(obs::Admin::Off).log_output(obs::config::LogOutput::Off);
    let obs = builder.otlp_endpoint(collector.url()).trace_filter(filter).build().unwrap();
    let _subscriber = tracing::dispatcher::set_default(obs.dispatch());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let router: Router = Router::new().route("/hello", get(async || "hello")).layer(obs.layer());
        let mut client = Client::connected_to(router, Version::Http2).await;
        for _ in 0..REQUESTS {
            let request = http::Request::builder().uri("/hello").body(Body::default()).unwrap();
            client.send(request).await.unwrap().into_body().collect().await.unwrap();
        }
    });
    assert!(obs.flush(Duration::from_secs(20)));
    collector.spans().into_iter().map(|span| span.name).collect()
}

#[test]
fn each_request_over_http2_leaves_its_server_span_and_nothing_else() {
    assert_eq!(spans("info"), vec!["GET /hello"; REQUESTS]);
}

#[test]
fn what_the_filter_asks_for_is_recorded() {
    let spans = spans("info,h2=trace");
    assert!(spans.len() > REQUESTS, "{spans:?}");
}
