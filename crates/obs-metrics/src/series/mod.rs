//! Series: a header, a cell and the rendered labels in one allocation, behind one trait.

mod arena;
mod counter;
mod exemplar;
mod exponential;
mod gauge;
mod histogram;
mod slots;
mod tail;
mod threads;

use std::sync::Arc;

use obs_core::context::Ids;
use obs_core::keys::Kind;

pub(crate) use arena::Arena;
pub(crate) use exemplar::{Exemplar, Slot};
pub(crate) use exponential::{Exponential, ZERO_THRESHOLD};
pub(crate) use histogram::Cell as HistogramCell;
pub(crate) use slots::Slots;
use tail::Tail;

use crate::family::Family;

/// A series of whatever kind and size.
pub(crate) trait Stored: Send + Sync {
    fn family(&self) -> &Arc<Family>;
    /// `a="x",b="y"`: the only copy of the labels.
    fn text(&self) -> &[u8];
    fn value(&self) -> Value<'_>;
    /// When it was registered, as [`Shared::stamp`](crate::family::Shared::stamp) tells it.
    fn created(&self) -> u32;
    /// Whether something was recorded since this was asked last; `seen` is what the asker keeps for it, 0 at first.
    fn moved(&self, seen: &mut u64) -> bool;
    /// Whether nothing is lost when it ends while it is idle: not so a level that is still to be counted down.
    fn may_end(&self) -> bool {
        true
    }
    /// The facade's handle; counts nothing for another kind, which the registry never asks.
    fn counter(self: Arc<Self>) -> metrics::Counter {
        metrics::Counter::noop()
    }
    /// As [`Stored::counter`].
    fn gauge(self: Arc<Self>) -> metrics::Gauge {
        metrics::Gauge::noop()
    }
    /// As [`Stored::counter`].
    fn histogram(self: Arc<Self>) -> metrics::Histogram {
        metrics::Histogram::noop()
    }
    /// Counts in a counter, with the exemplar of the caller's choice.
    fn add(&self, by: u64, ids: Option<&Ids>) {
        let _ = (by, ids);
    }
    /// Sets a gauge.
    fn set(&self, value: f64) {
        let _ = value;
    }
    /// Adds to a gauge.
    fn shift(&self, by: f64) {
        let _ = by;
    }
    /// Records in a histogram, with the exemplar of the caller's choice.
    fn observe(&self, value: f64, ids: Option<&Ids>) {
        let _ = (value, ids);
    }
}

/// What a scrape reads.
pub(crate) enum Value<'a> {
    Counter(u64, Option<&'a Slot>),
    /// A counter's too, but no whole number; of a source, as is everything without an exemplar.
    Total(f64),
    Gauge(f64),
    Histogram(&'a HistogramCell),
}

/// Makes series of one kind around a tail of any size.
trait Make {
    type Series<T: Tail>: Stored + 'static;
    fn make<T: Tail>(family: Arc<Family>, tail: T) -> Self::Series<T>;
}

/// A series with nothing counted.
pub(crate) fn create(family: &Arc<Family>, text: &str) -> Arc<dyn Stored> {
    match family.kind {
        Kind::Counter => tail::store::<counter::Counters>(family, text),
        Kind::Gauge => tail::store::<gauge::Gauges>(family, text),
        Kind::Histogram => tail::store::<histogram::Histograms>(family, text),
    }
}
