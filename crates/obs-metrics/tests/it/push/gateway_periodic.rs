//! Pushes that go on by themselves: at intervals, with the newest numbers, and once more at the end.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use obs_metrics::push::{AtEnd, ClientSettings, Pushgateway};

use super::stub::{Reply, Stub};
use super::{LONG, counted, pushes, quick};
use crate::recorder;

const SOON: Duration = Duration::from_millis(5);

#[test]
fn each_interval_pushes_the_numbers_of_that_moment_and_the_end_pushes_the_last() {
    let stub = Stub::script([Reply::status(200)]);
    let recorder = recorder();
    let rows = recorder.gauge("rows", &[]).unwrap();
    let gateway = Pushgateway::builder(&recorder, stub.url()).build().unwrap();
    let mut periodic = gateway.every(SOON).unwrap();
    for round in 1..=3 {
        rows.set(f64::from(round));
        let expected = format!("rows {round}.0\n");
        while !stub.next().text().contains(&expected) {}
    }
    rows.set(4.0);
    assert!(periodic.shutdown(LONG));
    let last = stub.rest().pop().unwrap();
    assert!(last.text().contains("rows 4.0\n") && last.method == "PUT");
    drop(periodic);
    assert!(stub.rest().is_empty(), "the end comes once");
}

#[test]
fn the_group_is_deleted_in_the_end_where_that_is_wished() {
    let stub = Stub::script([Reply::status(202)]);
    let recorder = recorder();
    let gateway = Pushgateway::builder(&recorder, stub.url()).at_end(AtEnd::Delete).build().unwrap();
    drop(gateway.every(LONG).unwrap());
    let seen: Vec<_> = stub.rest().into_iter().map(|request| (request.method, request.path)).collect();
    assert_eq!(seen, ["PUT", "DELETE"].map(|method| (method.to_owned(), "/metrics/job/test".to_owned())));
}

#[test]
fn an_end_keeps_its_deadline_while_the_gateway_hangs() {
    let stub = Stub::script([Reply::Hang]);
    let recorder = recorder();
    let gateway = Pushgateway::builder(&recorder, stub.url()).at_end(AtEnd::Delete).build().unwrap();
    let mut periodic = gateway.every(LONG).unwrap();
    let begun = Instant::now();
    assert!(!periodic.shutdown(Duration::from_millis(100)));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(pushes(&recorder, Pushgateway::PIPELINE), counted(&[("timed_out", 1)]));
}

#[test]
fn a_failure_is_told_and_the_next_push_goes_on() {
    let stub = Stub::script([Reply::Status(400, vec![], b"no".to_vec()), Reply::status(200)]);
    let recorder = recorder();
    let told = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&told);
    let gateway = Pushgateway::builder(&recorder, stub.url())
        .on_failure(move |error| seen.lock().unwrap().push(error.to_string()))
        .build()
        .unwrap();
    let periodic = gateway.every(SOON).unwrap();
    stub.next();
    stub.next();
    drop(periodic);
    assert_eq!(*told.lock().unwrap(), ["refused with status 400: no"]);
    let pushes = pushes(&recorder, Pushgateway::PIPELINE);
    assert_eq!(pushes.iter().find(|(result, _)| result == "rejected"), Some(&("rejected".to_owned(), 1)));
}

#[test]
fn a_push_that_is_late_is_given_up_for_the_next_with_newer_numbers() {
    let stub = Stub::start({
        let mut first = true;
        move |_| if std::mem::take(&mut first) { Reply::Close } else { Reply::status(200) }
    });
    let recorder = recorder();
    let rows = recorder.gauge("rows", &[]).unwrap();
    rows.set(1.0);
    // Its second attempt would come after the interval.
    let retry = quick().first_pause(LONG).longest_pause(LONG);
    let gateway = Pushgateway::builder(&recorder, stub.url()).retry(retry).build().unwrap();
    let periodic = gateway.every(Duration::from_millis(50)).unwrap();
    assert!(stub.next().text().contains("rows 1.0\n"));
    rows.set(2.0);
    assert!(stub.next().text().contains("rows 2.0\n"));
    drop(periodic);
}

#[test]
fn a_certificate_file_that_is_missing_is_told_before_anything_is_sent() {
    let recorder = recorder();
    let client = ClientSettings::new().request_timeout(LONG);
    let gateway = Pushgateway::builder(&recorder, "http://127.0.0.1:1").client(client).build().unwrap();
    // Without TLS there is nothing to miss; whether the gateway answers is not tried.
    drop(gateway.on_flush().unwrap());
}
