//! How long the oldest of what is in a queue has been there, without a time beside each record.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A time is taken for every so many records at least.
const STRIDE: u64 = 256;
/// The most times that are kept. Beyond these every other one is given up.
const MOST: usize = 64;

/// Times at which places of a queue were taken, oldest first. What it says is never less than the truth; it is exact for
/// what came first behind a batch, and else no more than the time in which a stride of records came beyond it.
#[derive(Debug, Default)]
pub(super) struct Ages {
    times: VecDeque<(u64, Instant)>,
    /// Whether the next place gets a time whatever the stride.
    is_due: bool,
}

impl Ages {
    /// A record has taken this place.
    #[inline]
    pub(super) fn came(&mut self, place: u64) {
        let is_near = self.times.back().is_some_and(|(last, _)| place - last < STRIDE);
        if !is_near || self.is_due {
            self.note(place, Instant::now());
        }
    }

    #[cold]
    fn note(&mut self, place: u64, now: Instant) {
        self.is_due = false;
        if self.times.len() == MOST {
            let mut keep = false;
            self.times.retain(|_| {
                keep = !keep;
                keep
            });
        }
        self.times.push_back((place, now));
    }

    /// All that was there was taken out: what comes next is the first of another batch.
    pub(super) fn taken(&mut self) {
        self.is_due = true;
    }

    /// The fate of all in front of this place is known, of `end` in all.
    pub(super) fn settled(&mut self, place: u64, end: u64) {
        if place >= end {
            self.times.clear();
        }
        while self.times.get(1).is_some_and(|(next, _)| *next <= place) {
            self.times.pop_front();
        }
    }

    /// How long ago the oldest came; `None` where there is none.
    pub(super) fn oldest(&self, now: Instant) -> Option<Duration> {
        self.times.front().map(|(_, came)| now.saturating_duration_since(*came))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_oldest_is_that_behind_the_last_batch_that_has_its_fate() {
        let (mut ages, began) = (Ages::default(), Instant::now());
        assert_eq!(ages.oldest(began), None);
        ages.note(0, began);
        ages.came(1);
        assert_eq!(ages.times.len(), 1, "a record close behind another needs no time of its own");
        ages.taken();
        ages.note(2, began + 10 * SECOND);
        let now = began + 12 * SECOND;
        assert_eq!(ages.oldest(now), Some(12 * SECOND), "what is being sent counts");
        ages.settled(2, 3);
        assert_eq!(ages.oldest(now), Some(2 * SECOND));
        ages.settled(3, 3);
        assert_eq!(ages.oldest(now), None);
    }

    #[test]
    fn a_record_behind_a_batch_that_was_taken_gets_a_time() {
        let mut ages = Ages::default();
        ages.came(0);
        ages.taken();
        ages.came(1);
        ages.came(2);
        assert_eq!(ages.times.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn many_records_leave_a_bounded_number_of_times_and_never_too_young_an_age() {
        let (mut ages, began) = (Ages::default(), Instant::now());
        let came = |place: u64| began + Duration::from_millis(place);
        for place in (0..1_000_000).step_by(256) {
            ages.note(place, came(place));
        }
        assert!(ages.times.len() <= MOST);
        let now = came(1_000_000);
        for settled in (0..1_000_000).step_by(99_991) {
            ages.settled(settled, 1_000_000);
            assert!(ages.oldest(now).unwrap() >= now - came(settled), "{settled}");
        }
    }
}
