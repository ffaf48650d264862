//! The pools of one recorder: each under a name of its own, told of while somebody uses it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use obs_core::keys::{Metric, metric};
use obs_core::meter::{Meter, Source};

use super::timed::{Books, Entry};
use super::{PoolStats, TimedPool};
use crate::{Counter, PoolError, Recorder};

/// A pool of whatever type.
pub(super) trait Told: Send + Sync {
    fn name(&self) -> &str;
    fn tell(&self, meter: &mut dyn Meter);
}

impl<P: PoolStats> Told for Entry<P> {
    fn name(&self) -> &str {
        &self.books.name
    }

    fn tell(&self, meter: &mut dyn Meter) {
        // A user's code: one pool that panics must not take all the others off the scrape.
        let connections = catch_unwind(AssertUnwindSafe(|| self.pool.connections()));
        if let Ok(connections) = connections {
            connections.tell(&self.books.name, self.books.given_up(), meter);
        }
    }
}

/// Those of one recorder.
#[derive(Default)]
pub(crate) struct Pools(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// Whether the base asks already.
    is_source: bool,
    // Weak: a pool whose users are gone is to close its connections.
    pools: Vec<Weak<dyn Told>>,
}

impl Known {
    fn living(&mut self) -> Vec<Arc<dyn Told>> {
        self.pools.retain(|pool| pool.strong_count() > 0);
        self.pools.iter().filter_map(Weak::upgrade).collect()
    }
}

impl Source for Pools {
    fn collect(&self, meter: &mut dyn Meter) {
        let living = self.0.lock().unwrap_or_else(PoisonError::into_inner).living();
        // Out here, where no lock is held while pools are asked.
        living.iter().for_each(|pool| pool.tell(meter));
    }
}

impl Recorder {
    /// Tells of `pool` under `name`, the value of the label `pool` of its metrics. They are on the next scrape, at zero;
    /// see [`pools`](crate::pools).
    ///
    /// Names are a program's own and few. Once the last clone of what this gives is dropped, the pool is told of no more
    /// and its name may be taken again; the counts under it go on from where they were.
    ///
    /// # Errors
    ///
    /// [`PoolError`]: where a pool of that name is told of already, or the name is empty.
    pub fn pool<P: PoolStats>(&self, name: &str, pool: P) -> Result<TimedPool<P>, PoolError> {
        if name.is_empty() {
            return Err(PoolError::EmptyName);
        }
        let books = Books::new(self, name);
        let mut known = self.0.pools.0.lock().unwrap_or_else(PoisonError::into_inner);
        let living = known.living();
        if living.iter().any(|pool| pool.name() == name) {
            // Before `living`: that may be what drops a pool now.
            drop(known);
            return Err(PoolError::Taken { name: name.to_owned() });
        }
        let entry = Arc::new(Entry { books, pool });
        let told: Weak<Entry<P>> = Arc::downgrade(&entry);
        known.pools.push(told);
        let is_source = std::mem::replace(&mut known.is_source, true);
        drop(known);
        if !is_source {
            self.0.base.sources.register(Arc::<Pools>::clone(&self.0.pools));
        }
        Ok(TimedPool::new(entry))
    }

    pub(super) fn pool_counter(&self, metric: &Metric, pool: &str) -> Counter {
        // The recorder declares our own families before any user can, so that none is refused.
        self.counter(metric.name, &[(metric.labels[0], pool)]).unwrap_or(Counter::noop())
    }

    pub(super) fn pool_waits(&self, pool: &str) -> crate::Histogram {
        let metric = &metric::DB_POOL_WAIT_DURATION;
        self.histogram(metric.name, &[(metric.labels[0], pool)]).unwrap_or(crate::Histogram::noop())
    }
}
