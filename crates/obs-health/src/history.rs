//! What the runs of one check have found: the verdict they add up to, since when it holds, and the last of them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use obs_core::time::Monotonic;

use crate::report::{RunReport, RunResult};

/// How many runs are kept to be shown.
pub(crate) const RUNS: usize = 16;

/// A run that has ended.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) at: Monotonic,
    pub(crate) took: Duration,
    pub(crate) result: RunResult,
    /// Why it did not pass.
    pub(crate) error: Option<Arc<str>>,
}

impl Ended {
    fn passed(&self) -> bool {
        self.result == RunResult::Passed
    }

    fn report(&self, now: Monotonic) -> RunReport {
        RunReport {
            result: self.result,
            age: now.since(self.at),
            duration: self.took,
            error: self.error.as_deref().map(str::to_owned),
        }
    }
}

/// A check has begun to fail, or to pass again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Fails,
    Recovers,
}

/// How many runs in a row turn a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Thresholds {
    /// That fail, of a check that passes.
    pub(crate) failure: u32,
    /// That pass, of a check that fails.
    pub(crate) success: u32,
}

/// What holds, and since which run.
#[derive(Clone, Copy, Debug)]
struct Verdict {
    passes: bool,
    since: Monotonic,
}

/// Grows to [`RUNS`] runs and no further.
#[derive(Debug, Default)]
pub(crate) struct History {
    verdict: Option<Verdict>,
    /// How many runs in a row, up to the last, have said otherwise than the verdict.
    against: u32,
    /// The last is the latest.
    runs: VecDeque<Ended>,
    last_failure: Option<Ended>,
    /// How many ended, in the order of [`RunResult::ALL`].
    counts: [u64; RunResult::ALL.len()],
}

impl History {
    /// Notes a run. The first decides by itself, as does one that comes when what was known is older than `stale_after`;
    /// otherwise a verdict is turned by as many runs in a row as the thresholds say. Says what changed: a first run that
    /// passes changes nothing.
    pub(crate) fn record(
        &mut self,
        ended: Ended,
        thresholds: Thresholds,
        stale_after: Duration,
    ) -> Option<Change> {
        let (passes, at) = (ended.passed(), ended.at);
        let is_stale = self.last().is_some_and(|last| at.since(last.at) > stale_after);
        self.counts[ended.result as usize] += 1;
        if !passes {
            self.last_failure = Some(ended.clone());
        }
        if self.runs.len() == RUNS {
            self.runs.pop_front();
        }
        self.runs.push_back(ended);
        let needed = match self.verdict {
            Some(verdict) if verdict.passes == passes => {
                self.against = 0;
                return None;
            }
            _ if is_stale => 1,
            Some(_) if passes => thresholds.success,
            Some(_) => thresholds.failure,
            None => 1,
        };
        self.against += 1;
        if self.against < needed {
            return None;
        }
        let is_first = self.verdict.is_none();
        self.against = 0;
        self.verdict = Some(Verdict { passes, since: at });
        match passes {
            true if is_first => None,
            true => Some(Change::Recovers),
            false => Some(Change::Fails),
        }
    }

    /// The latest run.
    pub(crate) fn last(&self) -> Option<&Ended> {
        self.runs.back()
    }

    /// What the verdict is; nothing before the first run has ended.
    pub(crate) fn passes(&self) -> Option<bool> {
        self.verdict.map(|verdict| verdict.passes)
    }

    /// Whether any run ever has.
    pub(crate) fn has_passed(&self) -> bool {
        self.counts[RunResult::Passed as usize] > 0
    }

    pub(crate) fn counts(&self) -> [u64; RunResult::ALL.len()] {
        self.counts
    }

    /// For how long the verdict holds.
    pub(crate) fn since(&self, now: Monotonic) -> Option<Duration> {
        self.verdict.map(|verdict| now.since(verdict.since))
    }

    /// The error of the latest run that did not pass.
    pub(crate) fn last_error(&self) -> Option<&str> {
        self.last_failure.as_ref().and_then(|run| run.error.as_deref())
    }

    pub(crate) fn last_failure(&self, now: Monotonic) -> Option<RunReport> {
        self.last_failure.as_ref().map(|run| run.report(now))
    }

    /// The last runs, the latest first.
    pub(crate) fn reports(&self, now: Monotonic) -> Vec<RunReport> {
        self.runs.iter().rev().map(|run| run.report(now)).collect()
    }
}

#[cfg(test)]
mod tests {
    use obs_core::{Clock, Timestamp};

    use super::*;

    /// What changed at each of the runs, a letter each: `p` passes, any other fails.
    #[track_caller]
    fn check(failure: u32, success: u32, runs: &str, expected: &str) {
        let clock = Clock::manual(Timestamp::default());
        let mut history = History::default();
        let changes: String = runs
            .chars()
            .map(|run| {
                let result = if run == 'p' { RunResult::Passed } else { RunResult::Failed };
                let ended = Ended { at: clock.monotonic(), took: Duration::ZERO, result, error: None };
                match history.record(ended, Thresholds { failure, success }, Duration::MAX) {
                    Some(Change::Fails) => '!',
                    Some(Change::Recovers) => '+',
                    None => '.',
                }
            })
            .collect();
        assert_eq!(changes, expected, "{runs}");
    }

    #[test]
    fn as_many_runs_in_a_row_as_are_asked_for_turn_the_verdict() {
        check(1, 1, "pfpffp", ".!+!.+");
        check(3, 1, "pffpfffp", "......!+");
        check(1, 2, "pfpfppp", ".!...+.");
        check(2, 3, "ppffppfpppp", "...!.....+.");
    }

    #[test]
    fn the_first_run_decides_by_itself() {
        check(5, 5, "f", "!");
        check(5, 2, "fpp", "!.+");
        check(5, 5, "p", ".");
    }
}
