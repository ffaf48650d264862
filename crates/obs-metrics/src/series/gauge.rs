//! Gauges: an f64 in one atomic.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::arena::add_f64;
use super::{Make, Sample, Stored, Tail};
use crate::family::Family;

pub(crate) struct Gauges;

pub(crate) struct Gauge<T> {
    family: Arc<Family>,
    bits: AtomicU64,
    tail: T,
}

impl Make for Gauges {
    type Series<T: Tail> = Gauge<T>;

    fn make<T: Tail>(family: Arc<Family>, tail: T) -> Gauge<T> {
        Gauge { family, bits: AtomicU64::new(0), tail }
    }
}

impl<T: Tail> metrics::GaugeFn for Gauge<T> {
    #[inline]
    fn increment(&self, value: f64) {
        add_f64(&self.bits, value);
    }

    #[inline]
    fn decrement(&self, value: f64) {
        add_f64(&self.bits, -value);
    }

    #[inline]
    fn set(&self, value: f64) {
        self.bits.store(value.to_bits(), Ordering::Relaxed);
    }
}

impl<T: Tail> Stored for Gauge<T> {
    fn family(&self) -> &Arc<Family> {
        &self.family
    }

    fn text(&self) -> &[u8] {
        self.tail.text()
    }

    fn sample(&self) -> Sample<'_> {
        Sample::Gauge(f64::from_bits(self.bits.load(Ordering::Relaxed)))
    }

    fn gauge(self: Arc<Self>) -> metrics::Gauge {
        metrics::Gauge::from_arc(self)
    }
}
