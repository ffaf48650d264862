//! The `metrics` facade with metrics-exporter-prometheus, through the macros as its documentation shows.

use super::{BUCKETS, COUNTER, HISTOGRAM, HOSTILE, Peer, Work, in_each_bucket, route, value};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::hint::black_box;
use std::ops::Range;

pub(crate) struct Exporter(PrometheusHandle);

impl Exporter {
    pub(crate) fn new() -> Self {
        let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).expect("the bounds are not empty");
        Self(builder.install_recorder().expect("one recorder in this process"))
    }
}

fn counter(number: usize) -> metrics::Counter {
    metrics::counter!(COUNTER, "method" => "GET", "route" => route(number), "status" => "200")
}

fn histogram(number: usize) -> metrics::Histogram {
    metrics::histogram!(HISTOGRAM, "method" => "GET", "route" => route(number), "status" => "200")
}

impl Peer for Exporter {
    fn counting(&self) -> Work {
        let counter = counter(0);
        Box::new(move |turns| (0..turns).for_each(|_| black_box(&counter).increment(1)))
    }

    fn observing(&self) -> Work {
        let histogram = histogram(0);
        Box::new(move |turns| (0..turns).for_each(|turn| black_box(&histogram).record(value(turn))))
    }

    fn add_counters(&self, numbers: Range<usize>) {
        numbers.for_each(|number| counter(number).increment(1));
    }

    fn add_histograms(&self, numbers: Range<usize>) {
        for number in numbers {
            let histogram = histogram(number);
            in_each_bucket().for_each(|value| histogram.record(value));
        }
    }

    fn login(&self, user: &str) {
        metrics::counter!(HOSTILE, "user" => user.to_owned()).increment(1);
    }

    fn exposition(&self) -> Vec<u8> {
        self.0.render().into_bytes()
    }

    fn upkeep(&self) {
        self.0.run_upkeep();
    }
}
