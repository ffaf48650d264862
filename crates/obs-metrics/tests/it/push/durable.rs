//! A snapshot that nobody took is sent by the next process, in front of its own.

use std::time::Duration;

use obs_core::{Base, Clock, IdSource, Resource, Timestamp};
use obs_export::http::Retry;
use obs_export::journal;
use obs_metrics::Recorder;
use obs_metrics::push::{Periodic, RemoteWrite};

use super::receiver::{self, newest};
use super::stub::{Reply, Stub};
use super::{LONG, told};

/// A process that has counted so many calls at this second, and sends by a journal.
fn process(folder: &std::path::Path, stub: &Stub, second: u64, calls: u64) -> Periodic {
    let clock = Clock::manual(Timestamp::from_unix_nanos(second * 1_000_000_000));
    let recorder =
        Recorder::builder(Base::with(Resource::new("till"), clock, IdSource::seeded(1))).build().unwrap();
    recorder.counter("calls", &[]).unwrap().increment(calls);
    let patient = Retry::new().first_pause(Duration::from_millis(1)).budget(Duration::MAX);
    let settings = told().retry(patient).durable(journal::Settings::new(folder));
    RemoteWrite::builder(&recorder, stub.url()).settings(settings).start().unwrap()
}

#[test]
fn what_one_process_could_not_send_the_next_one_sends_first() {
    let folder = std::env::temp_dir().join(format!("obs-metrics-durable-{}", std::process::id()));
    let away = Stub::start(|_| Reply::status(503));
    let mut first = process(&folder, &away, 1_000, 3);
    assert!(first.flush(Duration::from_millis(50)).is_err());
    first.shutdown(Duration::ZERO);
    drop(first);
    let there = Stub::start(newest());
    let second = process(&folder, &there, 2_000, 5);
    second.flush(LONG).unwrap();
    let calls = |request| {
        let series = receiver::read(&request);
        let calls = series.iter().find(|series| series.key.starts_with("calls_total")).unwrap();
        (calls.millis, calls.value)
    };
    let came: Vec<_> = there.rest().into_iter().map(calls).collect();
    // The end of the first took one more, where there was time.
    assert_eq!((came.first(), came.last()), (Some(&(1_000_000, 3.0)), Some(&(2_000_000, 5.0))), "{came:?}");
    drop(second);
    std::fs::remove_dir_all(&folder).unwrap();
}
