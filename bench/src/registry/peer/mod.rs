//! The registries that are measured, each behind one trait: a file for each, one list.

mod exporter;
mod obs;
mod prometheus_client_peer;
mod prometheus_peer;

use std::ops::Range;

/// Does something so many times.
pub(crate) type Work = Box<dyn Fn(u64) + Send + Sync>;

/// Bounds of every histogram, in seconds; the infinite one comes on top.
pub(crate) const BUCKETS: [f64; 8] = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
/// The counter family as its samples are called, the histogram family, and the one that anybody's values go to.
pub(crate) const COUNTER: &str = "requests_total";
pub(crate) const HISTOGRAM: &str = "duration_seconds";
pub(crate) const HOSTILE: &str = "logins_total";

/// A registry; made once in a process, as some are global.
pub(crate) trait Peer: Sync {
    /// Increments through a kept handle, all in the series number 0.
    fn counting(&self) -> Work;
    /// Observations through a kept handle, all in the series number 0.
    fn observing(&self) -> Work;
    /// Makes counter series of these numbers, each counted in once.
    fn add_counters(&self, numbers: Range<usize>);
    /// Makes histogram series of these numbers, each observed in once for every bucket.
    fn add_histograms(&self, numbers: Range<usize>);
    /// Counts once under a label value of somebody else's choice.
    fn login(&self, user: &str);
    /// Everything as text.
    fn exposition(&self) -> Vec<u8>;
    /// Tidies up what counting left for later.
    fn upkeep(&self) {}
}

/// How many series a registry may hold, where it has a cap.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caps {
    /// As it comes.
    Default,
    /// More than any task makes.
    Raised,
}

/// A name in the tables and how it is made.
pub(crate) struct Named {
    pub(crate) name: &'static str,
    pub(crate) make: fn(Caps) -> Box<dyn Peer>,
}

/// All of them; the variants of obs differ in how things are counted.
pub(crate) const ALL: &[Named] = &[
    Named { name: "obs", make: |caps| Box::new(obs::Obs::new(caps, obs::Way::Macros)) },
    Named { name: "obs, cold cells", make: |caps| Box::new(obs::Obs::new(caps, obs::Way::Cold)) },
    Named { name: "obs, exemplars", make: |caps| Box::new(obs::Obs::new(caps, obs::Way::Sampled)) },
    Named { name: "obs, vector", make: |caps| Box::new(obs::Obs::new(caps, obs::Way::Vector)) },
    Named { name: "metrics-exporter-prometheus", make: |_| Box::new(exporter::Exporter::new()) },
    Named { name: "prometheus-client", make: |_| Box::new(prometheus_client_peer::Client::new()) },
    Named { name: "prometheus", make: |_| Box::new(prometheus_peer::Prometheus::new()) },
];

/// The one called `name`.
pub(crate) fn find(name: &str) -> Option<&'static Named> {
    ALL.iter().find(|named| named.name == name)
}

/// The route of the series `number`: with method and status, 49 bytes of labels.
fn route(number: usize) -> String {
    format!("/api/v1/{number:07}")
}

/// One value in each bucket.
fn in_each_bucket() -> impl Iterator<Item = f64> {
    BUCKETS.into_iter().chain([10.0])
}

/// How many observations a histogram series gets when it is made.
pub(crate) const EACH_BUCKET: u64 = BUCKETS.len() as u64 + 1;

/// Values in all buckets, one after the other, without arithmetic that would be measured too.
#[inline]
fn value(turn: u64) -> f64 {
    const VALUES: [f64; 16] =
        [0.004, 0.3, 0.04, 0.02, 0.7, 0.08, 0.006, 4.0, 0.03, 0.2, 1.7, 0.09, 0.4, 0.04, 9.0, 0.01];
    VALUES[(turn % 16) as usize]
}
