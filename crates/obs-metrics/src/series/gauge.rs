//! Gauges: an f64 in one atomic.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::arena::add_f64;
use super::{Make, Stored, Tail, Value};
use crate::family::Family;

pub(crate) struct Gauges;

pub(crate) struct Gauge<T> {
    family: Arc<Family>,
    bits: AtomicU64,
    created: u32,
    /// Whether it was written since a sweep looked: a gauge that is set to what it was is not idle.
    touched: AtomicBool,
    /// Whether it was ever counted up or down: it is then a level, and who counted it up will count it down again.
    is_level: AtomicBool,
    tail: T,
}

impl Make for Gauges {
    type Series<T: Tail> = Gauge<T>;

    fn make<T: Tail>(family: Arc<Family>, tail: T) -> Gauge<T> {
        let created = family.shared.stamp();
        let (touched, is_level) = (AtomicBool::new(false), AtomicBool::new(false));
        Gauge { family, bits: AtomicU64::new(0), created, touched, is_level, tail }
    }
}

impl<T: Tail> Gauge<T> {
    /// Read first: the line is written anyway, but a store more than needed would be one for each set.
    #[inline]
    fn touch(&self) {
        if !self.touched.load(Ordering::Relaxed) {
            self.touched.store(true, Ordering::Relaxed);
        }
    }

    #[inline]
    fn add(&self, by: f64) {
        add_f64(&self.bits, by);
        self.touch();
        if !self.is_level.load(Ordering::Relaxed) {
            self.is_level.store(true, Ordering::Relaxed);
        }
    }
}

impl<T: Tail> metrics::GaugeFn for Gauge<T> {
    #[inline]
    fn increment(&self, value: f64) {
        self.add(value);
    }

    #[inline]
    fn decrement(&self, value: f64) {
        self.add(-value);
    }

    #[inline]
    fn set(&self, value: f64) {
        self.bits.store(value.to_bits(), Ordering::Relaxed);
        self.touch();
    }
}

impl<T: Tail> Stored for Gauge<T> {
    fn family(&self) -> &Arc<Family> {
        &self.family
    }

    fn text(&self) -> &[u8] {
        self.tail.text()
    }

    fn value(&self) -> Value<'_> {
        Value::Gauge(f64::from_bits(self.bits.load(Ordering::Relaxed)))
    }

    fn created(&self) -> u32 {
        self.created
    }

    fn moved(&self, _: &mut u64) -> bool {
        self.touched.swap(false, Ordering::Relaxed)
    }

    fn may_end(&self) -> bool {
        !self.is_level.load(Ordering::Relaxed) || f64::from_bits(self.bits.load(Ordering::Relaxed)) == 0.0
    }

    fn gauge(self: Arc<Self>) -> metrics::Gauge {
        metrics::Gauge::from_arc(self)
    }

    fn set(&self, value: f64) {
        metrics::GaugeFn::set(self, value);
    }

    fn shift(&self, by: f64) {
        metrics::GaugeFn::increment(self, by);
    }
}
