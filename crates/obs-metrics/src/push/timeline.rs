//! The times of snapshots: each later than the one before, whatever the clock does.

use std::time::Duration;

use obs_core::time::TICK_MILLIS;

/// When the last snapshot was.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    last: u64,
}

/// The time of one snapshot, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) millis: u64,
    /// When the one before was; 0 before the first.
    pub(super) before: u64,
}

impl Moment {
    /// From when on exemplars may be newer than the last snapshot. Their times are rounded down to a tick, so that one of
    /// the same tick may be sent twice, which receivers pass over, rather than never.
    pub(super) fn exemplars_since(self) -> u64 {
        self.before.saturating_sub(TICK_MILLIS)
    }
}

/// A clock that went back by less is taken to have stood still.
const SMALL_STEP: Duration = Duration::from_secs(1);

impl Timeline {
    /// The time of a snapshot made at `now`. `None` while the clock is behind the last snapshot because it was set
    /// back: a receiver takes no sample that is older than one it has, and a time made up would be wrong for as long
    /// as the clock was put back.
    pub(super) fn next(&mut self, now: u64) -> Option<Moment> {
        let before = self.last;
        let millis = if now > before {
            now
        } else if u128::from(before - now) < SMALL_STEP.as_millis() {
            before + 1
        } else {
            return None;
        };
        self.last = millis;
        Some(Moment { millis, before })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_comes_twice_and_a_clock_set_back_is_waited_for() {
        let mut timeline = Timeline::default();
        let mut next = |now| timeline.next(now).map(|moment| (moment.millis, moment.before));
        assert_eq!(next(10_000), Some((10_000, 0)));
        assert_eq!(next(10_000), Some((10_001, 10_000)));
        assert_eq!(next(9_500), Some((10_002, 10_001)));
        assert_eq!(next(9_002), None);
        assert_eq!(next(1_000), None);
        assert_eq!(next(10_002), Some((10_003, 10_002)));
        assert_eq!(next(20_000), Some((20_000, 10_003)));
    }
}
