//! One registered check: what was asked for, what its runs found, and the task that runs it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use obs_core::time::Monotonic;
use tokio::task::AbortHandle;

use crate::check::AnyCheck;
use crate::history::{Change, Ended, History};
use crate::report::{CheckReport, RunResult, Status};
use crate::settings::Resolved;

/// Shared by the registry, which reads it, and the check's task, which writes it.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) settings: Resolved,
    pub(crate) check: Box<dyn AnyCheck>,
    /// Held for a few stores and loads, and for copies of what is shown; no code of a user's runs under it.
    history: Mutex<History>,
    task: Mutex<Option<AbortHandle>>,
}

/// The numbers of one check.
pub(crate) struct Numbers {
    pub(crate) status: Status,
    pub(crate) took: Option<Duration>,
    pub(crate) runs: [u64; RunResult::ALL.len()],
}

impl Entry {
    pub(crate) fn new(name: String, settings: Resolved, check: Box<dyn AnyCheck>) -> Self {
        Self { name, settings, check, history: Mutex::default(), task: Mutex::default() }
    }

    /// Notes a run. Says what it changed.
    pub(crate) fn record(&self, ended: Ended) -> Option<Change> {
        let Resolved { thresholds, stale_after, .. } = self.settings;
        self.history().record(ended, thresholds, stale_after)
    }

    /// What is known of it at `now`. The age decides, not the task, which may be the one that is stuck.
    pub(crate) fn status(&self, now: Monotonic) -> Status {
        self.status_of(&self.history(), now)
    }

    fn status_of(&self, history: &History, now: Monotonic) -> Status {
        match (history.last(), history.passes()) {
            (Some(last), _) if now.since(last.at) > self.settings.stale_after => Status::Stale,
            (_, Some(true)) => Status::Passed,
            (_, Some(false)) => Status::Failed,
            (_, None) => Status::Unknown,
        }
    }

    pub(crate) fn numbers(&self, now: Monotonic) -> Numbers {
        let history = self.history();
        let took = history.last().map(|last| last.took);
        Numbers { status: self.status_of(&history, now), took, runs: history.counts() }
    }

    pub(crate) fn report(&self, now: Monotonic) -> CheckReport {
        let history = self.history();
        let status = self.status_of(&history, now);
        let last = history.last();
        let mut report = CheckReport {
            name: self.name.clone(),
            status,
            importance: self.settings.importance,
            error: history.last_error().filter(|_| status == Status::Failed).map(str::to_owned),
            age: last.map(|last| now.since(last.at)),
            duration: last.map(|last| last.took),
            since: history.since(now),
            last_failure: history.last_failure(now),
            history: history.reports(now),
        };
        let said = last.and_then(|last| last.error.clone());
        // The task's lock is not taken under this one.
        drop(history);
        match status {
            Status::Passed | Status::Failed => {}
            Status::Unknown => report.error = Some(self.why_no_result().to_owned()),
            Status::Stale => {
                report.error = Some(self.why_stale(report.age.unwrap_or_default(), said.as_deref()));
            }
        }
        report
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

    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
