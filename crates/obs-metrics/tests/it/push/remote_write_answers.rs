//! What becomes of a snapshot by the server's answer: versions, partial writes, retries and losses.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use obs_metrics::Recorder;
use obs_metrics::push::{Periodic, RemoteWrite, Settings};

use super::receiver::{self, newest, written};
use super::stub::{Received, Reply, Stub};
use super::{LONG, counted, pushes, quick, samples_lost, told};
use crate::recorder;

const NAME: &str = RemoteWrite::PIPELINE;

fn start(recorder: &Recorder, stub: &Stub, settings: Settings) -> Periodic {
    recorder.counter("calls", &[]).unwrap().increment(1);
    RemoteWrite::builder(recorder, stub.url()).settings(settings).start().unwrap()
}

fn version(request: &Received) -> &str {
    request.header("x-prometheus-remote-write-version").unwrap()
}

#[test]
fn a_server_of_before_2_0_is_sent_1_0_for_good() {
    // 2.53 takes what it does not understand; others say that they do not.
    for before in [Reply::status(204), Reply::status(200), Reply::status(415)] {
        let answer = before.clone();
        let stub = Stub::start(move |request| {
            receiver::read(request);
            if version(request) == "0.1.0" { Reply::status(204) } else { answer.clone() }
        });
        let recorder = recorder();
        let periodic = start(&recorder, &stub, told());
        periodic.flush(LONG).unwrap();
        periodic.flush(LONG).unwrap();
        let requests = stub.rest();
        assert_eq!(
            requests.iter().map(version).collect::<Vec<_>>(),
            ["2.0.0", "0.1.0", "0.1.0"],
            "{before:?}"
        );
        let times = requests.iter().map(|request| receiver::read(request)[0].millis).collect::<Vec<_>>();
        assert_eq!(times[0], times[1], "nothing is lost by the change");
        assert_eq!(pushes(&recorder, NAME), counted(&[("delivered", 2)]));
        assert_eq!(samples_lost(&recorder, NAME), 0.0);
    }
}

#[test]
fn a_server_that_says_what_it_has_written_is_sent_2_0() {
    let stub = Stub::start(newest());
    let recorder = recorder();
    let periodic = start(&recorder, &stub, told());
    for _ in 0..3 {
        periodic.flush(LONG).unwrap();
    }
    assert_eq!(stub.rest().iter().map(version).collect::<Vec<_>>(), ["2.0.0"; 3]);
    assert_eq!(samples_lost(&recorder, NAME), 0.0);
}

#[test]
fn a_refusal_is_final_and_what_was_written_of_it_is_not_lost() {
    let told_errors = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&told_errors);
    let stub = Stub::start(|request| {
        let Reply::Status(_, headers, _) = written(400, receiver::read(request).len() - 2) else { panic!() };
        Reply::Status(400, headers, b"out of order sample".to_vec())
    });
    let recorder = recorder();
    let settings = told().on_failure(move |error| seen.lock().unwrap().push(error.to_string()));
    let periodic = start(&recorder, &stub, settings);
    periodic.flush(LONG).unwrap();
    assert_eq!(stub.rest().len(), 1);
    assert_eq!(pushes(&recorder, NAME), counted(&[("rejected", 1)]));
    assert_eq!(samples_lost(&recorder, NAME), 2.0);
    assert_eq!(*told_errors.lock().unwrap(), ["refused with status 400: out of order sample"]);
    let dropped = format!("obs_pipeline_dropped_total{{pipeline=\"{NAME}\",reason=\"rejected\"}}");
    assert_eq!(crate::value(&recorder, &dropped), Some(1.0));
}

#[test]
fn a_refusal_of_1_0_says_nothing_so_that_all_of_it_counts_as_lost() {
    let stub = Stub::script([Reply::status(204), Reply::status(400)]);
    let recorder = recorder();
    let periodic = start(&recorder, &stub, told());
    periodic.flush(LONG).unwrap();
    let sent = receiver::read(&stub.rest()[1]).len();
    assert_eq!(pushes(&recorder, NAME), counted(&[("rejected", 1)]));
    assert_eq!(samples_lost(&recorder, NAME), sent as f64);
}

#[test]
fn a_success_that_wrote_less_is_counted() {
    let stub = Stub::start(|request| written(204, receiver::read(request).len() - 3));
    let recorder = recorder();
    let periodic = start(&recorder, &stub, told());
    periodic.flush(LONG).unwrap();
    assert_eq!(pushes(&recorder, NAME), counted(&[("delivered", 1)]));
    assert_eq!(samples_lost(&recorder, NAME), 3.0);
}

#[test]
fn what_may_pass_later_is_sent_again_with_the_same_bytes() {
    let later = Reply::Status(429, vec![("retry-after", "0".to_owned())], vec![]);
    for reply in [later, Reply::status(500), Reply::status(503), Reply::status(599), Reply::Close] {
        let stub = Stub::script([reply.clone(), reply.clone(), written(204, 1_000)]);
        let recorder = recorder();
        let periodic = start(&recorder, &stub, told());
        periodic.flush(LONG).unwrap();
        let requests = stub.rest();
        assert_eq!(requests.len(), 3, "{reply:?}");
        assert!(requests.iter().all(|request| request.body == requests[0].body), "{reply:?}");
        assert_eq!(pushes(&recorder, NAME), counted(&[("delivered", 1)]), "{reply:?}");
    }
}

#[test]
fn a_server_that_never_recovers_costs_the_snapshot_and_not_the_next() {
    let stub = Stub::start({
        let mut newest = newest();
        move |request| {
            let calls = receiver::read(request);
            let calls = calls.iter().find(|series| series.key.starts_with("calls_total")).unwrap();
            if calls.value == 1.0 { Reply::status(500) } else { newest(request) }
        }
    });
    let recorder = recorder();
    let settings = told().retry(quick().budget(Duration::from_millis(50)));
    let periodic = start(&recorder, &stub, settings);
    periodic.flush(LONG).unwrap();
    assert!(stub.rest().len() > 1);
    recorder.counter("calls", &[]).unwrap().increment(1);
    periodic.flush(LONG).unwrap();
    assert_eq!(pushes(&recorder, NAME), counted(&[("delivered", 1), ("unreachable", 1)]));
    assert_eq!(samples_lost(&recorder, NAME), 0.0);
}
