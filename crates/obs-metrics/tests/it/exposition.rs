//! The whole text of an exposition, in both formats.

use std::time::Duration;

use metrics::Unit;
use obs_core::keys::Kind;
use obs_core::{Base, Clock, IdSource, Resource, Timestamp};
use obs_metrics::{CreatedSamples, Matcher, Recorder};

use super::{base, open_metrics, text};

fn filled() -> Recorder {
    let recorder = Recorder::builder(base())
        .default_buckets([0.5, 1.0])
        .buckets(Matcher::Prefix("big.".to_owned()), [-1.0, 1e6])
        .const_label("env", "a\"b")
        .build()
        .unwrap();
    recorder.describe(Kind::Counter, "jobs.done_total", None, "Jobs \"done\",\nall\\of them.");
    recorder.describe(Kind::Histogram, "wait_seconds", Some(Unit::Seconds), "Waiting.");
    recorder.describe(Kind::Histogram, "wait_seconds", None, "The first description stays.");
    recorder.describe(Kind::Gauge, "seconds", Some(Unit::Seconds), "The unit is no proper suffix.");
    recorder.describe(Kind::Gauge, "described_only", None, "Nothing is written of it.");
    recorder.counter("jobs.done", &[("queue", "z"), ("how", "x\\y\nz\"")]).unwrap().increment(3);
    recorder.counter("jobs.done", &[("how", "é"), ("queue", "")]).unwrap().increment(4);
    let wait = recorder.histogram("wait_seconds", &[]).unwrap();
    for value in [0.5, 0.75, 100.0] {
        wait.observe(value, None);
    }
    recorder.histogram("big.one", &[("a", "1")]).unwrap().observe(-2.0, None);
    recorder.gauge("seconds", &[]).unwrap().set(1.5);
    recorder.gauge("limit", &[]).unwrap().set(f64::INFINITY);
    recorder.gauge("unknown", &[]).unwrap().set(f64::NAN);
    recorder
}

#[test]
fn the_text_format_is_written_like_this() {
    let expected = r#"# TYPE big_one histogram
big_one_bucket{env="a\"b",a="1",le="-1"} 1
big_one_bucket{env="a\"b",a="1",le="1e+06"} 1
big_one_bucket{env="a\"b",a="1",le="+Inf"} 1
big_one_sum{env="a\"b",a="1"} -2.0
big_one_count{env="a\"b",a="1"} 1
# HELP jobs_done_total Jobs "done",\nall\\of them.
# TYPE jobs_done_total counter
jobs_done_total{env="a\"b",queue="z",how="x\\y\nz\""} 3
jobs_done_total{env="a\"b",queue="",how="é"} 4
# TYPE limit gauge
limit{env="a\"b"} +Inf
# HELP obs_metric_series Series held by the recorder.
# TYPE obs_metric_series gauge
obs_metric_series{env="a\"b"} 7.0
# HELP obs_metric_series_cap Series the recorder may hold in all; further ones count in their family's overflow series.
# TYPE obs_metric_series_cap gauge
obs_metric_series_cap{env="a\"b"} 100000.0
# HELP seconds The unit is no proper suffix.
# TYPE seconds gauge
seconds{env="a\"b"} 1.5
# TYPE unknown gauge
unknown{env="a\"b"} NaN
# HELP wait_seconds Waiting.
# TYPE wait_seconds histogram
wait_seconds_bucket{env="a\"b",le="0.5"} 1
wait_seconds_bucket{env="a\"b",le="1"} 2
wait_seconds_bucket{env="a\"b",le="+Inf"} 3
wait_seconds_sum{env="a\"b"} 101.25
wait_seconds_count{env="a\"b"} 3
"#;
    assert_eq!(text(&filled()), expected);
}

