//! What is refused, in which words, and how a refusal shows.

use metrics::{counter, gauge, histogram, with_local_recorder};
use obs_core::keys::{Kind, metric};
use obs_metrics::{Matcher, Recorder, RegisterError};

use super::{base, recorder, text, value};

/// What the second registration is told after the first.
fn told(first: (Kind, &str, &[(&str, &str)]), second: (Kind, &str, &[(&str, &str)])) -> String {
    let recorder = recorder();
    register(&recorder, first).unwrap();
    let error = register(&recorder, second).unwrap_err();
    // The refusal leaves nothing behind.
    register(&recorder, first).unwrap();
    assert_eq!(value(&recorder, "obs_metric_series"), Some(1.0));
    format!("{}: {error}", error.reason())
}

fn register(recorder: &Recorder, what: (Kind, &str, &[(&str, &str)])) -> Result<(), RegisterError> {
    let (kind, name, labels) = what;
    match kind {
        Kind::Counter => recorder.counter(name, labels).map(drop),
        Kind::Gauge => recorder.gauge(name, labels).map(drop),
        Kind::Histogram => recorder.histogram(name, labels).map(drop),
    }
}

#[test]
fn a_refusal_names_the_family_what_was_there_and_what_came() {
    use Kind::{Counter, Gauge, Histogram};
    let check = |first, second, expected: &str| assert_eq!(told(first, second), expected);
    check(
        (Counter, "x_total", &[]),
        (Gauge, "x", &[]),
        "type: metric `x` was first registered as a counter, now as a gauge",
    );
    check(
        (Counter, "x", &[("a", ""), ("b", "")]),
        (Counter, "x", &[("c", "")]),
        "labels: metric `x` was first registered with the labels a, b, now with the labels c",
    );
    check(
        (Gauge, "x", &[("a", "")]),
        (Gauge, "x", &[]),
        "labels: metric `x` was first registered with the labels a, now with no labels",
    );
    check(
        (Histogram, "x", &[]),
        (Gauge, "x_count", &[]),
        "name_clash: metric `x_count`, a gauge, would write the sample `x_count` of the histogram `x`, registered \
         first",
    );
    check(
        (Gauge, "x_count", &[]),
        (Histogram, "x", &[]),
        "name_clash: metric `x`, a histogram, would write the sample `x_count` of the gauge `x_count`, registered \
         first",
    );
    check(
        (Gauge, "x_total", &[]),
        (Counter, "x", &[]),
        "name_clash: metric `x`, a counter, would write the sample `x_total` of the gauge `x_total`, registered \
         first",
    );
    check(
        (Gauge, "x", &[]),
        (Gauge, "y", &[("request.id", "")]),
        "id_label: metric `y` has the label `request_id`: an id makes a series of each request; exemplars carry ids",
    );
    check(
        (Gauge, "x", &[]),
        (Histogram, "y", &[("le", "")]),
        "reserved_label: metric `y` has the label `le`, a name that is reserved",
    );
    check(
        (Gauge, "x", &[]),
        (Gauge, "y", &[("a", ""), ("a", "")]),
        "repeated_label: metric `y` has the label `a` twice",
    );
    check((Gauge, "x", &[]), (Gauge, "", &[]), "name: metric with an empty name");
}

#[test]
fn labels_may_come_in_any_order_and_names_in_any_spelling() {
    let recorder = recorder();
    for (name, labels) in [
        ("a.b", [("x.y", "1"), ("z", "2")]),
        ("a-b_total", [("z", "2"), ("x-y", "1")]),
        ("a_b", [("x_y", "1"), ("z", "2")]),
        ("a_b_total", [("x_y", "1"), ("z", "2")]),
    ] {
        recorder.counter(name, &labels).unwrap().increment(1);
        for _ in 0..2 {
            with_local_recorder(&recorder, || counter!(name, &labels).increment(10));
        }
    }
    assert_eq!(value(&recorder, "a_b_total{x_y=\"1\",z=\"2\"}"), Some(84.0));
    assert_eq!(value(&recorder, "obs_metric_series"), Some(1.0));
}

