//! The `prometheus` crate, with label values by position as its documentation shows.

use super::{BUCKETS, COUNTER, HISTOGRAM, HOSTILE, Peer, Work, in_each_bucket, route, value};
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry, TextEncoder,
};
use std::hint::black_box;
use std::ops::Range;

const LABELS: &[&str] = &["method", "route", "status"];

pub(crate) struct Prometheus {
    registry: Registry,
    counters: IntCounterVec,
    histograms: HistogramVec,
    logins: IntCounterVec,
}

impl Prometheus {
    pub(crate) fn new() -> Self {
        let registry = Registry::new();
        let counters = IntCounterVec::new(Opts::new(COUNTER, "Requests"), LABELS).expect("valid names");
        let logins = IntCounterVec::new(Opts::new(HOSTILE, "Logins"), &["user"]).expect("valid names");
        let options = HistogramOpts::new(HISTOGRAM, "Time").buckets(BUCKETS.to_vec());
        let histograms = HistogramVec::new(options, LABELS).expect("valid names and bounds");
        registry.register(Box::new(counters.clone())).expect("registered once");
        registry.register(Box::new(logins.clone())).expect("registered once");
        registry.register(Box::new(histograms.clone())).expect("registered once");
        Self { registry, counters, histograms, logins }
    }

    fn counter(&self, number: usize) -> IntCounter {
        self.counters.with_label_values(&["GET", route(number).as_str(), "200"])
    }

    fn histogram(&self, number: usize) -> Histogram {
        self.histograms.with_label_values(&["GET", route(number).as_str(), "200"])
    }
}

impl Peer for Prometheus {
    fn counting(&self) -> Work {
        let counter = self.counter(0);
        Box::new(move |turns| (0..turns).for_each(|_| black_box(&counter).inc()))
    }

    fn observing(&self) -> Work {
        let histogram = self.histogram(0);
        Box::new(move |turns| (0..turns).for_each(|turn| black_box(&histogram).observe(value(turn))))
    }

    fn add_counters(&self, numbers: Range<usize>) {
        numbers.for_each(|number| self.counter(number).inc());
    }

    fn add_histograms(&self, numbers: Range<usize>) {
        for number in numbers {
            let histogram = self.histogram(number);
            in_each_bucket().for_each(|value| histogram.observe(value));
        }
    }

    fn login(&self, user: &str) {
        self.logins.with_label_values(&[user]).inc();
    }

    fn exposition(&self) -> Vec<u8> {
        TextEncoder::new().encode_to_string(&self.registry.gather()).expect("valid metrics").into_bytes()
    }
}
