//! How much of the time between two looks counts.

use std::time::Duration;

use obs_core::time::Monotonic;

/// Tells time in which the watchdog itself ran as it should from time in which it did not: the process was stopped, the
/// machine suspended, or there was no processor to be had. In that nobody could have come back from a task either, and it
/// must not be held against anybody.
#[derive(Debug)]
pub(super) struct Pace {
    every: Duration,
    last: Option<Monotonic>,
}

impl Pace {
    /// By how much a look may be late in any case: threads do not wake to the millisecond.
    const SLACK: Duration = Duration::from_millis(50);

    pub(super) fn new(every: Duration) -> Self {
        Self { every, last: None }
    }

    /// How much time counts, at a look; nothing where the look comes late by more than half of the pace, and by more than 50 ms.
    pub(super) fn passed(&mut self, now: Monotonic) -> Duration {
        let passed = self.last.map_or(Duration::ZERO, |last| now.since(last));
        self.last = Some(now);
        if passed <= self.every + Self::SLACK.max(self.every / 2) { passed } else { Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use obs_core::{Clock, Timestamp};

    use super::*;

    #[test]
    fn a_look_that_comes_late_counts_for_nothing() {
        let clock = Clock::manual(Timestamp::default());
        let mut pace = Pace::new(Duration::from_millis(500));
        let counted = [0, 500, 510, 750, 751, 3_600_000, 500].map(|millis| {
            clock.advance(Duration::from_millis(millis));
            pace.passed(clock.monotonic()).as_millis()
        });
        assert_eq!(counted, [0, 500, 510, 750, 0, 0, 500]);
    }
}
