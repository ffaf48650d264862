//! Handles whose caller may say which span a number belongs to; the facade's have no room for that.

use std::fmt;
use std::sync::Arc;

use obs_core::context::{self, Ids};

use crate::series::Stored;

/// A counter.
#[derive(Clone)]
#[must_use = "a counter does nothing unless it is used"]
pub struct Counter(pub(crate) Option<Arc<dyn Stored>>);

impl Counter {
    /// Counts nothing.
    pub const fn noop() -> Self {
        Self(None)
    }

    /// Adds `by`; inside a sampled span it may become the exemplar.
    #[inline]
    pub fn increment(&self, by: u64) {
        self.add(by, context::sampled());
    }

    /// Adds `by`; with `ids` it may become the exemplar, without them it does not, whatever span is open.
    #[inline]
    pub fn add(&self, by: u64, ids: Option<Ids>) {
        self.add_of(by, ids.as_ref());
    }

    #[inline]
    pub(crate) fn add_of(&self, by: u64, ids: Option<&Ids>) {
        if let Some(series) = &self.0 {
            series.add(by, ids);
        }
    }
}

/// The facade's handle.
impl From<Counter> for metrics::Counter {
    fn from(counter: Counter) -> Self {
        counter.0.map_or_else(Self::noop, |series| series.counter())
    }
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counter").finish_non_exhaustive()
    }
}

/// A histogram.
#[derive(Clone)]
#[must_use = "a histogram does nothing unless it is used"]
pub struct Histogram(pub(crate) Option<Arc<dyn Stored>>);

impl Histogram {
    /// Counts nothing.
    pub const fn noop() -> Self {
        Self(None)
    }

    /// Counts `value`; inside a sampled span it may become its bucket's exemplar. What is no number is refused and
    /// counted in `obs_metric_rejected_total{reason="nan"}`.
    #[inline]
    pub fn record(&self, value: f64) {
        self.observe(value, context::sampled());
    }

    /// As [`Histogram::record`], but with `ids` it may become the exemplar and without them it does not, whatever span
    /// is open.
    #[inline]
    pub fn observe(&self, value: f64, ids: Option<Ids>) {
        self.observe_of(value, ids.as_ref());
    }

    #[inline]
    pub(crate) fn observe_of(&self, value: f64, ids: Option<&Ids>) {
        if let Some(series) = &self.0 {
            series.observe(value, ids);
        }
    }
}

/// The facade's handle, which takes exemplars from the open span.
impl From<Histogram> for metrics::Histogram {
    fn from(histogram: Histogram) -> Self {
        histogram.0.map_or_else(Self::noop, |series| series.histogram())
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram").finish_non_exhaustive()
    }
}
