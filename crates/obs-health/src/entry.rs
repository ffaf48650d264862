//! One registered check: what was asked for, what its runs found, and the task that runs it.

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use obs_core::time::Monotonic;
use tokio::task::AbortHandle;

use crate::check::AnyCheck;
use crate::history::{Change, Ended, History};
use crate::others::Others;
use crate::report::{CheckReport, RunResult, Status};
use crate::settings::{Importance, Resolved};

/// Shared by the registry, which reads it, and the check's task, which writes it.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) settings: Resolved,
    pub(crate) check: Box<dyn AnyCheck>,
    /// Held for a few stores and loads, and for copies of what is shown; no code of a user's runs under it.
    history: Mutex<History>,
    task: Mutex<Option<AbortHandle>>,
    /// What is told of other replicas, where it fails open.
    others: RwLock<Option<Others>>,
}

/// The numbers of one check.
pub(crate) struct Numbers {
    pub(crate) status: Status,
    /// What its state means now.
    pub(crate) weight: Importance,
    pub(crate) took: Option<Duration>,
    pub(crate) runs: [u64; RunResult::ALL.len()],
}

impl Entry {
    pub(crate) fn new(name: String, settings: Resolved, check: Box<dyn AnyCheck>) -> Self {
        Self {
            name,
            settings,
            check,
            history: Mutex::default(),
            task: Mutex::default(),
            others: RwLock::default(),
        }
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

    /// What readiness is judged by: what its state means at `now`, and the state.
    pub(crate) fn stands(&self, now: Monotonic) -> (Importance, Status) {
        let history = self.history();
        let status = self.status_of(&history, now);
        (self.weight(&history, status), status)
    }

    /// A failure that is excused means no more than that of a check that is not critical.
    fn weight(&self, history: &History, status: Status) -> Importance {
        if self.is_excused(history, status) { Importance::Degraded } else { self.settings.importance }
    }

    /// Whether it fails open: it has passed before, so that it is set up as it should be, and nobody else is known to pass.
    fn is_excused(&self, history: &History, status: Status) -> bool {
        let passes_elsewhere = || {
            let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
            others.as_ref().and_then(Others::passing).is_some_and(|passing| passing > 0)
        };
        self.settings.fails_open && status == Status::Failed && history.has_passed() && !passes_elsewhere()
    }

    pub(crate) fn know(&self, others: Others) {
        *self.others.write().unwrap_or_else(PoisonError::into_inner) = Some(others);
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
        let status = self.status_of(&history, now);
        Numbers { status, weight: self.weight(&history, status), took, runs: history.counts() }
    }

    pub(crate) fn report(&self, now: Monotonic) -> CheckReport {
        let history = self.history();
        let status = self.status_of(&history, now);
        let last = history.last();
        let mut report = CheckReport {
            name: self.name.clone(),
            status,
            importance: self.settings.importance,
            is_excused: self.is_excused(&history, status),
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
