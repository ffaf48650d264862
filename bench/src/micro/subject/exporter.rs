//! The `metrics` facade with metrics-exporter-prometheus, through the macros as its documentation shows.

use super::Subject;
use crate::workload::{self, BUCKETS, SCRAPE_COUNTERS, SCRAPE_HISTOGRAMS, expect};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::hint::black_box;

fn install() -> PrometheusHandle {
    let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).expect("the bounds are not empty");
    builder.install_recorder().expect("one recorder in this process")
}

/// The sum of all samples whose name is `name`.
fn sum(text: &str, name: &str) -> u64 {
    let samples = text.lines().filter(|line| {
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with('{') || rest.starts_with(' '))
    });
    samples.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

/// A counter whose handle is kept.
pub(crate) fn counter_cached() -> Subject {
    let handle = install();
    let counter = metrics::counter!("requests_total", "route" => "/users/{id}", "method" => "GET");
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
                let route = routes[turn % routes.len()].clone();
                metrics::counter!("requests_total", "method" => "GET", "route" => route, "status" => "200")
                    .increment(1);
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
    let histogram = metrics::histogram!("duration_seconds", "route" => "/users/{id}", "method" => "GET");
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
    for series in 0..SCRAPE_COUNTERS {
        let route = format!("/r{series}");
        metrics::counter!("requests_total", "method" => "GET", "route" => route, "status" => "200")
            .increment(series as u64);
    }
    for series in 0..SCRAPE_HISTOGRAMS {
        let route = format!("/r{series}");
        let labels = [("method", "GET".to_owned()), ("route", route), ("region", "eu".to_owned())];
        let histogram = metrics::histogram!("duration_seconds", &labels);
        (0..3).for_each(|turn| histogram.record(workload::observation(turn * 50)));
    }
    let rendered = handle.clone();
    Subject::new(
        move |count| (0..count).for_each(|_| drop(black_box(rendered.render()))),
        move |_| workload::check_scrape(&handle.render()),
    )
}
