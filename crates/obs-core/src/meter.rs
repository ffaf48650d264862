//! How parts of the base hand over their own numbers at scrape time, without knowing the metrics crate.

use std::any::TypeId;
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
    /// A total that only grows and is no whole number, such as seconds; labels come in the order the metric declares
    /// them. A meter that makes no difference between kinds need not have it: it is then told of a gauge.
    fn counter_f64(&mut self, metric: &'static Metric, labels: &[&str], value: f64) {
        self.gauge(metric, labels, value);
    }
}

/// The sources of one base, in the order they were registered.
#[derive(Default)]
pub struct Sources(RwLock<Vec<Registered>>);

/// A source, and its type where the base may have only one of it.
#[derive(Clone)]
struct Registered {
    only: Option<TypeId>,
    source: Arc<dyn Source>,
}

impl Sources {
    /// Adds a source for the life of the base.
    pub fn register(&self, source: Arc<dyn Source>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).push(Registered { only: None, source });
    }

    /// Adds a source unless one of its type was added so before; whether it was added. For numbers that there is
    /// one set of, which would be added up if they were told twice.
    pub fn register_once<S: Source + 'static>(&self, source: Arc<S>) -> bool {
        let only = Some(TypeId::of::<S>());
        let mut sources = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let new = sources.iter().all(|known| known.only != only);
        if new {
            sources.push(Registered { only, source });
        }
        new
    }

    /// Asks each source in turn.
    pub fn collect(&self, meter: &mut dyn Meter) {
        // Cloned so that a source may register another, and so that a slow one holds no lock.
        let sources = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        for registered in sources {
            registered.source.collect(meter);
        }
    }
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let len = self.0.read().map_or(0, |sources| sources.len());
        f.debug_struct("Sources").field("len", &len).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Kind, metric};

    struct Seconds(f64);

    impl Source for Seconds {
        fn collect(&self, meter: &mut dyn Meter) {
            meter.counter_f64(&metric::PROCESS_CPU, &[], self.0);
        }
    }

    #[derive(Default)]
    struct Values(Vec<(Kind, f64)>);

    impl Meter for Values {
        fn counter(&mut self, metric: &'static Metric, labels: &[&str], value: u64) {
            self.gauge(metric, labels, value as f64);
        }

        fn gauge(&mut self, metric: &'static Metric, _: &[&str], value: f64) {
            self.0.push((metric.kind, value));
        }
    }

    #[test]
    fn a_source_registered_once_tells_its_numbers_once() {
        let sources = Sources::default();
        assert!(sources.register_once(Arc::new(Seconds(1.5))));
        assert!(!sources.register_once(Arc::new(Seconds(2.5))));
        let mut values = Values::default();
        sources.collect(&mut values);
        assert_eq!(values.0, [(Kind::Counter, 1.5)]);
        // Any number of others may stand beside it.
        sources.register(Arc::new(Seconds(4.0)));
        sources.register(Arc::new(Seconds(4.0)));
        sources.collect(&mut values);
        assert_eq!(values.0.len(), 4);
    }
}
