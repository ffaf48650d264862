//! prometheus-client, with label sets as its documentation shows: a derived struct in a family.

use super::Subject;
use crate::workload::{self, BUCKETS, SCRAPE_COUNTERS, SCRAPE_HISTOGRAMS, expect};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::hint::black_box;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    method: &'static str,
    route: String,
    status: u16,
}

fn labels(route: &str) -> Labels {
    Labels { method: "GET", route: route.to_owned(), status: 200 }
}

#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelValue)]
enum Method {
    Get,
    Post,
}

#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelValue)]
enum Class {
    Ok,
    Wrong,
    Failed,
}

#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answer {
    method: Method,
    class: Class,
    cached: bool,
}

fn histograms() -> Family<Labels, Histogram> {
    Family::new_with_constructor(|| Histogram::new(BUCKETS))
}

/// A counter whose handle is kept.
pub(crate) fn counter_cached() -> Subject {
    let family = Family::<Labels, Counter>::default();
    let counter = family.get_or_create_owned(&labels("/users/{id}"));
    let counted = counter.clone();
    Subject::new(
        move |count| (0..count).for_each(|_| _ = black_box(&counter).inc()),
        move |total| expect("counted", counted.get(), total),
    )
}

/// A counter found by labels that are only known at run time.
pub(crate) fn counter_dynamic() -> Subject {
    let (family, routes) = (Family::<Labels, Counter>::default(), workload::routes());
    let (counted, all) = (family.clone(), routes.clone());
    Subject::new(
        move |count| {
            for turn in 0..count as usize {
                family.get_or_create(&labels(&routes[turn % routes.len()])).inc();
            }
        },
        move |total| {
            let sum = all.iter().map(|route| counted.get_or_create(&labels(route)).get()).sum();
            expect("counted", sum, total)
        },
    )
}

/// A counter found by labels that the compiler knows.
pub(crate) fn counter_typed() -> Subject {
    let family = Family::<Answer, Counter>::default();
    let counted = family.clone();
    let labels = workload::answers().map(|(is_post, class, cached)| Answer {
        method: if is_post { Method::Post } else { Method::Get },
        class: [Class::Ok, Class::Wrong, Class::Failed][usize::from(class)],
        cached,
    });
    Subject::new(
        move |count| {
            for turn in 0..count as usize {
                family.get_or_create(&labels[turn % labels.len()]).inc();
            }
        },
        move |total| {
            let of = |labels| counted.get_or_create(labels).get();
            expect("counted", labels.iter().map(of).sum(), total)
        },
    )
}

/// A histogram whose handle is kept.
pub(crate) fn histogram_cached() -> Subject {
    let family = histograms();
    let mut registry = Registry::default();
    registry.register("duration_seconds", "Time", family.clone());
    let histogram = family.get_or_create_owned(&labels("/users/{id}"));
    Subject::new(
        move |count| (0..count).for_each(|turn| black_box(&histogram).observe(workload::observation(turn))),
        move |total| {
            let text = encoded(&registry);
            let line = text.lines().find(|line| line.starts_with("duration_seconds_count"));
            let found = line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0);
            expect("observed", found, total)
        },
    )
}

/// The whole exposition.
pub(crate) fn scrape() -> Subject {
    let mut registry = Registry::default();
    let counters = Family::<Labels, Counter>::default();
    registry.register("requests", "Requests", counters.clone());
    for series in 0..SCRAPE_COUNTERS {
        counters.get_or_create(&labels(&format!("/r{series}"))).inc_by(series as u64);
    }
    let family = histograms();
    registry.register("duration_seconds", "Time", family.clone());
    for series in 0..SCRAPE_HISTOGRAMS {
        let histogram = family.get_or_create_owned(&labels(&format!("/r{series}")));
        (0..3).for_each(|turn| histogram.observe(workload::observation(turn * 50)));
    }
    let registry = std::rc::Rc::new(registry);
    let checked = std::rc::Rc::clone(&registry);
    Subject::new(
        move |count| (0..count).for_each(|_| drop(black_box(encoded(&registry)))),
        move |_| workload::check_scrape(&encoded(&checked)),
    )
}

fn encoded(registry: &Registry) -> String {
    let mut text = String::new();
    text::encode(&mut text, registry).expect("a string takes all text");
    text
}
