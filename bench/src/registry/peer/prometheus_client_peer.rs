//! prometheus-client, with label sets as its documentation shows: a derived struct in a family.

use super::{BUCKETS, HISTOGRAM, Peer, Work, in_each_bucket, route, value};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::hint::black_box;
use std::ops::Range;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct User {
    user: String,
}

fn labels(number: usize) -> Labels {
    Labels { method: "GET", route: route(number), status: 200 }
}

pub(crate) struct Client {
    registry: Registry,
    counters: Family<Labels, Counter>,
    histograms: Family<Labels, Histogram>,
    logins: Family<User, Counter>,
}

impl Client {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::default();
        let (counters, logins) = (Family::default(), Family::default());
        let histograms: Family<Labels, Histogram> = Family::new_with_constructor(|| Histogram::new(BUCKETS));
        // The registry adds the `_total` of both counters.
        registry.register("requests", "Requests", counters.clone());
        registry.register("logins", "Logins", logins.clone());
        registry.register(HISTOGRAM, "Time", histograms.clone());
        Self { registry, counters, histograms, logins }
    }
}

impl Peer for Client {
    fn counting(&self) -> Work {
        let counter = self.counters.get_or_create_owned(&labels(0));
        Box::new(move |turns| (0..turns).for_each(|_| _ = black_box(&counter).inc()))
    }

    fn observing(&self) -> Work {
        let histogram = self.histograms.get_or_create_owned(&labels(0));
        Box::new(move |turns| (0..turns).for_each(|turn| black_box(&histogram).observe(value(turn))))
    }

    fn add_counters(&self, numbers: Range<usize>) {
        numbers.for_each(|number| _ = self.counters.get_or_create(&labels(number)).inc());
    }

    fn add_histograms(&self, numbers: Range<usize>) {
        for number in numbers {
            let histogram = self.histograms.get_or_create_owned(&labels(number));
            in_each_bucket().for_each(|value| histogram.observe(value));
        }
    }

    fn login(&self, user: &str) {
        self.logins.get_or_create(&User { user: user.to_owned() }).inc();
    }

    fn exposition(&self) -> Vec<u8> {
        let mut written = String::new();
        text::encode(&mut written, &self.registry).expect("a string takes all text");
        written.into_bytes()
    }
}
