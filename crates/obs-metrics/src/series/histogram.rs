//! Histograms: fixed bounds shared by the family, counts and sum in atomics until hot, then in each thread's cells.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use obs_core::context::{self, Ids};

use super::arena::{HOT, add_f64};
use super::exemplar::{Exemplar, Slot};
use super::{Exponential, Make, Stored, Tail, Value};
use crate::error::Rejection;
use crate::family::Family;

pub(crate) struct Histograms;

pub(crate) struct Series<T> {
    cell: Cell,
    tail: T,
}

/// What is counted, apart from the text: the last bucket is `+Inf`, and the cell after it holds the sum.
#[derive(Debug)]
pub(crate) struct Cell {
    family: Arc<Family>,
    cold: Box<[AtomicU64]>,
    // Two boxes, so that a histogram without exemplars has one word for them.
    exemplars: OnceLock<Box<Box<[Slot]>>>,
    /// The native buckets beside the fixed ones, where the family has them.
    exponential: Option<Box<Exponential>>,
    run: AtomicU32,
    created: u32,
}

impl Make for Histograms {
    type Series<T: Tail> = Series<T>;

    fn make<T: Tail>(family: Arc<Family>, tail: T) -> Series<T> {
        let cold = (0..family.bounds.len() + 2).map(|_| AtomicU64::new(0)).collect();
        let (exponential, created) = (family.native.then(Box::default), family.shared.stamp());
        let (exemplars, run) = (OnceLock::new(), AtomicU32::new(0));
        let cell = Cell { family, cold, exemplars, exponential, run, created };
        Series { cell, tail }
    }
}

impl Cell {
    pub(crate) fn bounds(&self) -> &[f64] {
        &self.family.bounds
    }

    #[inline]
    fn observe(&self, value: f64, ids: Option<&Ids>) {
        let bucket = self.count_in(value, 1);
        if let Some(bucket) = bucket
            && let Some(ids) = ids
            && self.family.shared.exemplars
        {
            self.exemplars()[bucket].offer(value, ids);
        }
    }

    /// The same with the open span.
    #[inline]
    fn observe_open(&self, value: f64, times: u64) {
        let bucket = self.count_in(value, times);
        if let Some(bucket) = bucket
            && context::is_open()
        {
            self.remember_open(bucket, value);
        }
    }

    #[inline(never)]
    fn remember_open(&self, bucket: usize, value: f64) {
        let is_due = self.exemplars.get().is_none_or(|slots| slots[bucket].is_due());
        if self.family.shared.exemplars
            && is_due
            && let Some(ids) = context::sampled()
        {
            self.exemplars()[bucket].offer(value, &ids);
        }
    }

    /// Counts `value` `times` over, in a time that does not depend on `times`; the bucket it fell in.
    #[inline]
    fn count_in(&self, value: f64, times: u64) -> Option<usize> {
        let Some(bucket) = self.bucket(value) else {
            self.family.shared.reject(Rejection::Nan);
            return None;
        };
        let (sum, by) = (self.family.bounds.len() + 1, if times == 1 { value } else { value * times as f64 });
        let run = self.run.load(Ordering::Relaxed);
        if run != 0 {
            let mine = self.family.shared.arena.mine();
            mine.add(run + bucket as u32, times);
            mine.add_f64(run + sum as u32, by);
        } else {
            let old = self.cold[bucket].fetch_add(times, Ordering::Relaxed);
            add_f64(&self.cold[sum], by);
            if old / HOT != old.wrapping_add(times) / HOT {
                self.family.shared.arena.promote(&self.run, self.cold.len() as u32);
            }
        }
        if let Some(exponential) = &self.exponential {
            exponential.observe(value, times);
        }
        Some(bucket)
    }

    /// The first bucket whose bound is not below `value`; `None` for what is no number and so in no bucket.
    #[inline]
    fn bucket(&self, value: f64) -> Option<usize> {
        if value.is_nan() {
            return None;
        }
        let bounds = self.bounds();
        Some(if bounds.len() <= 16 {
            bounds.iter().position(|&bound| value <= bound).unwrap_or(bounds.len())
        } else {
            bounds.partition_point(|&bound| bound < value)
        })
    }

    #[inline]
    fn exemplars(&self) -> &[Slot] {
        self.exemplars.get_or_init(|| Box::new((0..=self.bounds().len()).map(|_| Slot::default()).collect()))
    }

    /// The count of one bucket alone, not of those below it.
    pub(crate) fn count(&self, bucket: usize) -> u64 {
        let cold = self.cold[bucket].load(Ordering::Relaxed);
        match self.run.load(Ordering::Relaxed) {
            0 => cold,
            run => cold.wrapping_add(self.family.shared.arena.total(run + bucket as u32)),
        }
    }

    pub(crate) fn sum(&self) -> f64 {
        let at = self.bounds().len() + 1;
        let cold = f64::from_bits(self.cold[at].load(Ordering::Relaxed));
        match self.run.load(Ordering::Relaxed) {
            0 => cold,
            run => cold + self.family.shared.arena.total_f64(run + at as u32),
        }
    }

    pub(crate) fn exemplar(&self, bucket: usize) -> Option<Exemplar> {
        self.exemplars.get()?[bucket].read()
    }

    pub(crate) fn exponential(&self) -> Option<&Exponential> {
        self.exponential.as_deref()
    }

    fn total(&self) -> u64 {
        (0..=self.bounds().len()).map(|bucket| self.count(bucket)).fold(0, u64::wrapping_add)
    }
}

impl<T: Tail> metrics::HistogramFn for Series<T> {
    #[inline]
    fn record(&self, value: f64) {
        self.cell.observe_open(value, 1);
    }

    fn record_many(&self, value: f64, count: usize) {
        if count > 0 {
            self.cell.observe_open(value, count as u64);
        }
    }
}

impl<T: Tail> Stored for Series<T> {
    fn family(&self) -> &Arc<Family> {
        &self.cell.family
    }

    fn text(&self) -> &[u8] {
        self.tail.text()
    }

    fn value(&self) -> Value<'_> {
        Value::Histogram(&self.cell)
    }

    fn created(&self) -> u32 {
        self.cell.created
    }

    fn moved(&self, seen: &mut u64) -> bool {
        let total = self.cell.total();
        std::mem::replace(seen, total) != total
    }

    fn histogram(self: Arc<Self>) -> metrics::Histogram {
        metrics::Histogram::from_arc(self)
    }

    fn observe(&self, value: f64, ids: Option<&Ids>) {
        self.cell.observe(value, ids);
    }
}
