//! Which warnings of receivers were told, so that what each answer says again is told once.

use std::time::Duration;

use obs_core::time::Monotonic;

/// How long nothing is told after something was.
const PAUSE: Duration = Duration::from_secs(60);

/// How many texts are remembered; a receiver that says another each time is told once a minute.
const MOST: usize = 16;

/// The last texts that were told.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    told: Vec<String>,
    spoken: Option<Monotonic>,
}

impl Warnings {
    /// Whether this is told now.
    pub(super) fn is_due(&mut self, words: &str, now: Monotonic) -> bool {
        let is_early = self.spoken.is_some_and(|spoken| now.since(spoken) < PAUSE);
        if is_early || self.told.iter().any(|told| told == words) {
            return false;
        }
        self.spoken = Some(now);
        if self.told.len() == MOST {
            self.told.remove(0);
        }
        self.told.push(words.to_owned());
        true
    }
}

#[cfg(test)]
mod tests {
    use obs_core::{Clock, Timestamp};

    use super::*;

    #[test]
    fn each_text_is_told_once_and_none_within_a_minute_of_another() {
        let clock = Clock::manual(Timestamp::from_unix_nanos(0));
        let mut warnings = Warnings::default();
        let mut is_due = |words: &str| warnings.is_due(words, clock.monotonic());
        assert_eq!(["old", "old", "older"].map(&mut is_due), [true, false, false]);
        clock.advance(PAUSE);
        // What was not told for its time is told in another.
        assert_eq!(["old", "older", "oldest"].map(&mut is_due), [false, true, false]);
        for number in 0..MOST {
            clock.advance(PAUSE);
            assert!(is_due(&number.to_string()));
        }
        clock.advance(PAUSE);
        assert!(is_due("old"), "long forgotten");
    }
}
