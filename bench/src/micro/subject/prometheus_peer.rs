//! The `prometheus` crate, with label values by position as its documentation shows.

use super::Subject;
use crate::workload::{self, BUCKETS, SCRAPE_COUNTERS, SCRAPE_HISTOGRAMS, expect};
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder};
use std::hint::black_box;

const LABELS: &[&str] = &["method", "route", "status"];

fn counters() -> IntCounterVec {
    IntCounterVec::new(Opts::new("requests_total", "Requests"), LABELS).expect("valid names")
}

fn histograms() -> HistogramVec {
    let options = HistogramOpts::new("duration_seconds", "Time").buckets(BUCKETS.to_vec());
    HistogramVec::new(options, LABELS).expect("valid names and bounds")
}

/// A counter whose handle is kept.
pub(crate) fn counter_cached() -> Subject {
    let counter = counters().with_label_values(&["GET", "/users/{id}", "200"]);
    let counted = counter.clone();
    Subject::new(
        move |count| (0..count).for_each(|_| black_box(&counter).inc()),
        move |total| expect("counted", counted.get(), total),
    )
}

/// A counter found by labels that are only known at run time.
pub(crate) fn counter_dynamic() -> Subject {
    let (vector, routes) = (counters(), workload::routes());
    let (counted, all) = (vector.clone(), routes.clone());
    Subject::new(
        move |count| {
            for turn in 0..count as usize {
                vector.with_label_values(&["GET", routes[turn % routes.len()].as_str(), "200"]).inc();
            }
        },
        move |total| {
            let of = |route: &String| counted.with_label_values(&["GET", route.as_str(), "200"]).get();
            expect("counted", all.iter().map(of).sum(), total)
        },
    )
}

/// Label values of the typed rows.
fn answers() -> [[&'static str; 3]; 12] {
    workload::answers().map(|(is_post, class, cached)| {
        [
            if is_post { "POST" } else { "GET" },
            ["2xx", "4xx", "5xx"][usize::from(class)],
            if cached { "true" } else { "false" },
        ]
    })
}

fn answer_counters() -> IntCounterVec {
    IntCounterVec::new(Opts::new("answers_total", "Answers"), &["method", "class", "cached"])
        .expect("valid names")
}

/// A counter found by labels that the compiler knows, which this crate looks up as any others.
pub(crate) fn counter_typed() -> Subject {
    let (vector, labels) = (answer_counters(), answers());
    let counted = vector.clone();
    Subject::new(
        move |count| {
            for turn in 0..count as usize {
                vector.with_label_values(&labels[turn % labels.len()]).inc();
            }
        },
        move |total| {
            let of = |labels: &[&str; 3]| counted.with_label_values(labels).get();
            expect("counted", labels.iter().map(of).sum(), total)
        },
    )
}

/// The same with handles looked up once and kept in a list by hand.
pub(crate) fn counter_by_hand() -> Subject {
    let vector = answer_counters();
    let handles = answers().map(|labels| vector.with_label_values(&labels));
    let counted = handles.clone();
    Subject::new(
        move |count| {
            for turn in 0..count as usize {
                handles[turn % handles.len()].inc();
            }
        },
        move |total| expect("counted", counted.iter().map(|counter| counter.get()).sum(), total),
    )
}

/// A histogram whose handle is kept.
pub(crate) fn histogram_cached() -> Subject {
    let histogram = histograms().with_label_values(&["GET", "/users/{id}", "200"]);
    let observed = histogram.clone();
    Subject::new(
        move |count| (0..count).for_each(|turn| black_box(&histogram).observe(workload::observation(turn))),
        move |total| expect("observed", observed.get_sample_count(), total),
    )
}

/// The whole exposition.
pub(crate) fn scrape() -> Subject {
    let registry = Registry::new();
    let (counters, histograms) = (counters(), histograms());
    for series in 0..SCRAPE_COUNTERS {
        let route = format!("/r{series}");
        counters.with_label_values(&["GET", route.as_str(), "200"]).inc_by(series as u64);
    }
    for series in 0..SCRAPE_HISTOGRAMS {
        let route = format!("/r{series}");
        let histogram = histograms.with_label_values(&["GET", route.as_str(), "200"]);
        (0..3).for_each(|turn| histogram.observe(workload::observation(turn * 50)));
    }
    registry.register(Box::new(counters)).expect("registered once");
    registry.register(Box::new(histograms)).expect("registered once");
    let checked = registry.clone();
    Subject::new(
        move |count| (0..count).for_each(|_| drop(black_box(encoded(&registry)))),
        move |_| workload::check_scrape(&encoded(&checked)),
    )
}

fn encoded(registry: &Registry) -> String {
    TextEncoder::new().encode_to_string(&registry.gather()).expect("valid metrics")
}
