//! What is sent by remote write: series, labels, times, exemplars, and the same in both versions.

use std::sync::Arc;
use std::time::Duration;

use obs_core::{Base, Clock, IdSource, Resource, Timestamp};
use obs_metrics::Recorder;
use obs_metrics::push::{RemoteWrite, RemoteWriteBuilder, WriteVersion};

use super::receiver::{self, Series, newest};
use super::stub::{Reply, Stub};
use super::{LONG, counted, pushes, told};
use crate::{recorder, root};

const NAME: &str = RemoteWrite::PIPELINE;

fn builder(recorder: &Recorder, stub: &Stub) -> RemoteWriteBuilder {
    RemoteWrite::builder(recorder, format!("{}/api/v1/write", stub.url())).settings(told())
}

fn find<'a>(series: &'a [Series], key: &str) -> &'a Series {
    series.iter().find(|series| series.key == key).unwrap_or_else(|| panic!("{key} in {series:#?}"))
}

/// One of each kind, with exemplars.
fn measured(base: &Arc<Base>) -> Recorder {
    let recorder = Recorder::builder(Arc::clone(base))
        .default_buckets([0.5, 1.0])
        .const_label("zone", "z1")
        .build()
        .unwrap();
    recorder.describe(
        obs_core::keys::Kind::Histogram,
        "wait_seconds",
        Some(metrics::Unit::Seconds),
        "A wait.",
    );
    base.clock.now();
    let context = root(true);
    let ids = Some(context.ids());
    recorder.counter("calls", &[("to", "a\"b\\c\nd"), ("Also", "1"), ("none", "")]).unwrap().add(3, ids);
    recorder.gauge("level", &[]).unwrap().set(-2.5);
    recorder.histogram("wait_seconds", &[("job", "own")]).unwrap().observe(0.7, ids);
    recorder
}

fn base_at(millis: u64) -> Arc<Base> {
    let mut resource = Resource::new("till");
    resource.instance = Some("box-7".to_owned());
    resource.set("service.namespace", "shops");
    let clock = Clock::manual(Timestamp::from_unix_nanos(millis * 1_000_000));
    Base::with(resource, clock, IdSource::seeded(1))
}

