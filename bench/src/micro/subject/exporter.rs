//! The `metrics` facade with metrics-exporter-prometheus, through the macros as its documentation shows.

use super::Subject;
use crate::workload::{self, BUCKETS, expect, sum};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::hint::black_box;

fn install() -> PrometheusHandle {
    let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).expect("the bounds are not empty");
    builder.install_recorder().expect("one recorder in this process")
}

/// A counter whose handle is kept.
pub(crate) fn counter_cached() -> Subject {
    let handle = install();
    let counter = workload::facade_counter();
    Subject::new(
        move |count| (0..count).for_each(|_| black_box(&counter).increment(1)),
        move |total| expect("counted", sum(&handle.render(), "requests_total"), total),
    )
}

/// A counter found by labels that are only known at run time.
pub(crate) fn counter_dynamic() -> Subject {
    let (handle, routes) = (install(), workload::routes());
    Subject::new(
        move |count| {
            for turn in 0..count as usize {
                workload::facade_count(&routes[turn % routes.len()]);
            }
        },
        move |total| expect("counted", sum(&handle.render(), "requests_total"), total),
    )
}

/// A histogram whose handle is kept. Every sample stays in memory until it is drained, which a service
/// pays for too, so each batch ends with the upkeep.
pub(crate) fn histogram_cached() -> Subject {
    let handle = install();
    let upkeep = handle.clone();
    let histogram = workload::facade_histogram();
    Subject::new(
        move |count| {
            (0..count).for_each(|turn| black_box(&histogram).record(workload::observation(turn)));
            upkeep.run_upkeep();
        },
        move |total| expect("observed", sum(&handle.render(), "duration_seconds_count"), total),
    )
}

/// The whole exposition.
pub(crate) fn scrape() -> Subject {
    let handle = install();
    workload::facade_scrape();
    let rendered = handle.clone();
    Subject::new(
        move |count| (0..count).for_each(|_| drop(black_box(rendered.render()))),
        move |_| workload::check_scrape(&handle.render()),
    )
}
