//! How parts of the base hand over their own numbers at scrape time, without knowing the metrics crate.

use std::any::{Any, TypeId};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};

use crate::keys::Metric;

/// Owns numbers and tells them when asked: a queue, a pool, a health registry.
///
/// Called on the thread that serves a scrape; must not block for long, and sees none of the sources' numbers should it
/// ask for an exposition itself.
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

/// The one source of a type: its type, and itself.
#[derive(Clone)]
struct Only(TypeId, Arc<dyn Any + Send + Sync>);

impl Sources {
    /// Adds a source for the life of the base.
    pub fn register(&self, source: Arc<dyn Source>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).push(Registered { only: None, source });
    }

    /// Adds a source unless one of its type was added so before, or by [`Sources::only`]; whether it was added. For numbers
    /// that there is one set of, which would be added up if they were told twice.
    pub fn register_once<S: Source + 'static>(&self, source: Arc<S>) -> bool {
        let of = TypeId::of::<S>();
        let mut sources = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let new = sources.iter().all(|known| !known.is_only(of));
        if new {
            let only = Some(Only(of, Arc::clone(&source) as _));
            sources.push(Registered { only, source });
        }
        new
    }

    /// The one source of this type, which is made and added at the first call. For a list that is there once and
    /// grows: of runtimes, of allocators.
    pub fn only<S: Source + Default + 'static>(&self) -> Arc<S> {
        let of = TypeId::of::<S>();
        let mut sources = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let known = sources.iter().find_map(|known| match &known.only {
            Some(Only(_, itself)) => Arc::clone(itself).downcast().ok(),
            None => None,
        });
        known.unwrap_or_else(|| {
            let source = Arc::<S>::default();
            let only = Some(Only(of, Arc::clone(&source) as _));
            sources.push(Registered { only, source: Arc::clone(&source) as _ });
            source
        })
    }

    /// Asks each source in turn. Returns how many of them panicked, and so may have told less than they have: one that does
    /// takes no other's numbers away.
    pub fn collect(&self, meter: &mut dyn Meter) -> usize {
        // Cloned so that a source may register another, and so that a slow one holds no lock.
        let sources = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        let panics = |registered: &Registered| {
            catch_unwind(AssertUnwindSafe(|| registered.source.collect(meter))).is_err()
        };
        sources.iter().map(panics).filter(|panicked| *panicked).count()
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

    #[derive(Default)]
    struct Listed;

    impl Source for Listed {
        fn collect(&self, meter: &mut dyn Meter) {
            meter.gauge(&metric::PROCESS_THREADS, &[], 1.0);
        }
    }

    #[test]
    fn the_only_source_of_a_type_is_there_once_however_it_came() {
        let sources = Sources::default();
        assert!(sources.register_once(Arc::new(Listed)));
        let _ = sources.only::<Listed>();
        let mut values = Values::default();
        assert_eq!(sources.collect(&mut values), 0);
        assert_eq!(values.0.len(), 1);
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
