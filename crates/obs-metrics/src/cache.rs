//! Hits and misses of a cache, counted where it is looked into.

use obs_core::keys::metric;

use crate::{Counter, Recorder};

/// Counts looks into one cache in `cache_requests_total{cache,result}`; made by [`Recorder::cache`]. Clones count together.
///
/// The hit ratio is `sum by (cache) (rate(cache_requests_total{result="hit"}[5m])) / sum by (cache)
/// (rate(cache_requests_total[5m]))`; a look that failed is no hit.
#[derive(Clone, Debug)]
#[must_use = "a cache is counted by what this is told"]
pub struct Cache {
    hits: Counter,
    misses: Counter,
    errors: Counter,
}

impl Cache {
    /// What was looked for was there.
    #[inline]
    pub fn hit(&self) {
        self.hits.increment(1);
    }

    /// What was looked for was not there, or no longer good.
    #[inline]
    pub fn miss(&self) {
        self.misses.increment(1);
    }

    /// The cache could not be asked.
    #[inline]
    pub fn error(&self) {
        self.errors.increment(1);
    }

    /// Counts what a look gave, and passes it on: something, nothing, or an error.
    #[inline]
    pub fn looked<T, E>(&self, found: Result<Option<T>, E>) -> Result<Option<T>, E> {
        match &found {
            Ok(Some(_)) => self.hit(),
            Ok(None) => self.miss(),
            Err(_) => self.error(),
        }
        found
    }

    /// Counts what a look gave, and makes what was not there.
    #[inline]
    pub fn get_or<T>(&self, found: Option<T>, make: impl FnOnce() -> T) -> T {
        match found {
            Some(value) => {
                self.hit();
                value
            }
            None => {
                self.miss();
                make()
            }
        }
    }
}

impl Recorder {
    /// Counts looks into the cache called `name`, the value of the label `cache`; its series are on the next scrape, at
    /// zero. To be made once and kept: counting then looks nothing up. Names are a program's own and few, and caches of one
    /// name count together.
    ///
    /// ```
    /// # use obs_core::{Base, Resource};
    /// # let recorder = obs_metrics::Recorder::builder(Base::new(Resource::new("orders"))).build()?;
    /// let cache = recorder.cache("prices");
    /// let price = cache.get_or(None, || 7);
    /// assert_eq!(price, 7);
    /// assert_eq!(cache.looked(Ok::<_, ()>(Some(7))), Ok(Some(7)));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn cache(&self, name: &str) -> Cache {
        let metric = &metric::CACHE_REQUESTS;
        let counter = |result| {
            let labels = [(metric.labels[0], name), (metric.labels[1], result)];
            // The recorder declares our own families before any user can, so that none is refused.
            self.counter(metric.name, &labels).unwrap_or(Counter::noop())
        };
        Cache { hits: counter("hit"), misses: counter("miss"), errors: counter("error") }
    }
}
