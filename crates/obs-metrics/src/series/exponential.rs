//! Native histograms: buckets whose bounds are powers of the eighth root of two (schema 3), counted without a lock in a
//! fixed amount of memory.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Each power of two is cut into so many buckets: 2 to the power of the schema.
const PARTS: usize = 8;

/// The schema that values are counted by.
pub(crate) const SCHEMA: i32 = 3;

/// The powers of two that have buckets: about a billionth up to a thousand million millions. What is nearer to zero
/// counts in the zero bucket, what is further from it in the last one.
const LOWEST: i32 = -30;
const OCTAVES: usize = 80;

/// How far from zero a value may be and still be counted there: 2^-30.
pub(crate) const ZERO_THRESHOLD: f64 = 1.0 / (1u64 << 30) as f64;

/// More buckets than this are merged, two into one, before they are written: what client libraries of Prometheus take
/// for a limit.
const MOST: usize = 160;

/// The bounds within one power of two, but for the last, which is two: 2^(1/8), 2^(2/8) and so on.
const BOUNDS: [f64; PARTS - 1] = [
    1.0905077326652577,
    1.189207115002721,
    1.2968395546510096,
    std::f64::consts::SQRT_2,
    1.5422108254079407,
    1.681792830507429,
    1.8340080864093424,
];

/// The buckets of one series.
#[derive(Debug, Default)]
pub(crate) struct Exponential {
    zero: AtomicU64,
    positive: Side,
    /// Few series ever see a value below zero.
    negative: OnceLock<Box<Side>>,
}

/// An octave's counts are allocated when the first value falls in it.
#[derive(Debug)]
struct Side([OnceLock<Box<[AtomicU64; PARTS]>>; OCTAVES]);

impl Default for Side {
    fn default() -> Self {
        Self([const { OnceLock::new() }; OCTAVES])
    }
}

impl Side {
    #[inline]
    fn observe(&self, value: f64, times: u64) {
        let (octave, part) = place(value);
        let counts = self.0[octave].get_or_init(Box::default);
        counts[part].fetch_add(times, Ordering::Relaxed);
    }

    /// Bucket numbers and counts, ascending, without those that are empty.
    fn read(&self) -> Vec<(i32, u64)> {
        let mut buckets = Vec::new();
        for (octave, counts) in self.0.iter().enumerate() {
            let Some(counts) = counts.get() else { continue };
            for (part, count) in counts.iter().enumerate() {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    let number = (octave as i32 + LOWEST) * PARTS as i32 + part as i32 + 1;
                    buckets.push((number, count));
                }
            }
        }
        buckets
    }
}

/// The octave and the part of it that a positive value above the zero threshold falls in. A bucket's upper bound belongs
/// to it: a power of two is the last part of the octave below.
#[inline]
fn place(value: f64) -> (usize, usize) {
    let bits = value.to_bits();
    // Numbers too small for a full mantissa are far below the threshold.
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1_023;
    let mantissa = f64::from_bits(bits & ((1 << 52) - 1) | 1_023 << 52);
    let (octave, part) = if mantissa == 1.0 {
        (exponent - 1, PARTS - 1)
    } else {
        (exponent, BOUNDS.iter().position(|&bound| mantissa <= bound).unwrap_or(PARTS - 1))
    };
    match usize::try_from(octave - LOWEST) {
        Ok(octave) if octave < OCTAVES => (octave, part),
        Ok(_) => (OCTAVES - 1, PARTS - 1),
        Err(_) => (0, 0),
    }
}

/// The buckets as a scrape writes them.
#[derive(Debug, PartialEq)]
pub(crate) struct Buckets {
    pub(crate) schema: i32,
    pub(crate) zero: u64,
    /// Bucket numbers and counts, ascending: number `i` ends at 2^(i / 2^schema).
    pub(crate) positive: Vec<(i32, u64)>,
    pub(crate) negative: Vec<(i32, u64)>,
}