#[test]
fn escaped_and_raw_values_are_not_taken_for_each_other() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        for _ in 0..3 {
            counter!("x", "a" => "\n").increment(1);
            counter!("x", "a" => "\\n").increment(10);
            counter!("x", "a" => "\",b=\"").increment(100);
        }
    });
    assert_eq!(value(&recorder, r#"x_total{a="\n"}"#), Some(3.0));
    assert_eq!(value(&recorder, r#"x_total{a="\\n"}"#), Some(30.0));
    assert_eq!(value(&recorder, r#"x_total{a="\",b=\""}"#), Some(300.0));
}

#[test]
fn through_the_facade_a_refusal_counts_nothing_and_is_told_once() {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        gauge!("x").set(1.0);
        for _ in 0..5 {
            counter!("x").increment(1);
            histogram!("y", "trace_id" => "1").record(1.0);
        }
        for n in 0..200 {
            gauge!(format!("clash_{n}"), "span_id" => "1").set(1.0);
        }
    });
    let problems = recorder.problems();
    assert_eq!(problems.len(), 64, "bounded");
    let expected = RegisterError::Type { family: "x".to_owned(), first: Kind::Gauge, now: Kind::Counter };
    assert_eq!(problems[0], expected);
    assert_eq!(problems.iter().filter(|error| error.family() == "y").count(), 1);
    assert_eq!(value(&recorder, "obs_metric_rejected_total{reason=\"type\"}"), Some(5.0));
    assert_eq!(value(&recorder, "obs_metric_rejected_total{reason=\"id_label\"}"), Some(205.0));
    assert_eq!(value(&recorder, "x"), Some(1.0));
    assert!(!text(&recorder).contains("y_bucket"));
}

#[test]
fn our_own_names_are_ours() {
    let recorder = recorder();
    for metric in metric::ALL {
        let labels: Vec<_> = metric.labels.iter().map(|&name| (name, "x")).collect();
        let other = if metric.kind == Kind::Gauge { Kind::Histogram } else { Kind::Gauge };
        assert!(register(&recorder, (other, metric.name, &labels)).is_err(), "{}", metric.name);
        let error = register(&recorder, (metric.kind, metric.name, &[("mine", "")])).unwrap_err();
        assert_eq!(error.reason(), "labels", "{error}");
    }
}

#[test]
fn what_is_no_number_is_refused_and_counted() {
    let recorder = recorder();
    let own = recorder.histogram("x", &[]).unwrap();
    own.observe(f64::NAN, None);
    metrics::Histogram::from(own.clone()).record_many(f64::NAN, 1_000);
    own.observe(1.0, None);
    assert_eq!(value(&recorder, "x_count"), Some(1.0));
    assert_eq!(value(&recorder, "x_sum"), Some(1.0));
    assert_eq!(value(&recorder, "obs_metric_rejected_total{reason=\"nan\"}"), Some(2.0));
}

#[test]
fn every_mistake_of_a_builder_is_told_at_once() {
    let error = Recorder::builder(base())
        .default_buckets([])
        .buckets(Matcher::Full("a".to_owned()), [1.0, 1.0])
        .buckets(Matcher::Full("b".to_owned()), [1.0, f64::NAN])
        .const_label("a b", "")
        .const_label("trace_id", "")
        .const_label("ok", "")
        .const_label("ok", "")
        .const_label("route", "")
        .series_cap(0)
        .build()
        .unwrap_err();
    let expected = [
        "the default buckets: there are none",
        "the buckets of Full(\"a\"): 1 is followed by 1, they must ascend",
        "the buckets of Full(\"b\"): NaN is no finite number (`+Inf` is added by itself)",
        "const label `a b`: the name must match [a-zA-Z_][a-zA-Z0-9_]*",
        "const label `trace_id`: the name is reserved",
        "const label `ok`: it is there twice",
        "const label `route`: metrics of obs itself have a label of that name",
        "the series cap is zero",
    ];
    assert_eq!(error.mistakes(), expected);
}
