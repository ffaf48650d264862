//! Numbers of the base's sources stand in the exposition beside the recorder's own.

use std::sync::Arc;

use obs_core::keys::{Kind, Metric, metric};
use obs_core::meter::{Meter, Source};
use obs_metrics::Recorder;

use super::{base, text, value};

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
