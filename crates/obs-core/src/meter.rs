//! How parts of the base hand over their own numbers at scrape time, without knowing the metrics crate.

use std::sync::{Arc, PoisonError, RwLock};

use crate::keys::Metric;

/// Owns numbers and tells them when asked: a queue, a pool, a health registry.
///
/// Called on the thread that serves a scrape; must not block for long.
pub trait Source: Send + Sync {
    /// Reports each number it owns, once.
    fn collect(&self, meter: &mut dyn Meter);
}

/// Receives the numbers of one scrape.
pub trait Meter {
    /// A count that only grows; labels come in the order the metric declares them.
    fn counter(&mut self, metric: &'static Metric, labels: &[&str], value: u64);
    /// A value that goes up and down; labels come in the order the metric declares them.
    fn gauge(&mut self, metric: &'static Metric, labels: &[&str], value: f64);
}

/// The sources of one base, in the order they were registered.
#[derive(Default)]
pub struct Sources(RwLock<Vec<Arc<dyn Source>>>);

impl Sources {
    /// Adds a source for the life of the base.
    pub fn register(&self, source: Arc<dyn Source>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).push(source);
    }

    /// Asks each source in turn.
    pub fn collect(&self, meter: &mut dyn Meter) {
        // Cloned so that a source may register another, and so that a slow one holds no lock.
        let sources = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        for source in sources {
            source.collect(meter);
        }
    }
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let len = self.0.read().map_or(0, |sources| sources.len());
        f.debug_struct("Sources").field("len", &len).finish()
    }
}
