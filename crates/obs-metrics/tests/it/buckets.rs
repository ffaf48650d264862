//! Which bounds a histogram gets, and when.

use metrics::{histogram, with_local_recorder};
use obs_core::keys::metric;
use obs_metrics::{Buckets, DEFAULT_BUCKETS, Matcher, Recorder};

use super::{base, recorder, text, value};

/// The bounds that a family has, without `+Inf`.
fn bounds(recorder: &Recorder, family: &str) -> Vec<f64> {
    let start = format!("{family}_bucket{{");
    let text = text(recorder);
    let lines = text.lines().filter(|line| line.starts_with(&start));
    let bounds = lines.map(|line| line.split("le=\"").nth(1).unwrap().split('"').next().unwrap());
    bounds.filter(|bound| *bound != "+Inf").map(|bound| bound.parse().unwrap()).collect()
}

fn observe(recorder: &Recorder, names: &[&str]) {
    for name in names {
        recorder.histogram(name, &[]).unwrap().observe(0.0, None);
    }
}

#[test]
fn the_first_rule_that_matches_decides_whatever_its_kind() {
    let (full, prefix, suffix) = (
        Matcher::Full("in.all_bytes".to_owned()),
        Matcher::Prefix("in.".to_owned()),
        Matcher::Suffix(".bytes".to_owned()),
    );
    let check = |rules: [(&Matcher, f64); 3], expected: [f64; 4]| {
        let mut builder = Recorder::builder(base()).default_buckets([9.0]);
        for (matcher, bound) in rules {
            builder = builder.buckets(matcher.clone(), [bound]);
        }
        let recorder = builder.build().unwrap();
        observe(&recorder, &["in.all.bytes", "in.bytes", "out.bytes", "out"]);
        let families = ["in_all_bytes", "in_bytes", "out_bytes", "out"];
        assert_eq!(families.map(|family| bounds(&recorder, family)), expected.map(|bound| vec![bound]));
    };
    check([(&full, 1.0), (&prefix, 2.0), (&suffix, 3.0)], [1.0, 2.0, 3.0, 9.0]);
    check([(&suffix, 3.0), (&prefix, 2.0), (&full, 1.0)], [3.0, 3.0, 3.0, 9.0]);
    check([(&prefix, 2.0), (&prefix, 4.0), (&suffix, 3.0)], [2.0, 2.0, 3.0, 9.0]);
}

#[test]
fn all_buckets_take_the_place_of_those_given_before() {
    let recorder = Recorder::builder(base())
        .default_buckets([1.0])
        .buckets(Matcher::Prefix("a".to_owned()), [2.0])
        .all_buckets(Buckets::new().rule(Matcher::Prefix("b".to_owned()), [3.0]))
        .build()
        .unwrap();
    observe(&recorder, &["a", "b"]);
    assert_eq!(bounds(&recorder, "a"), DEFAULT_BUCKETS);
    assert_eq!(bounds(&recorder, "b"), [3.0]);
}

#[test]
fn new_buckets_are_for_families_that_come_after_them() {
    let recorder = Recorder::builder(base()).default_buckets([1.0]).build().unwrap();
    recorder.histogram("old", &[("n", "1")]).unwrap().observe(0.5, None);
    let new = Buckets::new().default_bounds([2.0]).rule(Matcher::Suffix(".bytes".to_owned()), [3.0, 4.0]);
    recorder.set_buckets(new).unwrap();

    // A further series of a family that is known has the bounds of the family.
    recorder.histogram("old", &[("n", "2")]).unwrap().observe(0.5, None);
    observe(&recorder, &["new", "new_bytes"]);
    with_local_recorder(&recorder, || histogram!("told").record(0.5));
    assert_eq!(bounds(&recorder, "old"), [1.0, 1.0]);
    assert_eq!(value(&recorder, "old_bucket{n=\"2\",le=\"1\"}"), Some(1.0));
    assert_eq!(bounds(&recorder, "new"), [2.0]);
    assert_eq!(bounds(&recorder, "new_bytes"), [3.0, 4.0]);
    assert_eq!(bounds(&recorder, "told"), [2.0]);

    // The request metrics are there from the beginning, also before the first request.
    let duration = metric::HTTP_REQUEST_DURATION.name;
    recorder.histogram(duration, &[("route", "/"), ("method", "GET")]).unwrap().observe(0.5, None);
    assert_eq!(bounds(&recorder, duration), [1.0]);

    // Clones share them, other recorders do not.
    let other = super::recorder();
    other.set_buckets(Buckets::new().default_bounds([7.0])).unwrap();
    observe(&recorder.clone(), &["later"]);
    assert_eq!(bounds(&recorder, "later"), [2.0]);
}

#[test]
fn buckets_with_a_mistake_change_nothing() {
    let recorder = recorder();
    let new = Buckets::new()
        .default_bounds([])
        .rule(Matcher::Full("a".to_owned()), [5.0])
        .rule(Matcher::Prefix("b".to_owned()), [2.0, 1.0])
        .rule(Matcher::Suffix("c".to_owned()), [f64::INFINITY]);
    let error = recorder.set_buckets(new).unwrap_err();
    let expected = [
        "the default buckets: there are none",
        "the buckets of Prefix(\"b\"): 2 is followed by 1, they must ascend",
        "the buckets of Suffix(\"c\"): inf is no finite number (`+Inf` is added by itself)",
    ];
    assert_eq!(error.mistakes(), expected);
    observe(&recorder, &["a"]);
    assert_eq!(bounds(&recorder, "a"), DEFAULT_BUCKETS);
}