#[test]
fn open_metrics_is_written_like_this() {
    let expected = r#"# TYPE big_one histogram
big_one_bucket{env="a\"b",a="1",le="-1.0"} 1
big_one_bucket{env="a\"b",a="1",le="1e+06"} 1
big_one_bucket{env="a\"b",a="1",le="+Inf"} 1
# HELP jobs_done Jobs \"done\",\nall\\of them.
# TYPE jobs_done counter
jobs_done_total{env="a\"b",queue="z",how="x\\y\nz\""} 3
jobs_done_total{env="a\"b",queue="",how="é"} 4
# TYPE limit gauge
limit{env="a\"b"} +Inf
# HELP obs_metric_series Series held by the recorder.
# TYPE obs_metric_series gauge
obs_metric_series{env="a\"b"} 7.0
# HELP obs_metric_series_cap Series the recorder may hold in all; further ones count in their family's overflow series.
# TYPE obs_metric_series_cap gauge
obs_metric_series_cap{env="a\"b"} 100000.0
# HELP seconds The unit is no proper suffix.
# TYPE seconds gauge
seconds{env="a\"b"} 1.5
# TYPE unknown gauge
unknown{env="a\"b"} NaN
# HELP wait_seconds Waiting.
# TYPE wait_seconds histogram
# UNIT wait_seconds seconds
wait_seconds_bucket{env="a\"b",le="0.5"} 1
wait_seconds_bucket{env="a\"b",le="1.0"} 2
wait_seconds_bucket{env="a\"b",le="+Inf"} 3
wait_seconds_sum{env="a\"b"} 101.25
wait_seconds_count{env="a\"b"} 3
# EOF
"#;
    assert_eq!(open_metrics(&filled()), expected);
}

#[test]
fn without_any_labels_no_braces_are_written() {
    let recorder = super::recorder();
    recorder.counter("a", &[]).unwrap().increment(1);
    recorder.histogram("b", &[]).unwrap().observe(0.3, None);
    let text = text(&recorder);
    assert!(text.contains("a_total 1\n"));
    assert!(text.contains("b_bucket{le=\"0.25\"} 0\nb_bucket{le=\"0.5\"} 1\n"), "{text}");
    assert!(text.contains("b_sum 0.3\nb_count 1\n"));
}

#[test]
fn an_empty_recorder_writes_its_own_number_and_the_end() {
    let expected = "# HELP obs_metric_series Series held by the recorder.\n\
        # TYPE obs_metric_series gauge\nobs_metric_series 0.0\n\
        # HELP obs_metric_series_cap Series the recorder may hold in all; further ones count in their family's \
        overflow series.\n# TYPE obs_metric_series_cap gauge\nobs_metric_series_cap 100000.0\n# EOF\n";
    assert_eq!(open_metrics(&super::recorder()), expected);
}

#[test]
fn open_metrics_tells_beginnings_when_asked_to_and_the_text_format_never() {
    let start = Timestamp::from_unix_nanos(1_700_000_000_000_000_000);
    let clock = Clock::manual(start);
    let base = Base::with(Resource::new("test"), clock.clone(), IdSource::random());
    let recorder =
        Recorder::builder(base).created_samples(CreatedSamples::On).default_buckets([1.0]).build().unwrap();
    recorder.counter("jobs", &[("n", "1")]).unwrap().increment(1);
    clock.advance(Duration::from_millis(61_250));
    recorder.counter("jobs", &[("n", "2")]).unwrap().increment(1);
    recorder.histogram("wait", &[]).unwrap().record(1.0);
    recorder.gauge("level", &[]).unwrap().set(1.0);
    let expected = r#"# TYPE jobs counter
jobs_total{n="1"} 1
jobs_created{n="1"} 1700000000.000
jobs_total{n="2"} 1
jobs_created{n="2"} 1700000061.200
# TYPE level gauge
level 1.0
"#;
    let written = open_metrics(&recorder);
    assert!(written.starts_with(expected), "{written}");
    assert!(
        written.ends_with("wait_sum 1.0\nwait_count 1\nwait_created 1700000061.200\n# EOF\n"),
        "{written}"
    );
    assert!(!text(&recorder).contains("_created"));
}
