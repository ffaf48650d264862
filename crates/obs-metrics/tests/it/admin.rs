//! The endpoint answers as a function of the request.

use http::{Method, Request};
use obs_metrics::{Format, admin};

use super::{recorder, value};

#[test]
fn the_answer_follows_method_path_and_accept() {
    let recorder = recorder();
    recorder.counter("x", &[]).unwrap().increment(1);
    let ask = |method: &Method, uri: &str, accept: &[&str]| {
        let mut request = Request::builder().method(method).uri(uri);
        for accept in accept {
            request = request.header("accept", *accept);
        }
        admin::respond(&recorder, &request.body(()).unwrap())
    };
    let header = |response: &http::Response<bytes::Bytes>, name: &str| {
        response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
    };

    // A scrape counts itself in the next one.
    let (text, open_metrics) = (recorder.render(Format::Text), recorder.render(Format::OpenMetrics));
    let plain = ask(&Method::GET, "/metrics?x=1", &[]);
    assert_eq!(plain.status(), 200);
    assert_eq!(header(&plain, "content-type").unwrap(), "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(plain.body(), &text);
    assert_eq!(value(&recorder, "obs_metric_scrapes_total{format=\"text\"}"), Some(1.0));
    assert_eq!(value(&recorder, "obs_metric_scrape_bytes{format=\"text\"}"), Some(text.len() as f64));

    let open =
        ask(&Method::GET, "/metrics", &["text/plain;q=0.3", "application/openmetrics-text;version=1.0.0"]);
    let expected = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores";
    assert_eq!(header(&open, "content-type").unwrap(), expected);
    let written = String::from_utf8(open_metrics).unwrap();
    let open = String::from_utf8(open.into_body().into()).unwrap();
    assert!(written.lines().all(|line| open.contains(line)), "{written}\n{open}");
    assert_eq!(value(&recorder, "obs_metric_scrapes_total{format=\"openmetrics\"}"), Some(1.0));

    let head = ask(&Method::HEAD, "/metrics", &[]);
    assert_eq!((head.status().as_u16(), head.body().len()), (200, 0));
    assert_eq!(header(&head, "content-type"), header(&plain, "content-type"));

    let post = ask(&Method::POST, "/metrics", &[]);
    assert_eq!((post.status().as_u16(), header(&post, "allow").unwrap()), (405, "GET, HEAD".to_owned()));
    assert_eq!(ask(&Method::GET, "/metrics/", &[]).status(), 404);
}

#[test]
fn an_accept_header_that_is_no_text_is_as_good_as_none() {
    let request = Request::builder().uri("/metrics");
    let request =
        request.header("accept", http::HeaderValue::from_bytes(b"\xff\xfe").unwrap()).body(()).unwrap();
    let response = admin::respond(&recorder(), &request);
    assert_eq!(response.headers()["content-type"], Format::Text.content_type());
}
