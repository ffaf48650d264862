//! How parts of the base hand over their own numbers at scrape time, without knowing the metrics crate.

use std::any::{Any, TypeId};
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

/// A source, and what tells it from others where the base may have only one of its type.
#[derive(Clone)]
struct Registered {
    only: Option<Only>,
    source: Arc<dyn Source>,
}

/// The one source of a type: its type, and itself where it may be asked for.
#[derive(Clone)]
struct Only(TypeId, Option<Arc<dyn Any + Send + Sync>>);

impl Sources {
    /// Adds a source for the life of the base.
    pub fn register(&self, source: Arc<dyn Source>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).push(Registered { only: None, source });
    }

    /// Adds a source unless one of its type was added so before; whether it was added. For numbers that there is
    /// one set of, which would be added up if they were told twice.
    pub fn register_once<S: Source + 'static>(&self, source: Arc<S>) -> bool {
        let of = TypeId::of::<S>();
        let mut sources = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let new = sources.iter().all(|known| !known.is_only(of));
        if new {
            sources.push(Registered { only: Some(Only(of, None)), source });
        }
        new
    }

    /// The one source of this type, which is made and added at the first call. For a list that is there once and
    /// grows: of runtimes, of allocators.
    pub fn only<S: Source + Default + 'static>(&self) -> Arc<S> {
        let of = TypeId::of::<S>();
        let mut sources = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let known = sources.iter().find_map(|known| match &known.only {
            Some(Only(_, Some(itself))) => Arc::clone(itself).downcast().ok(),
            _ => None,
        });
        known.unwrap_or_else(|| {
            let source = Arc::<S>::default();
            let only = Some(Only(of, Some(Arc::clone(&source) as _)));
            sources.push(Registered { only, source: Arc::clone(&source) as _ });
            source
        })
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

impl Registered {
    fn is_only(&self, of: TypeId) -> bool {
        self.only.as_ref().is_some_and(|Only(known, _)| *known == of)
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

    #[derive(Default)]
    struct Names(RwLock<Vec<f64>>);

    impl Source for Names {
        fn collect(&self, meter: &mut dyn Meter) {
            for value in self.0.read().unwrap().iter() {
                meter.gauge(&metric::PROCESS_THREADS, &[], *value);
            }
        }
    }

    #[test]
    fn the_only_source_of_a_type_is_the_same_at_each_call() {
        let sources = Sources::default();
        sources.only::<Names>().0.write().unwrap().push(1.0);
        sources.register(Arc::new(Seconds(2.0)));
        sources.only::<Names>().0.write().unwrap().push(3.0);
        assert!(!sources.register_once(Arc::new(Names::default())));
        let mut values = Values::default();
        sources.collect(&mut values);
        assert_eq!(values.0, [(Kind::Gauge, 1.0), (Kind::Gauge, 3.0), (Kind::Counter, 2.0)]);
    }
}
