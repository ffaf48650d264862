//! How long requests of each route take, as far as is needed to say which are longer than 99 of 100.
//!
//! Each route has a histogram of [`BUCKETS`] buckets, eight to each doubling from 1 µs to 134 s, so that a bound is at
//! most an eighth above what it bounds. A request is slow when it is longer than the upper bound of the bucket that
//! holds the 99th percentile of those before it: the threshold is never below that percentile, and at most 12.5 %
//! above it (and up to as many requests late as stand between two looks, [`LOOK_EVERY`]). Once a histogram has
//! [`HALVE_AT`] requests, all counts are halved: what was usual some thousand requests ago is forgotten.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, TryLockError};
use std::time::Duration;

use crate::context::Route;

/// How many routes are looked at; those beyond are never slow.
const ROUTES: usize = 1_000;
/// A power of two, so that with all routes in it places are found at once.
const PLACES: usize = 2_048;
/// Buckets to each doubling.
const PER_OCTAVE: usize = 8;
/// Doublings from the first bound on.
const OCTAVES: usize = 27;
/// Below the first bound, those above, and one beyond the last.
const BUCKETS: usize = 1 + OCTAVES * PER_OCTAVE + 1;
/// The first bound, in nanoseconds, as a power of two: 1.024 µs.
const FIRST: u32 = 10;
/// How many requests there must be before any is slow.
const LEAST: u32 = 100;
/// How often the threshold is looked for.
const LOOK_EVERY: u32 = 16;
/// At how many requests the counts are halved.
const HALVE_AT: u32 = 8_192;

/// What is usual on each route, of 1,000 of them at most, each in 1 KiB.
///
/// A request is unusual when it is longer than 99 of 100 of its route: than the upper bound of the histogram's bucket in
/// which that percentile lies, which is at most an eighth above it. None is among the first hundred of a route.
pub struct Quantiles {
    places: Box<[OnceLock<Box<Place>>]>,
    taken: AtomicU64,
}

struct Place {
    route: Route,
    /// What is longer than this many nanoseconds is slow.
    threshold: AtomicU64,
    histogram: Mutex<Histogram>,
}

impl Quantiles {
    /// No route was seen yet.
    #[must_use]
    pub fn new() -> Self {
        Self { places: (0..PLACES).map(|_| OnceLock::new()).collect(), taken: AtomicU64::new(0) }
    }

    /// Takes one more request into account; whether it took no longer than is usual. Never waits.
    pub fn observe(&self, route: Route, duration: Duration) -> bool {
        let Some(place) = self.place(route) else { return true };
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let is_usual = nanos <= place.threshold.load(Ordering::Relaxed);
        let mut histogram = match place.histogram.try_lock() {
            Ok(histogram) => histogram,
            Err(TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned),
            // One request more or less makes no difference, waiting would.
            Err(TryLockError::WouldBlock) => return is_usual,
        };
        if let Some(threshold) = histogram.add(nanos) {
            place.threshold.store(threshold, Ordering::Relaxed);
        }
        is_usual
    }

    fn place(&self, route: Route) -> Option<&Place> {
        let text = route.as_str().as_bytes();
        let tail = text.last_chunk().map_or(0, |tail| u64::from_le_bytes(*tail));
        let mixed = (tail ^ (text.len() as u64) << 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let first = (mixed >> 40) as usize;
        for step in 0..PLACES {
            let place = self.places.get((first + step) % PLACES)?;
            let known = match place.get() {
                Some(known) => known,
                None => {
                    if self.taken.fetch_add(1, Ordering::Relaxed) >= ROUTES as u64 {
                        self.taken.fetch_sub(1, Ordering::Relaxed);
                        return None;
                    }
                    if place.set(Box::new(Place::new(route))).is_err() {
                        // Another thread was here first; it is its own that is looked at.
                        self.taken.fetch_sub(1, Ordering::Relaxed);
                    }
                    place.get()?
                }
            };
            if known.route == route {
                return Some(known);
            }
        }
        None
    }
}

impl Default for Quantiles {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Quantiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quantiles").field("routes", &self.taken).finish_non_exhaustive()
    }
}

impl Place {
    fn new(route: Route) -> Self {
        Self { route, threshold: AtomicU64::new(u64::MAX), histogram: Mutex::new(Histogram::new()) }
    }
}

struct Histogram {
    counts: [u32; BUCKETS],
    total: u32,
}

impl Histogram {
    const fn new() -> Self {
        Self { counts: [0; BUCKETS], total: 0 }
    }

    /// Counts one; what is slow from now on, when it was looked for.
    fn add(&mut self, nanos: u64) -> Option<u64> {
        if let Some(count) = self.counts.get_mut(bucket(nanos)) {
            *count += 1;
            self.total += 1;
        }
        if self.total < LEAST || !(self.total - LEAST).is_multiple_of(LOOK_EVERY) {
            return None;
        }
        let threshold = self.threshold();
        if self.total >= HALVE_AT {
            self.counts.iter_mut().for_each(|count| *count /= 2);
            self.total = self.counts.iter().sum();
        }
        Some(threshold)
    }

    /// The upper bound of the bucket that holds the 99th percentile.
    fn threshold(&self) -> u64 {
        // From above: of a hundred requests, one may be longer.
        let mut above = self.total / 100;
        for (bucket, count) in self.counts.iter().enumerate().rev() {
            match above.checked_sub(*count) {
                Some(left) => above = left,
                None => return bound(bucket),
            }
        }
        u64::MAX
    }
}

