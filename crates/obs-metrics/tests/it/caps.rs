//! Memory stays bounded whatever the labels are, and totals stay exact.

use metrics::{counter, with_local_recorder};
use obs_core::Declaration;
use obs_metrics::Recorder;

use super::{base, text, value};

#[test]
fn a_hundred_thousand_label_values_make_as_many_series_as_the_cap_says() {
    let recorder = Recorder::builder(base()).series_cap(100).build().unwrap();
    let mut expected = 0;
    for n in 0..100_000u64 {
        recorder.counter("x", &[("id", &n.to_string()), ("other", "1")]).unwrap().increment(n);
        expected += n;
    }
    let lines: Vec<_> =
        text(&recorder).lines().filter(|line| line.starts_with("x_total")).map(String::from).collect();
    assert_eq!(lines.len(), 100);
    let value_of = |line: &String| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap();
    assert_eq!(lines.iter().map(value_of).sum::<u64>(), expected);
    let overflow = (99..100_000u64).sum::<u64>();
    assert_eq!(lines[99], format!("x_total{{id=\"_overflow\",other=\"_overflow\"}} {overflow}"));
    assert_eq!(value(&recorder, "obs_metric_overflow_total{metric=\"x_total\"}"), Some(99_901.0));
    assert_eq!(value(&recorder, "obs_metric_series"), Some(100.0));

    // Series that were there before are still found, by either way in.
    recorder.counter("x", &[("other", "1"), ("id", "7")]).unwrap().increment(1);
    with_local_recorder(&recorder, || counter!("x_total", "id" => "7", "other" => "1").increment(1));
    assert_eq!(value(&recorder, "x_total{id=\"7\",other=\"1\"}"), Some(9.0));
    assert_eq!(value(&recorder, "obs_metric_overflow_total{metric=\"x_total\"}"), Some(99_901.0));
}

#[test]
fn an_overflowing_histogram_keeps_its_totals() {
    let recorder = Recorder::builder(base()).series_cap(2).build().unwrap();
    for n in 0..5_000 {
        let id = (n % 50).to_string();
        recorder.histogram("x", &[("id", &id)]).unwrap().observe(0.25, None);
    }
    assert_eq!(value(&recorder, "x_count{id=\"0\"}"), Some(100.0));
    assert_eq!(value(&recorder, "x_count{id=\"_overflow\"}"), Some(4_900.0));
    assert_eq!(value(&recorder, "x_sum{id=\"_overflow\"}"), Some(1_225.0));
}

#[test]
fn a_cap_of_one_leaves_the_overflow_series_only_and_unlabelled_families_need_none() {
    let recorder = Recorder::builder(base()).series_cap(1).build().unwrap();
    recorder.counter("x", &[("id", "1")]).unwrap().increment(1);
    recorder.counter("x", &[("id", "_overflow")]).unwrap().increment(1);
    recorder.counter("y", &[]).unwrap().increment(1);
    assert_eq!(value(&recorder, "x_total{id=\"_overflow\"}"), Some(2.0));
    assert_eq!(value(&recorder, "y_total"), Some(1.0));
    assert_eq!(value(&recorder, "obs_metric_series"), Some(2.0));
}

#[test]
fn all_families_together_have_a_cap_and_overflow_each_by_itself() {
    let recorder = Recorder::builder(base()).total_series_cap(10).build().unwrap();
    for n in 0..20 {
        let id = n.to_string();
        recorder.counter("x", &[("id", &id)]).unwrap().increment(1);
        recorder.gauge("y", &[("id", &id)]).unwrap().increment(1.0);
    }
    recorder.counter("plain", &[]).unwrap().increment(1);
    assert_eq!(value(&recorder, "x_total{id=\"4\"}"), Some(1.0));
    assert_eq!(value(&recorder, "x_total{id=\"_overflow\"}"), Some(15.0));
    assert_eq!(value(&recorder, "y{id=\"_overflow\"}"), Some(15.0));
    assert_eq!(value(&recorder, "plain_total"), Some(1.0));
    // Ten, an overflow series for each of the two, and the one that needs no other.
    assert_eq!(value(&recorder, "obs_metric_series"), Some(13.0));
    assert_eq!(value(&recorder, "obs_metric_series_cap"), Some(10.0));
    assert_eq!(value(&recorder, "obs_metric_overflow_total{metric=\"y\"}"), Some(15.0));
    let error = Recorder::builder(base()).total_series_cap(0).build().unwrap_err();
    assert_eq!(error.to_string(), "the total series cap is zero");
}

#[test]
fn families_are_capped_too() {
    let recorder = super::recorder();
    let refused = (0..12_000).filter(|n| recorder.gauge(&format!("x{n}"), &[]).is_err()).count();
    assert!((2_000..2_200).contains(&refused), "{refused}");
    assert_eq!(recorder.gauge("more", &[]).unwrap_err().reason(), "family_cap");
}

#[test]
fn a_declared_family_has_all_its_series_whatever_the_caps() {
    let declared = |name: &str| Declaration::counter(name).label_of("kind", ["a", "b", "c"]);
    let recorder = Recorder::builder(base())
        .series_cap(3)
        .total_series_cap(4)
        .declare(declared("placed"))
        .declare(declared("paid"))
        .build()
        .unwrap();
    for family in ["placed", "paid"] {
        for kind in ["a", "b", "c"] {
            let sample = format!("{family}_total{{kind=\"{kind}\"}}");
            assert_eq!(value(&recorder, &sample), Some(0.0), "{sample}");
        }
    }
    assert!(!text(&recorder).contains("_overflow"));
    recorder.counter("other", &[("n", "1")]).unwrap().increment(1);
    assert_eq!(value(&recorder, "other_total{n=\"_overflow\"}"), Some(1.0));
}
