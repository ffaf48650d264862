//! One registered check: what was asked for, what its last run found, and the task that runs it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use obs_core::time::Monotonic;
use tokio::task::AbortHandle;

use crate::check::AnyCheck;
use crate::report::{CheckReport, RunResult, Status};
use crate::settings::Resolved;

/// Shared by the registry, which reads it, and the check's task, which writes it.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) settings: Resolved,
    pub(crate) check: Box<dyn AnyCheck>,
    /// Held for a few stores and loads only; no code of a user's runs under it.
    state: Mutex<State>,
    task: Mutex<Option<AbortHandle>>,
}

#[derive(Default)]
struct State {
    last: Option<Ended>,
    /// How many runs ended, in the order of [`RunResult::ALL`].
    runs: [u64; RunResult::ALL.len()],
}

/// A run that has ended.
#[derive(Clone)]
pub(crate) struct Ended {
    pub(crate) at: Monotonic,
    pub(crate) took: Duration,
    pub(crate) result: RunResult,
    /// Why it did not pass.
    pub(crate) error: Option<Arc<str>>,
}

/// A check has begun to fail, or to pass again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Fails,
    Recovers,
}

/// The numbers of one check.
pub(crate) struct Numbers {
    pub(crate) status: Status,
    pub(crate) took: Option<Duration>,
    pub(crate) runs: [u64; RunResult::ALL.len()],
}

impl Entry {
    pub(crate) fn new(name: String, settings: Resolved, check: Box<dyn AnyCheck>) -> Self {
        Self { name, settings, check, state: Mutex::default(), task: Mutex::default() }
    }

    /// Notes a run. Says what it changed: a first run that passes changes nothing.
    pub(crate) fn record(&self, ended: Ended) -> Option<Change> {
        let passes = ended.result == RunResult::Passed;
        let before = {
            let mut state = self.state();
            state.runs[ended.result as usize] += 1;
            state.last.replace(ended)
        };
        let passed = before.is_none_or(|before| before.result == RunResult::Passed);
        match (passed, passes) {
            (true, false) => Some(Change::Fails),
            (false, true) => Some(Change::Recovers),
            _ => None,
        }
    }

    /// What is known of it at `now`. The age decides, not the task, which may be the one that is stuck.
    pub(crate) fn status(&self, now: Monotonic) -> Status {
        self.status_of(self.state().last.as_ref(), now)
    }

    fn status_of(&self, last: Option<&Ended>, now: Monotonic) -> Status {
        match last {
            None => Status::Unknown,
            Some(last) if now.since(last.at) > self.settings.stale_after => Status::Stale,
            Some(last) if last.result == RunResult::Passed => Status::Passed,
            Some(_) => Status::Failed,
        }
    }

    pub(crate) fn numbers(&self, now: Monotonic) -> Numbers {
        let state = self.state();
        let last = state.last.as_ref();
        Numbers { status: self.status_of(last, now), took: last.map(|last| last.took), runs: state.runs }
    }

    pub(crate) fn report(&self, now: Monotonic) -> CheckReport {
        let last = self.state().last.clone();
        let status = self.status_of(last.as_ref(), now);
        let age = last.as_ref().map(|last| now.since(last.at));
        let said = last.as_ref().and_then(|last| last.error.as_deref());
        let error = match status {
            Status::Passed => None,
            Status::Failed => said.map(str::to_owned),
            Status::Unknown => Some(self.why_no_result().to_owned()),
            Status::Stale => Some(self.why_stale(age.unwrap_or_default(), said)),
        };
        CheckReport {
            name: self.name.clone(),
            status,
            importance: self.settings.importance,
            error,
            age,
            duration: last.map(|last| last.took),
        }
    }

    fn why_stale(&self, age: Duration, said: Option<&str>) -> String {
        // Shown to people, who do not count nanoseconds.
        let age = Duration::from_millis(u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
        let (limit, why) = (self.settings.stale_after, self.why_no_result());
        let said = said.map_or_else(String::new, |said| format!("; its last run failed: {said}"));
        format!("last result {age:?} ago, at most {limit:?} is allowed; {why}{said}")
    }

    fn why_no_result(&self) -> &'static str {
        match &*self.task() {
            None => "waits for a runtime: serve, or call run_on()",
            Some(task) if task.is_finished() => "its task has ended, with its runtime or with the registry",
            Some(_) => "its run has not ended: it or another task may block the runtime's threads",
        }
    }

    pub(crate) fn task(&self) -> MutexGuard<'_, Option<AbortHandle>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
