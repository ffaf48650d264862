//! Single pushes into a Pushgateway: what is sent where, and what the errors and the books say.

use std::error::Error;
use std::io::Read;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use obs_metrics::push::{ClientSettings, Compression, PushError, Pushgateway, PushgatewayBuilder};
use obs_metrics::{Format, Recorder};

use super::stub::{Reply, Stub};
use super::{LONG, counted, pushes, quick};
use crate::{recorder, value};

const NAME: &str = Pushgateway::PIPELINE;

fn builder(recorder: &Recorder, stub: &Stub) -> PushgatewayBuilder {
    Pushgateway::builder(recorder, stub.url()).retry(quick())
}

#[test]
fn a_push_puts_an_add_posts_and_a_delete_deletes() {
    let stub = Stub::script([Reply::status(200), Reply::status(200), Reply::status(202)]);
    let recorder = recorder();
    recorder.counter("rows", &[("table", "a")]).unwrap().increment(3);
    let gateway = builder(&recorder, &stub).job("night/ly").label("instance", "a b").build().unwrap();
    let body = recorder.render(Format::Text);
    gateway.push(LONG).unwrap();
    let put = stub.next();
    let path = "/metrics/job@base64/bmlnaHQvbHk/instance/a%20b";
    assert_eq!((put.method.as_str(), put.path.as_str()), ("PUT", path));
    assert_eq!(put.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!((put.header("content-encoding"), put.header("authorization")), (None, None));
    assert_eq!(put.body, body);
    gateway.add(LONG).unwrap();
    let post = stub.next();
    assert_eq!((post.method.as_str(), post.path.as_str()), ("POST", path));
    assert!(post.text().contains("rows_total{table=\"a\"} 3\n"));
    gateway.delete(LONG).unwrap();
    let delete = stub.next();
    assert_eq!((delete.method.as_str(), delete.path.as_str(), delete.body.len()), ("DELETE", path, 0));
    assert_eq!(pushes(&recorder, NAME), counted(&[("delivered", 2)]));
    let last =
        value(&recorder, "obs_metric_push_last_success_timestamp_seconds{pipeline=\"metrics_pushgateway\"}");
    assert!(last.unwrap() > 1.6e9);
}

#[test]
fn a_group_that_is_built_again_counts_on() {
    let stub = Stub::script([Reply::status(200)]);
    let recorder = recorder();
    for _ in 0..2 {
        builder(&recorder, &stub).build().unwrap().push(LONG).unwrap();
    }
    builder(&recorder, &stub).pipeline("another").build().unwrap().push(LONG).unwrap();
    assert_eq!(pushes(&recorder, NAME), counted(&[("delivered", 2)]));
    assert_eq!(pushes(&recorder, "another"), counted(&[("delivered", 1)]));
    let last =
        value(&recorder, "obs_metric_push_last_success_timestamp_seconds{pipeline=\"metrics_pushgateway\"}");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    assert!(last.unwrap() <= now, "two times are not added up");
}

#[test]
fn the_job_is_the_service_and_a_path_of_the_gateway_stays_before_it() {
    let stub = Stub::script([Reply::status(200)]);
    let recorder = recorder();
    let gateway = Pushgateway::builder(&recorder, format!("{}/gateway/", stub.url())).build().unwrap();
    gateway.push(LONG).unwrap();
    assert_eq!(stub.next().path, "/gateway/metrics/job/test");
}

#[test]
fn a_body_may_go_as_gzip() {
    let stub = Stub::script([Reply::status(200)]);
    let recorder = recorder();
    let gateway = builder(&recorder, &stub).compression(Compression::Gzip).build().unwrap();
    let body = recorder.render(Format::Text);
    gateway.push(LONG).unwrap();
    let request = stub.next();
    assert_eq!(request.header("content-encoding"), Some("gzip"));
    let mut read = Vec::new();
    GzDecoder::new(request.body.as_slice()).read_to_end(&mut read).unwrap();
    assert_eq!(read, body);
}

#[test]
fn a_refusal_has_the_gateways_words_and_is_not_tried_again() {
    let words = b"pushed metrics are invalid or inconsistent with existing metrics\n";
    let stub = Stub::script([Reply::Status(400, vec![], words.to_vec())]);
    let recorder = recorder();
    let gateway = builder(&recorder, &stub).build().unwrap();
    let error = gateway.push(LONG).unwrap_err();
    let PushError::Refused(refusal) = &error else { panic!("{error:?}") };
    assert_eq!(refusal.status, 400);
    assert_eq!(
        error.to_string(),
        "refused with status 400: pushed metrics are invalid or inconsistent with existing metrics"
    );
    stub.next();
    assert!(stub.rest().is_empty());
    assert_eq!(pushes(&recorder, NAME), counted(&[("rejected", 1)]));
}

#[test]
fn wrong_credentials_are_refused_and_never_printed() {
    let stub = Stub::start(|request| match request.header("authorization") {
        Some("Basic am9iOmh1bnRlcjI=") => Reply::status(200),
        _ => Reply::status(401),
    });
    let recorder = recorder();
    let with = |password: &str| {
        let client = ClientSettings::new().basic_auth("job", password).unwrap();
        builder(&recorder, &stub).client(client).build().unwrap()
    };
    let error = with("hunter3").push(LONG).unwrap_err();
    assert!(matches!(&error, PushError::Refused(refusal) if refusal.status == 401), "{error:?}");
    let good = with("hunter2");
    good.push(LONG).unwrap();
    assert!(!format!("{good:?}").contains("hunter2") && !format!("{good:?}").contains("am9i"));
}

#[test]
fn a_gateway_that_is_down_is_given_up_with_the_reason() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let recorder = recorder();
    let retry = quick().budget(Duration::from_millis(50));
    let gateway = Pushgateway::builder(&recorder, format!("http://{address}")).retry(retry).build().unwrap();
    let error = gateway.push(LONG).unwrap_err();
    assert!(matches!(error, PushError::Unreachable { attempts: 2.., .. }), "{error:?}");
    assert_eq!(error.source().unwrap().to_string(), "connection failed");
    assert_eq!(pushes(&recorder, NAME), counted(&[("unreachable", 1)]));
}

