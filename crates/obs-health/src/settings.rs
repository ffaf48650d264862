//! How often a check runs, how long it may take, and what its failure means.

use std::time::Duration;

use crate::error::SettingsError;
use crate::history::Thresholds;

const TIMEOUT: Duration = Duration::from_secs(1);
const INTERVAL: Duration = Duration::from_secs(10);

/// Whether a failing check takes the service out of traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Importance {
    /// The service cannot work without it: not ready.
    #[default]
    Critical,
    /// The service works less well without it: shown and counted, but ready.
    Degraded,
}

impl Importance {
    /// `critical` or `degraded`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Degraded => "degraded",
        }
    }
}

/// Settings of one check, or of all checks of a registry that have none of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Settings {
    timeout: Option<Duration>,
    interval: Option<Duration>,
    stale_after: Option<Duration>,
    importance: Option<Importance>,
    failure_threshold: Option<u32>,
    success_threshold: Option<u32>,
    fails_open: bool,
}

impl Settings {
    /// Settings that say nothing yet: the registry's hold, and where it has none the defaults named below.
    pub const fn new() -> Self {
        Self {
            timeout: None,
            interval: None,
            stale_after: None,
            importance: None,
            failure_threshold: None,
            success_threshold: None,
            fails_open: false,
        }
    }

    /// How long one run may take before it is cut and counts as failed; default 1 s.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// From the beginning of one run to that of the next; default 10 s. A run that takes longer puts the next one off.
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// How old a result may be before it counts for nothing; default three intervals and one time-out. For a check
    /// whose own interval or time-out is too long for what the registry says here, that default holds instead.
    pub const fn stale_after(mut self, age: Duration) -> Self {
        self.stale_after = Some(age);
        self
    }

    /// What its failure means; default [`Importance::Critical`].
    pub const fn importance(mut self, importance: Importance) -> Self {
        self.importance = Some(importance);
        self
    }

    /// How many runs in a row have to fail until a check that passes counts as failed; default 1. The first run of all
    /// decides by itself.
    pub const fn failure_threshold(mut self, runs: u32) -> Self {
        self.failure_threshold = Some(runs);
        self
    }

    /// How many runs in a row have to pass until a check that fails counts as passed again; default 1.
    pub const fn success_threshold(mut self, runs: u32) -> Self {
        self.success_threshold = Some(runs);
        self
    }

    /// Has the check fail open: once it has passed, its failure leaves the service in traffic, unless others are
    /// [known](crate::Health::others) to pass it. Until it has passed, and where it is stale, it counts as any other; in a
    /// [group](crate::Health::group) it always does. Default not.
    ///
    /// For what all replicas share: where that is down, it is down for all, and with none of them in traffic nothing is left
    /// to answer what needs it least. Of a fault that is this replica's alone it cannot be told apart by itself.
    pub const fn fail_open(mut self) -> Self {
        self.fails_open = true;
        self
    }

    /// What holds for a check with these settings in a registry with `defaults`.
    pub(crate) fn resolve(self, defaults: Self) -> Result<Resolved, SettingsError> {
        let timeout = self.timeout.or(defaults.timeout).unwrap_or(TIMEOUT);
        let interval = self.interval.or(defaults.interval).unwrap_or(INTERVAL);
        if timeout.is_zero() {
            return Err(SettingsError::Zero("timeout"));
        }
        if interval.is_zero() {
            return Err(SettingsError::Zero("interval"));
        }
        let thresholds = Thresholds {
            failure: self.failure_threshold.or(defaults.failure_threshold).unwrap_or(1),
            success: self.success_threshold.or(defaults.success_threshold).unwrap_or(1),
        };
        if thresholds.failure == 0 {
            return Err(SettingsError::Zero("failure_threshold"));
        }
        if thresholds.success == 0 {
            return Err(SettingsError::Zero("success_threshold"));
        }
        let least = interval.saturating_add(timeout);
        let stale_after = match self.stale_after {
            Some(stale_after) if stale_after < least => {
                return Err(SettingsError::StaleTooSoon { stale_after, least });
            }
            Some(stale_after) => stale_after,
            None => defaults
                .stale_after
                .filter(|age| *age >= least)
                .unwrap_or_else(|| interval.saturating_mul(3).saturating_add(timeout)),
        };
        let importance = self.importance.or(defaults.importance).unwrap_or_default();
        let fails_open = self.fails_open || defaults.fails_open;
        Ok(Resolved { timeout, interval, stale_after, importance, thresholds, fails_open })
    }
}

/// Settings with nothing left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    pub(crate) timeout: Duration,
    pub(crate) interval: Duration,
    pub(crate) stale_after: Duration,
    pub(crate) importance: Importance,
    pub(crate) thresholds: Thresholds,
    pub(crate) fails_open: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[track_caller]
    fn check(own: Settings, defaults: Settings, expected: (u64, u64, u64, Importance)) {
        let (timeout, interval, stale_after, importance) = expected;
        let expected = Resolved {
            timeout: secs(timeout),
            interval: secs(interval),
            stale_after: secs(stale_after),
            importance,
            thresholds: Thresholds { failure: 1, success: 1 },
            fails_open: false,
        };
        assert_eq!(own.resolve(defaults), Ok(expected));
    }

    #[test]
    fn a_checks_own_settings_go_before_the_registrys_and_those_before_the_defaults() {
        let (new, critical) = (Settings::new, Importance::Critical);
        check(new(), new(), (1, 10, 31, critical));
        check(new().interval(secs(2)), new(), (1, 2, 7, critical));
        let registry = new().timeout(secs(2)).interval(secs(5)).stale_after(secs(8));
        check(new(), registry, (2, 5, 8, critical));
        check(
            new().timeout(secs(3)).stale_after(secs(60)).importance(Importance::Degraded),
            registry,
            (3, 5, 60, Importance::Degraded),
        );
        check(new(), registry.importance(Importance::Degraded), (2, 5, 8, Importance::Degraded));
    }

    #[test]
    fn the_registrys_stale_after_does_not_hold_for_a_check_that_runs_less_often() {
        let registry = Settings::new().stale_after(secs(30));
        check(Settings::new().interval(secs(29)), registry, (1, 29, 30, Importance::Critical));
        check(Settings::new().interval(secs(60)), registry, (1, 60, 181, Importance::Critical));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let refused = |own: Settings| own.resolve(Settings::new()).unwrap_err();
        assert_eq!(refused(Settings::new().timeout(Duration::ZERO)), SettingsError::Zero("timeout"));
        assert_eq!(refused(Settings::new().interval(Duration::ZERO)), SettingsError::Zero("interval"));
        let refused_threshold = refused(Settings::new().failure_threshold(0));
        assert_eq!(refused_threshold, SettingsError::Zero("failure_threshold"));
        let refused_threshold = refused(Settings::new().success_threshold(0));
        assert_eq!(refused_threshold, SettingsError::Zero("success_threshold"));
        let error = refused(Settings::new().stale_after(secs(10)));
        assert_eq!(error, SettingsError::StaleTooSoon { stale_after: secs(10), least: secs(11) });
        let text = "`stale_after` is 10s; it must be at least `interval` plus `timeout`, 11s";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn endless_durations_are_only_long() {
        let endless =
            Settings::new().timeout(Duration::MAX).interval(Duration::MAX).stale_after(Duration::MAX);
        assert!(endless.resolve(Settings::new()).is_ok());
    }
}
