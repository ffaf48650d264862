//! Pushes on demand: a flush sends what there is and waits for it.

use std::time::Duration;

use obs_metrics::push::{Otlp, Pushgateway, RemoteWrite};

use super::stub::{Reply, Stub};
use super::{LONG, told};
use crate::recorder;

#[test]
fn without_an_interval_only_flushes_and_the_end_push() {
    let written =
        Reply::Status(204, vec![("x-prometheus-remote-write-samples-written", "1000".into())], vec![]);
    let recorder = recorder();
    recorder.counter("calls", &[]).unwrap().increment(1);
    for which in ["gateway", "remote write", "otlp"] {
        let stub = Stub::script([if which == "remote write" { written.clone() } else { Reply::status(200) }]);
        let mut periodic = match which {
            "gateway" => Pushgateway::builder(&recorder, stub.url()).build().unwrap().on_flush().unwrap(),
            "otlp" => Otlp::builder(&recorder, stub.url()).settings(told()).start().unwrap(),
            _ => RemoteWrite::builder(&recorder, stub.url()).settings(told()).start().unwrap(),
        };
        for _ in 0..2 {
            assert!(stub.rest().is_empty(), "{which}");
            periodic.flush(LONG).unwrap();
            assert_eq!(stub.rest().len(), 1, "{which}");
        }
        assert!(periodic.shutdown(LONG), "{which}");
        assert_eq!(stub.rest().len(), 1, "{which}");
    }
}

#[test]
fn a_flush_ends_at_its_deadline_and_the_push_goes_on() {
    let stub = Stub::script([Reply::Hang]);
    let recorder = recorder();
    let periodic = RemoteWrite::builder(&recorder, stub.url()).settings(told()).start().unwrap();
    let error = periodic.flush(Duration::from_millis(20)).unwrap_err();
    assert_eq!(error.to_string(), "1 records were still pending at the deadline");
}