#[test]
fn series_are_sent_sorted_with_job_and_instance_start_and_metadata() {
    let stub = Stub::start(newest());
    let base = base_at(1_700_000_000_000);
    let recorder = measured(&base);
    let periodic = builder(&recorder, &stub).label("site", "north").start().unwrap();
    base.clock.advance(Duration::from_millis(1_500));
    periodic.flush(LONG).unwrap();
    let request = stub.next();
    assert_eq!(request.path, "/api/v1/write");
    let series = receiver::read(&request);
    assert!(series.iter().all(|series| series.millis == 1_700_000_001_500));

    let rest = r#"instance="box-7",job="shops/till",site="north""#;
    let calls = find(&series, &format!(r#"calls_total{{Also="1",{rest},to="a\"b\\c\nd",zone="z1"}}"#));
    assert_eq!((calls.value, calls.start), (3.0, 1_700_000_000_000));
    assert_eq!(calls.metadata, Some((1, String::new(), String::new())));
    let level = find(&series, &format!(r#"level{{{rest},zone="z1"}}"#));
    assert_eq!((level.value, level.start), (-2.5, 0));

    // A label of its own goes before that of all.
    let own = r#"instance="box-7",job="own""#;
    let (le, after) = (r#"le="#, r#"site="north",zone="z1""#);
    for (bound, value) in [("0.5", 0.0), ("1.0", 1.0), ("+Inf", 1.0)] {
        let key = format!(r#"wait_seconds_bucket{{{own},{le}"{bound}",{after}}}"#);
        let bucket = find(&series, &key);
        assert_eq!((bucket.value, bucket.exemplars.len()), (value, usize::from(bound == "1.0")), "{key}");
        assert_eq!(bucket.metadata, Some((3, "A wait.".to_owned(), "seconds".to_owned())));
    }
    assert_eq!(find(&series, &format!("wait_seconds_sum{{{own},{after}}}")).value, 0.7);
    assert_eq!(find(&series, &format!("wait_seconds_count{{{own},{after}}}")).value, 1.0);
    drop(periodic);
}

#[test]
fn the_classic_version_says_the_same() {
    let base = base_at(1_700_000_000_000);
    let recorder = measured(&base);
    let sent = |version| {
        let stub = Stub::start(newest());
        let periodic = builder(&recorder, &stub).version(version).start().unwrap();
        periodic.flush(LONG).unwrap();
        let series = receiver::read(&stub.next());
        // Of the way out itself there is more the second time.
        series.into_iter().filter(|series| !series.key.starts_with("obs_")).collect::<Vec<_>>()
    };
    let mut second = sent(WriteVersion::Negotiated);
    let first = sent(WriteVersion::V1);
    for series in &mut second {
        assert!(series.metadata.take().is_some());
        series.start = 0;
    }
    assert_eq!(first, second);
    assert!(first.iter().any(|series| !series.exemplars.is_empty()));
}

#[test]
fn an_exemplar_is_sent_once_with_its_ids_and_time() {
    let stub = Stub::start(newest());
    // Later than the clock of the machine, which is the one that exemplars have.
    let recorder = Recorder::builder(base_at(4_000_000_000_000)).build().unwrap();
    let calls = recorder.counter("calls", &[]).unwrap();
    let context = root(true);
    let ids = context.ids();
    Clock::system().now();
    calls.add(1, Some(ids));
    let periodic = builder(&recorder, &stub).start().unwrap();
    let exemplars = || {
        periodic.flush(LONG).unwrap();
        find(&receiver::read(&stub.next()), r#"calls_total{instance="box-7",job="shops/till"}"#)
            .exemplars
            .clone()
    };
    let [(labels, value, millis)] = exemplars().try_into().unwrap();
    assert_eq!(labels, format!("span_id=\"{}\",trace_id=\"{}\"", ids.span_id, ids.trace_id));
    assert!(value == 1.0 && millis > 1_600_000_000_000);
    assert_eq!(exemplars(), []);
}

#[test]
fn no_sample_is_out_of_order_whatever_the_clock_does() {
    // The receiver refuses what is not newer.
    let stub = Stub::start(newest());
    let base = base_at(1_700_000_000_000);
    let recorder = Recorder::builder(Arc::clone(&base)).build().unwrap();
    recorder.counter("calls", &[]).unwrap().increment(1);
    let periodic = builder(&recorder, &stub).start().unwrap();
    let back = |millis: u64| Duration::from_nanos((millis * 1_000_000).wrapping_neg());
    let mut times = Vec::new();
    for step in [
        Duration::ZERO,
        Duration::ZERO,
        back(300),
        back(60_000),
        Duration::from_secs(30),
        Duration::from_secs(40),
    ] {
        base.clock.advance(step);
        periodic.flush(LONG).unwrap();
        times.extend(stub.rest().iter().map(|request| receiver::read(request)[0].millis - 1_700_000_000_000));
    }
    assert_eq!(times, [0, 1, 2, 9_700]);
    assert_eq!(pushes(&recorder, NAME), counted(&[("delivered", 4), ("skipped", 2)]));
}

#[test]
fn many_series_are_sent_in_several_requests_that_are_whole_each() {
    let stub = Stub::start(newest());
    let recorder = Recorder::builder(crate::base()).series_cap(30_000).build().unwrap();
    for n in 0..25_000 {
        recorder.gauge("level", &[("n", &n.to_string())]).unwrap().set(f64::from(n));
    }
    let periodic = builder(&recorder, &stub).start().unwrap();
    periodic.flush(LONG).unwrap();
    let requests: Vec<_> = stub.rest().iter().map(receiver::read).collect();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.len() <= 10_000));
    let levels = requests.iter().flatten().filter(|series| series.key.starts_with("level{"));
    let sum: f64 = levels.clone().map(|series| series.value).sum();
    assert_eq!((levels.count(), sum), (25_000, 312_487_500.0));
}

#[test]
fn every_mistake_is_told_at_once() {
    let recorder = recorder();
    let built = RemoteWrite::builder(&recorder, "box:9090").label("a-b", "1").label("le", "1").start();
    let reserved = "label `le`: the name is reserved";
    assert_eq!(
        built.unwrap_err().mistakes(),
        [
            "endpoint does not begin with http://",
            "label `a-b`: the name must match [a-zA-Z_][a-zA-Z0-9_]*",
            reserved
        ]
    );
}

#[test]
fn each_interval_and_the_end_send_a_snapshot() {
    let stub = Stub::start(newest());
    let recorder = recorder();
    let level = recorder.gauge("level", &[]).unwrap();
    let settings = told().interval(Duration::from_millis(5));
    let mut periodic = builder(&recorder, &stub).settings(settings).start().unwrap();
    let value =
        |request: &super::stub::Received| find(&receiver::read(request), r#"level{job="test"}"#).value;
    for round in [1.0, 2.0] {
        level.set(round);
        while value(&stub.next()) != round {}
    }
    level.set(3.0);
    assert!(periodic.shutdown(LONG));
    assert_eq!(value(stub.rest().last().unwrap()), 3.0);
}

#[test]
fn what_does_not_fit_waits_no_longer_than_memory_lasts() {
    let stub = Stub::start({
        let mut newest = newest();
        let mut first = true;
        move |request| if std::mem::take(&mut first) { Reply::Hang } else { newest(request) }
    });
    let recorder = recorder();
    recorder.gauge("level", &[]).unwrap().set(1.0);
    let settings = told().capacity_bytes(6_000);
    let mut periodic = builder(&recorder, &stub).settings(settings).start().unwrap();
    for _ in 0..20 {
        let _ = periodic.flush(Duration::ZERO);
    }
    let dropped = format!("obs_pipeline_dropped_total{{pipeline=\"{NAME}\",reason=\"queue_full\"}}");
    let dropped = crate::value(&recorder, &dropped).unwrap();
    assert!((1.0..20.0).contains(&dropped), "{dropped}");
    assert!(!periodic.shutdown(Duration::from_millis(50)));
}
