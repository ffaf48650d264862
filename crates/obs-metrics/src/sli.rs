//! Service level indicators: how many events there were that count, the valid ones, and how many of them were good.
//!
//! Requests and calls have their own families, out of which availability and latency are made; this is for what only the
//! service itself can judge.
//!
//! ```
//! use std::time::Duration;
//!
//! use obs_core::{Base, Resource};
//! use obs_metrics::sli::{LatencySli, Sli};
//! use obs_metrics::{Format, Recorder};
//!
//! let recorder = Recorder::builder(Base::new(Resource::new("orders"))).build()?;
//! let imports = Sli::new(&recorder, "imports")?;
//! imports.count(true);
//! imports.count(false);
//!
//! let quotes = LatencySli::new(&recorder, "quotes", Duration::from_millis(250))?;
//! quotes.observe(Duration::from_millis(80));
//!
//! let text = String::from_utf8(recorder.render(Format::Text))?;
//! assert!(text.contains("sli_valid_events_total{sli=\"imports\"} 2\n"));
//! assert!(text.contains("sli_good_events_total{sli=\"imports\"} 1\n"));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! Both counters are there at zero as soon as the indicator is made, so that the first bad event is one in one and not a
//! series without a past. The share of good ones over an hour is
//! `sum(rate(sli_good_events_total{sli="imports"}[1h])) / sum(rate(sli_valid_events_total{sli="imports"}[1h]))`.

use std::time::{Duration, Instant};

use obs_core::keys::metric;

use crate::{Counter, Recorder, RegisterError};

/// Counts events, and the good ones among them.
#[derive(Clone, Debug)]
pub struct Sli {
    valid: Counter,
    good: Counter,
}

impl Sli {
    /// The indicator of this name, at zero. One of the same name counts in the same series.
    ///
    /// # Errors
    ///
    /// When the recorder has the families with other labels, which a service's own metrics of these names would be.
    pub fn new(recorder: &Recorder, name: &str) -> Result<Self, RegisterError> {
        let counter = |metric: &obs_core::keys::Metric| {
            recorder.counter(metric.name, &[(metric.labels.first().copied().unwrap_or_default(), name)])
        };
        Ok(Self { valid: counter(&metric::SLI_VALID_EVENTS)?, good: counter(&metric::SLI_GOOD_EVENTS)? })
    }

    /// One event.
    pub fn count(&self, is_good: bool) {
        self.count_many(1, u64::from(is_good));
    }

    /// Events of a batch, `good` of them good; more good ones than there are events are as many as there are.
    pub fn count_many(&self, events: u64, good: u64) {
        // All of them first: a scrape reads the good ones before the others, by their names, and so finds no more good ones
        // than there were, but for processors that let it see the two in another order.
        self.valid.increment(events);
        self.good.increment(good.min(events));
    }

    /// One event that is good where `result` is.
    ///
    /// ```
    /// # use obs_core::{Base, Resource};
    /// # use obs_metrics::{Recorder, sli::Sli};
    /// # let recorder = Recorder::builder(Base::new(Resource::new("orders"))).build()?;
    /// let imports = Sli::new(&recorder, "imports")?;
    /// let number: u32 = imports.of("42".parse())?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn of<T, E>(&self, result: Result<T, E>) -> Result<T, E> {
        self.count(result.is_ok());
        result
    }
}

/// Counts events, of which those are good that took no longer than a threshold.
#[derive(Clone, Debug)]
pub struct LatencySli {
    sli: Sli,
    threshold: Duration,
}

impl LatencySli {
    /// The indicator of this name, at zero; an event is good that takes `threshold` or less.
    ///
    /// # Errors
    ///
    /// As [`Sli::new`].
    pub fn new(recorder: &Recorder, name: &str, threshold: Duration) -> Result<Self, RegisterError> {
        Ok(Self { sli: Sli::new(recorder, name)?, threshold })
    }

    /// One event that took so long.
    pub fn observe(&self, took: Duration) {
        self.sli.count(took <= self.threshold);
    }

    /// One event that failed, however long it took.
    pub fn failed(&self) {
        self.sli.count(false);
    }

    /// Begins an event, which counts when what is returned is dropped; a panic makes it a bad one.
    pub fn start(&self) -> Started<'_> {
        Started { sli: self, began: Instant::now() }
    }
}

/// An event that goes on; made by [`LatencySli::start`].
#[derive(Debug)]
#[must_use = "what is dropped at once has taken no time"]
pub struct Started<'a> {
    sli: &'a LatencySli,
    began: Instant,
}

impl Drop for Started<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.sli.failed();
        } else {
            self.sli.observe(self.began.elapsed());
        }
    }
}