#[test]
fn a_gateway_that_starts_anew_is_tried_again() {
    let stub = Stub::script([Reply::status(503), Reply::Close, Reply::status(200)]);
    let recorder = recorder();
    builder(&recorder, &stub).build().unwrap().push(LONG).unwrap();
    let bodies: Vec<_> = stub.rest().into_iter().map(|request| request.body).collect();
    assert!(bodies.len() == 3 && bodies.iter().all(|body| *body == bodies[0]));
    assert_eq!(pushes(&recorder, NAME), counted(&[("delivered", 1)]));
}

#[test]
fn the_deadline_holds_while_the_gateway_hangs() {
    let stub = Stub::script([Reply::Hang]);
    let recorder = recorder();
    let gateway = builder(&recorder, &stub).build().unwrap();
    let begun = Instant::now();
    let error = gateway.push(Duration::from_millis(100)).unwrap_err();
    assert!(matches!(error, PushError::Deadline { .. }), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(pushes(&recorder, NAME), counted(&[("timed_out", 1)]));
}

#[test]
fn a_push_may_be_made_inside_of_a_runtime() {
    let stub = Stub::script([Reply::status(200)]);
    let recorder = recorder();
    let gateway = builder(&recorder, &stub).build().unwrap();
    let current = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let multi = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    current.block_on(async { gateway.push(LONG) }).unwrap();
    let own = gateway.clone();
    multi.block_on(multi.spawn(async move { own.add(LONG) })).unwrap().unwrap();
    current.block_on(gateway.push_async(LONG)).unwrap();
    multi.block_on(gateway.add_async(LONG)).unwrap();
    multi.block_on(gateway.delete_async(LONG)).unwrap();
    let methods: Vec<_> = stub.rest().into_iter().map(|request| request.method).collect();
    assert_eq!(methods, ["PUT", "POST", "PUT", "POST", "DELETE"]);
    assert_eq!(pushes(&recorder, NAME), counted(&[("delivered", 4)]));
}

#[test]
fn every_mistake_is_told_at_once() {
    let recorder = recorder();
    let error = Pushgateway::builder(&recorder, "gateway:9091").job("").label("a-b", "").build().unwrap_err();
    assert_eq!(
        error.mistakes(),
        [
            "endpoint does not begin with http://",
            "the job is empty",
            "grouping label `a-b`: the name must match [a-zA-Z_][a-zA-Z0-9_]*",
        ]
    );
}
