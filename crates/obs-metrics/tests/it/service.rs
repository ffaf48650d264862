//! The exposition in a service of the user's own, compressed for whoever takes it.

use std::io::Read;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{Method, Request, Response};
use obs_metrics::admin::{self, MetricsService};
use obs_metrics::{Format, Recorder};
use tower_service::Service;

use super::recorder;

fn filled(series: usize) -> Recorder {
    let recorder = recorder();
    for n in 0..series {
        recorder.counter("x", &[("n", &n.to_string())]).unwrap().increment(1);
    }
    recorder
}

fn ask(recorder: &Recorder, encoding: &str) -> Response<Bytes> {
    let request = Request::get("/metrics").header(ACCEPT, "text/plain").header(ACCEPT_ENCODING, encoding);
    admin::respond(recorder, &request.body(()).unwrap())
}

fn unzipped(body: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(body).read_to_string(&mut text).unwrap();
    text
}

/// Without the lines that say what scrapes cost.
fn lines(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.contains("obs_metric_scrape")).collect()
}

#[test]
fn whoever_takes_gzip_gets_the_same_text_in_fewer_bytes() {
    let recorder = filled(500);
    let plain = ask(&recorder, "identity");
    assert!(plain.headers().get(CONTENT_ENCODING).is_none());
    let zipped = ask(&recorder, "deflate, gzip;q=0.8");
    assert_eq!(zipped.headers()[CONTENT_ENCODING], "gzip");
    assert_eq!(zipped.headers()[VARY], "accept, accept-encoding");
    assert!(zipped.body().len() * 4 < plain.body().len(), "{} {}", zipped.body().len(), plain.body().len());
    let (plain, zipped) = (String::from_utf8(plain.into_body().into()).unwrap(), unzipped(zipped.body()));
    assert_eq!(lines(&zipped), lines(&plain));
}

#[test]
fn a_service_of_the_users_own_answers_any_path_in_the_format_asked_for() {
    let recorder = filled(3);
    let mut service = MetricsService::new(&recorder);
    let mut call = |request: Request<()>| service.call(request).into_inner().unwrap();
    let response = call(
        Request::get("/internal/numbers").header(ACCEPT, "application/openmetrics-text").body(()).unwrap(),
    );
    assert_eq!(response.headers()[CONTENT_TYPE], Format::OpenMetrics.content_type());
    let response = call(Request::builder().method(Method::POST).uri("/metrics").body(()).unwrap());
    assert_eq!(response.status(), 405);
}
