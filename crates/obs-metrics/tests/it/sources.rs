//! Numbers of the base's sources stand in the exposition beside the recorder's own.

use std::sync::Arc;

use obs_core::keys::{Kind, Metric, metric};
use obs_core::meter::{Meter, Source};
use obs_metrics::Recorder;

use super::parse::parse;
use super::{base, open_metrics, text, value};

struct Queue(&'static str, u64);

impl Source for Queue {
    fn collect(&self, meter: &mut dyn Meter) {
        meter.counter(&metric::PIPELINE_PRODUCED, &[self.0], self.1);
        meter.gauge(&metric::PIPELINE_PENDING, &[self.0], 0.5);
    }
}

static FOREIGN: Metric =
    Metric { name: "foreign", help: "Help \"text\".", kind: Kind::Gauge, labels: &["a"] };
static LIKE_OURS: Metric = Metric { name: "obs_metric_series", help: "", kind: Kind::Counter, labels: &[] };

struct Odd;

impl Source for Odd {
    fn collect(&self, meter: &mut dyn Meter) {
        meter.gauge(&FOREIGN, &["x\"y"], 1.0);
        meter.gauge(&FOREIGN, &[], 1.0);
        meter.gauge(&FOREIGN, &["a", "b"], 1.0);
    }
}

struct Thief;

impl Source for Thief {
    fn collect(&self, meter: &mut dyn Meter) {
        meter.counter(&LIKE_OURS, &[], 1);
    }
}

#[test]
fn families_of_several_sources_are_merged_and_sorted_in() {
    let base = base();
    let recorder = Recorder::builder(Arc::clone(&base)).const_label("env", "t").build().unwrap();
    recorder.gauge("obs_pipeline_of_mine", &[]).unwrap().set(1.0);
    for queue in [Queue("a", 1), Queue("b", 2), Queue("a", 4)] {
        base.sources.register(Arc::new(queue));
    }
    let expected = r#"# HELP obs_metric_series Series held by the recorder.
# TYPE obs_metric_series gauge
obs_metric_series{env="t"} 1.0
# HELP obs_metric_series_cap Series the recorder may hold in all; further ones count in their family's overflow series.
# TYPE obs_metric_series_cap gauge
obs_metric_series_cap{env="t"} 100000.0
# TYPE obs_pipeline_of_mine gauge
obs_pipeline_of_mine{env="t"} 1.0
# HELP obs_pipeline_pending Records waiting or being sent.
# TYPE obs_pipeline_pending gauge
obs_pipeline_pending{env="t",pipeline="a"} 1.0
obs_pipeline_pending{env="t",pipeline="b"} 0.5
# HELP obs_pipeline_produced_total Records handed to this way out: delivered, dropped or pending.
# TYPE obs_pipeline_produced_total counter
obs_pipeline_produced_total{env="t",pipeline="a"} 5
obs_pipeline_produced_total{env="t",pipeline="b"} 2
"#;
    assert_eq!(text(&recorder), expected);
}

#[test]
fn what_a_source_gets_wrong_is_left_out_and_counted() {
    let base = base();
    let recorder = Recorder::builder(Arc::clone(&base)).build().unwrap();
    base.sources.register(Arc::new(Odd));
    assert_eq!(value(&recorder, "foreign{a=\"x\\\"y\"}"), Some(1.0));
    assert_eq!(value(&recorder, "obs_metric_rejected_total{reason=\"source\"}"), Some(4.0));
    // A user's series come first.
    recorder.histogram("foreign", &[]).unwrap().observe(0.1, None);
    let text = text(&recorder);
    assert!(text.contains("foreign_count 1\n") && !text.contains("foreign{"), "{text}");
    assert_eq!(text.matches("# TYPE foreign ").count(), 1);
}

#[test]
fn a_source_cannot_take_the_name_of_our_own_family() {
    let base = base();
    let recorder = Recorder::builder(Arc::clone(&base)).build().unwrap();
    base.sources.register(Arc::new(Thief));
    assert_eq!(value(&recorder, "obs_metric_series"), Some(0.0));
    assert_eq!(value(&recorder, "obs_metric_series_total"), None);
}

/// One way out with all its books, as a queue tells them.
struct Pipeline(&'static str, u64);

impl Source for Pipeline {
    fn collect(&self, meter: &mut dyn Meter) {
        meter.counter(&metric::PIPELINE_PRODUCED, &[self.0], 7 * self.1);
        meter.counter(&metric::PIPELINE_DELIVERED, &[self.0], 3 * self.1);
        meter.counter(&metric::PIPELINE_DROPPED, &[self.0, "queue_full"], self.1);
        meter.counter(&metric::PIPELINE_DROPPED, &[self.0, "io"], self.1);
        meter.gauge(&metric::PIPELINE_PENDING, &[self.0], 2.0 * self.1 as f64);
        meter.gauge(&metric::PIPELINE_PENDING_BYTES, &[self.0], 100.0 * self.1 as f64);
    }
}

#[test]
fn two_ways_out_of_one_name_share_their_series() {
    let base = base();
    let recorder = Recorder::builder(Arc::clone(&base)).build().unwrap();
    for pipeline in [Pipeline("logs_file", 1), Pipeline("traces_otlp", 5), Pipeline("logs_file", 10)] {
        base.sources.register(Arc::new(pipeline));
    }
    let expected = r#"# HELP obs_metric_series Series held by the recorder.
# TYPE obs_metric_series gauge
obs_metric_series 0.0
# HELP obs_metric_series_cap Series the recorder may hold in all; further ones count in their family's overflow series.
# TYPE obs_metric_series_cap gauge
obs_metric_series_cap 100000.0
# HELP obs_pipeline_delivered_total Records the sink has taken.
# TYPE obs_pipeline_delivered_total counter
obs_pipeline_delivered_total{pipeline="logs_file"} 33
obs_pipeline_delivered_total{pipeline="traces_otlp"} 15
# HELP obs_pipeline_dropped_total Records lost, by reason.
# TYPE obs_pipeline_dropped_total counter
obs_pipeline_dropped_total{pipeline="logs_file",reason="queue_full"} 11
obs_pipeline_dropped_total{pipeline="logs_file",reason="io"} 11
obs_pipeline_dropped_total{pipeline="traces_otlp",reason="queue_full"} 5
obs_pipeline_dropped_total{pipeline="traces_otlp",reason="io"} 5
# HELP obs_pipeline_pending Records waiting or being sent.
# TYPE obs_pipeline_pending gauge
obs_pipeline_pending{pipeline="logs_file"} 22.0
obs_pipeline_pending{pipeline="traces_otlp"} 10.0
# HELP obs_pipeline_pending_bytes Bytes of the records waiting or being sent.
# TYPE obs_pipeline_pending_bytes gauge
obs_pipeline_pending_bytes{pipeline="logs_file"} 1100.0
obs_pipeline_pending_bytes{pipeline="traces_otlp"} 500.0
# HELP obs_pipeline_produced_total Records handed to this way out: delivered, dropped or pending.
# TYPE obs_pipeline_produced_total counter
obs_pipeline_produced_total{pipeline="logs_file"} 77
obs_pipeline_produced_total{pipeline="traces_otlp"} 35
"#;
    let text = text(&recorder);
    assert_eq!(text, expected);
    // The parser refuses a sample that comes again.
    parse(&text, false).unwrap();
}

static SECONDS: Metric =
    Metric { name: "busy_seconds_total", help: "Busy.", kind: Kind::Counter, labels: &["worker"] };

/// Totals that are no whole numbers, beside one that is.
struct Busy;

impl Source for Busy {
    fn collect(&self, meter: &mut dyn Meter) {
        meter.counter_f64(&SECONDS, &["a"], 0.25);
        meter.counter_f64(&SECONDS, &["a"], 0.5);
        meter.counter_f64(&SECONDS, &["b"], 0.0);
        meter.counter(&SECONDS, &["b"], 2);
        meter.counter(&SECONDS, &["c"], 2);
        meter.counter_f64(&SECONDS, &["c"], 1e-3);
        meter.counter_f64(&SECONDS, &["d"], f64::INFINITY);
    }
}

#[test]
fn a_total_need_not_be_a_whole_number() {
    let base = base();
    let recorder = Recorder::builder(Arc::clone(&base)).build().unwrap();
    base.sources.register(Arc::new(Busy));
    let samples = r#"busy_seconds_total{worker="a"} 0.75
busy_seconds_total{worker="b"} 2.0
busy_seconds_total{worker="c"} 2.001
busy_seconds_total{worker="d"} +Inf
# HELP obs_metric_series Series held by the recorder.
# TYPE obs_metric_series gauge
obs_metric_series 0.0
# HELP obs_metric_series_cap Series the recorder may hold in all; further ones count in their family's overflow series.
# TYPE obs_metric_series_cap gauge
obs_metric_series_cap 100000.0
"#;
    let head = "# HELP busy_seconds_total Busy.\n# TYPE busy_seconds_total counter\n";
    assert_eq!(text(&recorder), format!("{head}{samples}"));
    let head = "# HELP busy_seconds Busy.\n# TYPE busy_seconds counter\n";
    assert_eq!(open_metrics(&recorder), format!("{head}{samples}# EOF\n"));
}

static BUCKETS: Metric = Metric { name: "sizes", help: "", kind: Kind::Histogram, labels: &[] };
static TOTAL: Metric = Metric { name: "items_total", help: "", kind: Kind::Counter, labels: &[] };
static SPELT_OTHERWISE: Metric = Metric { name: "items", help: "", kind: Kind::Counter, labels: &[] };
static SAME_SAMPLE: Metric = Metric { name: "items_total", help: "", kind: Kind::Gauge, labels: &[] };
static TWICE: Metric = Metric { name: "twice", help: "", kind: Kind::Gauge, labels: &["a", "a"] };
static ID: Metric = Metric { name: "id", help: "", kind: Kind::Gauge, labels: &["request_id"] };
static NO_NAME: Metric = Metric { name: "no-name", help: "", kind: Kind::Gauge, labels: &[] };
static NO_LABEL: Metric = Metric { name: "no_label", help: "", kind: Kind::Gauge, labels: &["no.label"] };
static GAUGE: Metric = Metric { name: "level", help: "", kind: Kind::Gauge, labels: &[] };

/// Tells one counter and one gauge, and then all that would spoil the text.
struct Sloppy;

impl Source for Sloppy {
    fn collect(&self, meter: &mut dyn Meter) {
        meter.counter(&TOTAL, &[], 1);
        meter.gauge(&GAUGE, &[], 1.0);
        // Of another kind than the metric.
        meter.gauge(&TOTAL, &[], 1.0);
        meter.counter(&GAUGE, &[], 1);
        meter.counter_f64(&GAUGE, &[], 1.0);
        meter.gauge(&BUCKETS, &[], 1.0);
        meter.counter(&BUCKETS, &[], 1);
        // The name of another's samples.
        meter.counter(&SPELT_OTHERWISE, &[], 1);
        meter.gauge(&SAME_SAMPLE, &[], 1.0);
        // Names that no sample may have.
        meter.gauge(&TWICE, &["1", "2"], 1.0);
        meter.gauge(&ID, &["1"], 1.0);
        meter.gauge(&NO_NAME, &[], 1.0);
        meter.gauge(&NO_LABEL, &["1"], 1.0);
        // No count.
        meter.counter_f64(&TOTAL, &[], -0.5);
        meter.counter_f64(&TOTAL, &[], f64::NAN);
    }
}

#[test]
fn a_source_that_takes_no_care_spoils_no_scrape() {
    let base = base();
    let recorder = Recorder::builder(Arc::clone(&base)).build().unwrap();
    base.sources.register(Arc::new(Sloppy));
    let expected = r#"# TYPE items_total counter
items_total 1
# TYPE level gauge
level 1.0
# HELP obs_metric_rejected_total Registrations, observations and source families refused, by reason.
# TYPE obs_metric_rejected_total counter
obs_metric_rejected_total{reason="source"} 13
# HELP obs_metric_series Series held by the recorder.
# TYPE obs_metric_series gauge
obs_metric_series 0.0
# HELP obs_metric_series_cap Series the recorder may hold in all; further ones count in their family's overflow series.
# TYPE obs_metric_series_cap gauge
obs_metric_series_cap 100000.0
"#;
    let text = text(&recorder);
    assert_eq!(text, expected);
    parse(&text, false).unwrap();
}

struct Panics;

impl Source for Panics {
    fn collect(&self, meter: &mut dyn Meter) {
        meter.gauge(&GAUGE, &[], 3.0);
        panic!("on purpose");
    }
}

#[test]
fn a_source_that_panics_takes_nothing_from_the_others() {
    let base = base();
    let recorder = Recorder::builder(Arc::clone(&base)).build().unwrap();
    base.sources.register(Arc::new(Panics));
    base.sources.register(Arc::new(Busy));
    for scrapes in 1..3 {
        let written = text(&recorder);
        assert!(written.contains("level 3.0\n") && written.contains("busy_seconds_total"), "{written}");
        let refused = format!("obs_metric_rejected_total{{reason=\"source\"}} {scrapes}\n");
        assert!(written.contains(&refused), "{written}");
    }
}

/// Asks for the exposition that it is a part of.
struct Curious(std::sync::OnceLock<Recorder>);

impl Source for Curious {
    fn collect(&self, meter: &mut dyn Meter) {
        let recorder = self.0.get().unwrap();
        let seen = text(recorder);
        assert!(seen.contains("x_total 1\n") && !seen.contains("level"), "{seen}");
        meter.gauge(&GAUGE, &[], 5.0);
    }
}

#[test]
fn a_source_that_asks_for_an_exposition_does_not_wait_for_itself() {
    let base = base();
    let recorder = Recorder::builder(Arc::clone(&base)).build().unwrap();
    recorder.counter("x", &[]).unwrap().increment(1);
    let curious = Arc::new(Curious(std::sync::OnceLock::new()));
    assert!(curious.0.set(recorder.clone()).is_ok());
    base.sources.register(curious);
    let (done, is_done) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(text(&recorder)));
    let written = is_done.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
    assert!(written.contains("level 5.0\n"), "{written}");
}