/// The bucket of a duration.
fn bucket(nanos: u64) -> usize {
    let Some(octave) = (nanos >> FIRST).checked_ilog2() else { return 0 };
    // The three bits behind the highest.
    let within = (nanos >> (octave + FIRST - 3)) as usize % PER_OCTAVE;
    (1 + octave as usize * PER_OCTAVE + within).min(BUCKETS - 1)
}

/// The longest duration of a bucket.
fn bound(bucket: usize) -> u64 {
    let Some(above) = bucket.checked_sub(1) else { return (1 << FIRST) - 1 };
    if bucket == BUCKETS - 1 {
        return u64::MAX;
    }
    let (octave, within) = (above / PER_OCTAVE, above % PER_OCTAVE);
    (((PER_OCTAVE + within + 1) as u64) << (octave + FIRST as usize - 3)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A route that takes no place among those of the process, which another test uses up.
    fn named(template: String) -> Route {
        Route::from_static(template.leak())
    }

    #[test]
    fn buckets_and_bounds_agree_and_a_bound_is_at_most_an_eighth_above() {
        let mut nanos = 1u64;
        while nanos < 1 << 37 {
            for n in [nanos, nanos + 1, nanos * 9 / 8] {
                let (bucket, longest) = (bucket(n), bound(bucket(n)));
                assert!(longest >= n, "{n} {longest}");
                assert_eq!(super::bucket(longest), bucket, "{n}");
                if longest < u64::MAX {
                    assert_eq!(super::bucket(longest + 1), bucket + 1, "{n}");
                    assert!(n < 1_024 || longest as f64 <= n as f64 * 1.125, "{n} {longest}");
                }
            }
            nanos = nanos * 5 / 4 + 1;
        }
        assert_eq!((bucket(0), bucket(u64::MAX)), (0, BUCKETS - 1));
    }

    /// Durations that have nothing to do with each other, from 1 ms up to some 30 ms.
    fn durations(count: usize) -> Vec<u64> {
        let mut state = 42u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % 1_000) as f64 / 1_000.0
        };
        (0..count).map(|_| (1_000_000.0 * 30f64.powf(next() * next())) as u64).collect()
    }

    #[test]
    fn the_threshold_is_no_more_than_an_eighth_above_the_99th_percentile() {
        let durations = durations(6_000);
        let mut histogram = Histogram::new();
        for nanos in &durations {
            let _ = histogram.add(*nanos);
        }
        let mut sorted = durations;
        sorted.sort_unstable();
        // By the definition: the smallest that 99 of 100 do not exceed.
        let exact = sorted[sorted.len() * 99 / 100 - 1];
        let threshold = histogram.threshold();
        assert!(threshold >= exact && threshold as f64 <= exact as f64 * 1.125, "{threshold} {exact}");
    }

    #[test]
    fn nothing_is_slow_before_a_hundred_and_then_what_stands_out_is() {
        let (quantiles, route) = (Quantiles::new(), Route::from_static("/a"));
        let slow = Duration::from_secs(1);
        for n in 0..LEAST - 1 {
            assert!(quantiles.observe(route, if n == 50 { slow } else { Duration::from_millis(10) }), "{n}");
        }
        assert!(quantiles.observe(route, slow), "the hundredth makes the first estimate");
        for _ in 0..200 {
            assert!(quantiles.observe(route, Duration::from_millis(10)));
        }
        assert!(!quantiles.observe(route, slow));
        assert!(quantiles.observe(Route::from_static("/b"), slow), "each route has a measure of its own");
    }

    #[test]
    fn what_is_usual_is_forgotten_when_it_is_no_longer() {
        let (quantiles, route) = (Quantiles::new(), Route::from_static("/a"));
        let observe = |millis, count| {
            (0..count).filter(|_| !quantiles.observe(route, Duration::from_millis(millis))).count()
        };
        observe(1, 20_000);
        assert!(observe(100, 1_000) > 50, "ten times as long is slow at first");
        observe(100, 20_000);
        assert_eq!(observe(100, 1_000), 0);
        observe(1, 600_000);
        assert_eq!(observe(100, 1), 1);
    }

    #[test]
    fn memory_is_bounded_however_many_routes_there_are() {
        let quantiles = Quantiles::new();
        for n in 0..ROUTES + 100 {
            let route = named(format!("/orders/{n}/items"));
            assert!(quantiles.observe(route, Duration::from_millis(1)));
        }
        let taken = quantiles.places.iter().filter(|place| place.get().is_some()).count();
        assert_eq!(taken, ROUTES);
        assert!(size_of::<Place>() <= 1_024, "{}", size_of::<Place>());
    }

    #[test]
    fn threads_that_meet_at_a_place_take_it_once() {
        let routes: Vec<_> = (0..ROUTES).map(|n| named(format!("/raced/{n}"))).collect();
        for _ in 0..5 {
            let (quantiles, starts) = (Quantiles::new(), std::sync::Barrier::new(4));
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        for routes in routes.chunks(20) {
                            starts.wait();
                            for route in routes {
                                quantiles.observe(*route, Duration::ZERO);
                            }
                        }
                    });
                }
            });
            let set = quantiles.places.iter().filter(|place| place.get().is_some()).count();
            assert_eq!(quantiles.taken.load(Ordering::Relaxed), set as u64);
        }
    }
}