impl Buckets {
    pub(crate) fn count(&self) -> u64 {
        let sides = self.positive.iter().chain(&self.negative).map(|&(_, count)| count);
        sides.fold(self.zero, u64::wrapping_add)
    }
}

impl Exponential {
    /// Counts what is a number.
    #[inline]
    pub(crate) fn observe(&self, value: f64, times: u64) {
        if value > ZERO_THRESHOLD {
            self.positive.observe(value, times);
        } else if value < -ZERO_THRESHOLD {
            self.negative.get_or_init(Box::default).observe(-value, times);
        } else {
            self.zero.fetch_add(times, Ordering::Relaxed);
        }
    }

    pub(crate) fn read(&self) -> Buckets {
        let mut positive = self.positive.read();
        let mut negative = self.negative.get().map(|side| side.read()).unwrap_or_default();
        let mut schema = SCHEMA;
        while positive.len() + negative.len() > MOST {
            merge(&mut positive);
            merge(&mut negative);
            schema -= 1;
        }
        Buckets { schema, zero: self.zero.load(Ordering::Relaxed), positive, negative }
    }
}

/// Two buckets that end up in the same one of half the resolution become one.
fn merge(buckets: &mut Vec<(i32, u64)>) {
    for (number, _) in buckets.iter_mut() {
        // Rounded up, also below zero: bucket 2i-1 and 2i lie in i.
        *number = (*number + 1).div_euclid(2);
    }
    buckets.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 = kept.1.wrapping_add(next.1);
        }
        same
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(value: f64) -> i32 {
        let exponential = Exponential::default();
        exponential.observe(value, 1);
        let [(number, 1)] = exponential.read().positive[..] else { panic!("{value}") };
        number
    }

    #[test]
    fn bounds_belong_to_the_bucket_below() {
        assert_eq!(number(1.0), 0);
        assert_eq!(number(1.0 + f64::EPSILON), 1);
        assert_eq!(number(2.0), 8);
        assert_eq!(number(0.5), -8);
        assert_eq!(number(std::f64::consts::SQRT_2), 4);
        assert_eq!(number(2f64.powi(-29)), 8 * -29);
        assert_eq!(number(f64::INFINITY), 8 * 50);
        assert_eq!(number(1e300), 8 * 50);
    }

    #[test]
    fn what_is_near_zero_or_below_it_is_counted_too() {
        let exponential = Exponential::default();
        for value in [0.0, -0.0, 1e-10, -1e-10, f64::MIN_POSITIVE / 2.0] {
            exponential.observe(value, 2);
        }
        exponential.observe(-3.0, 1);
        exponential.observe(f64::NEG_INFINITY, 1);
        let read = exponential.read();
        assert_eq!((read.zero, read.count()), (10, 12));
        assert_eq!(read.negative, [(13, 1), (400, 1)]);
    }

    #[test]
    fn too_many_buckets_are_merged_and_lose_no_count() {
        let exponential = Exponential::default();
        for at in 0..600 {
            exponential.observe(2f64.powf(f64::from(at) / 8.0 - 29.5), 1);
        }
        let read = exponential.read();
        assert_eq!(read.count(), 600);
        assert!(read.positive.len() <= MOST && read.schema < SCHEMA, "{read:?}");
        assert!(read.positive.is_sorted_by(|a, b| a.0 < b.0));
    }

    proptest! {
        #[test]
        fn a_value_lies_between_the_bounds_of_its_bucket(exponent in -29.0f64..49.0) {
            let value = 2f64.powf(exponent);
            let bound = |number: i32| 2f64.powf(f64::from(number) / 8.0);
            let number = number(value);
            // The last digit of a power is the library's own affair.
            prop_assert!(value <= bound(number) * (1.0 + 1e-14), "{value} {number}");
            prop_assert!(value > bound(number - 1) * (1.0 - 1e-14), "{value} {number}");
        }
    }
}
