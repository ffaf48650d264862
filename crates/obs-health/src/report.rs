//! What is told of checks and of the service: words for states, the same on probes, metrics and lines.

use std::time::Duration;

use obs_core::Phase;

use crate::settings::Importance;

/// What is known of a check now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Its last runs passed, the latest of them not too long ago.
    Passed,
    /// Its last runs failed, were cut or panicked.
    Failed,
    /// Its last result is too old to count: its runtime is blocked or gone.
    Stale,
    /// No run has ended yet.
    Unknown,
}

impl Status {
    /// `passed`, `failed`, `stale` or `unknown`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Stale => "stale",
            Self::Unknown => "unknown",
        }
    }
}

/// How one run of a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunResult {
    /// It returned `Ok`.
    Passed,
    /// It returned an error.
    Failed,
    /// It was cut by its time-out.
    TimedOut,
    /// It panicked.
    Panicked,
}

impl RunResult {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Passed, Self::Failed, Self::TimedOut, Self::Panicked];

    /// Its label: `passed`, `failed`, `timed_out` or `panicked`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Panicked => "panicked",
        }
    }
}

/// One run of a check that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunReport {
    /// How it ended.
    pub result: RunResult,
    /// How long ago it ended.
    pub age: Duration,
    /// How long it took.
    pub duration: Duration,
    /// Why it did not pass; at most 256 bytes, without secrets.
    pub error: Option<String>,
}

/// One check as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckReport {
    /// Its name.
    pub name: String,
    /// What is known of it.
    pub status: Status,
    /// What its failure means.
    pub importance: Importance,
    /// Whether it has failed and [fails open](crate::Settings::fail_open): the service stays ready.
    pub is_excused: bool,
    /// Why it has not passed; at most 256 bytes of it come from the check, and are without secrets.
    pub error: Option<String>,
    /// How long ago its last run ended.
    pub age: Option<Duration>,
    /// How long that run took.
    pub duration: Option<Duration>,
    /// For how long it has passed, or failed, as the thresholds of its settings see it.
    pub since: Option<Duration>,
    /// The latest run that did not pass, however long ago.
    pub last_failure: Option<RunReport>,
    /// The last 16 runs, the latest first.
    pub history: Vec<RunReport>,
}

impl CheckReport {
    /// What its state means now, and the state.
    pub(crate) fn stands(&self) -> (Importance, Status) {
        let weight = if self.is_excused { Importance::Degraded } else { self.importance };
        (weight, self.status)
    }
}

/// Whether the service takes traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Readiness {
    /// It does.
    Ready,
    /// A critical check has not passed.
    Unavailable,
    /// It has not begun to.
    Starting,
    /// It takes nothing new any more.
    Draining,
}

impl Readiness {
    /// Of a service in this phase with these checks.
    pub(crate) fn of(phase: Phase, checks: impl IntoIterator<Item = (Importance, Status)>) -> Self {
        match phase {
            Phase::Starting => Self::Starting,
            Phase::Draining | Phase::Stopped => Self::Draining,
            Phase::Ready => {
                let fails =
                    |(importance, status)| importance == Importance::Critical && status != Status::Passed;
                if checks.into_iter().any(fails) { Self::Unavailable } else { Self::Ready }
            }
        }
    }

    /// `ready`, `unavailable`, `starting` or `draining`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Unavailable => "unavailable",
            Self::Starting => "starting",
            Self::Draining => "draining",
        }
    }
}
