//! One runtime that is watched.

use std::future::pending;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::runtime::{Handle, Id};
use tokio::task::AbortHandle;

use super::limits::StallLimits;
use super::report::{RuntimeReport, StalledWorker};
use super::worker::{Look, Worker};

/// A runtime, its workers, and a task of ours on it.
#[derive(Debug)]
pub(super) struct Runtime {
    pub(super) id: Id,
    pub(super) name: String,
    limits: StallLimits,
    handle: Handle,
    /// Lives as long as a task that waits for ever, which a runtime drops when it ends. What is left of the numbers then
    /// looks like workers that never come back.
    alive: Weak<()>,
    task: AbortHandle,
    workers: Vec<Known>,
    overfull: Duration,
    stalls: u64,
}

#[derive(Debug, Default)]
struct Known {
    worker: Worker,
    told: Told,
}

/// What has been said of the worker since it last came back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    #[default]
    Nothing,
    Warning,
    Fatal,
}

/// Something to say in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    Stalls { runtime: String, worker: usize, away: Duration },
    IsFatal { runtime: String, worker: usize, away: Duration },
    GoesOn { runtime: String, worker: usize, away: Duration },
    TooManyTasks { runtime: String, tasks: usize, most: usize },
}

/// The task goes with it.
impl Drop for Runtime {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Runtime {
    pub(super) fn new(handle: &Handle, name: String, limits: StallLimits) -> Self {
        let living = Arc::new(());
        let alive = Arc::downgrade(&living);
        let task = handle.spawn(async move {
            let _living = living;
            pending::<()>().await;
        });
        Self {
            id: handle.id(),
            name,
            limits,
            handle: handle.clone(),
            alive,
            task: task.abort_handle(),
            workers: Vec::new(),
            overfull: Duration::ZERO,
            stalls: 0,
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.alive.strong_count() == 0
    }

    /// Looks at each worker, `passed` after the look before.
    pub(super) fn look(&mut self, passed: Duration, news: &mut Vec<News>) {
        let metrics = self.handle.metrics();
        self.workers.resize_with(metrics.num_workers(), Known::default);
        for (worker, known) in self.workers.iter_mut().enumerate() {
            let before = known.worker.away();
            let look = Look {
                turns: metrics.worker_park_unpark_count(worker),
                busy: metrics.worker_total_busy_duration(worker),
            };
            known.worker.look(look, passed);
            let away = known.worker.away();
            let is_past = |limit: Option<Duration>| limit.is_some_and(|limit| away >= limit);
            let runtime = || self.name.clone();
            if away.is_zero() {
                if known.told > Told::Nothing {
                    news.push(News::GoesOn { runtime: runtime(), worker, away: before });
                }
                known.told = Told::Nothing;
            }
            if known.told < Told::Fatal && is_past(self.limits.stall) {
                self.stalls += u64::from(known.told == Told::Nothing);
                known.told = Told::Fatal;
                news.push(News::IsFatal { runtime: runtime(), worker, away });
            } else if known.told < Told::Warning && is_past(self.limits.warning) {
                self.stalls += 1;
                known.told = Told::Warning;
                news.push(News::Stalls { runtime: runtime(), worker, away });
            }
        }
        let (tasks, before) = (metrics.num_alive_tasks(), self.overfull);
        match self.limits.max_tasks {
            Some(most) if tasks > most => {
                self.overfull = before.saturating_add(passed);
                if before < StallLimits::TASKS_FOR && self.overfull >= StallLimits::TASKS_FOR {
                    news.push(News::TooManyTasks { runtime: self.name.clone(), tasks, most });
                }
            }
            _ => self.overfull = Duration::ZERO,
        }
    }

    pub(super) fn report(&self) -> RuntimeReport {
        let stalled = self.workers.iter().enumerate().filter(|(_, known)| known.told > Told::Nothing);
        let stalled = stalled.map(|(worker, known)| StalledWorker {
            worker,
            away: known.worker.away(),
            is_fatal: known.told == Told::Fatal,
        });
        let most = self.limits.max_tasks.filter(|_| !self.overfull.is_zero());
        RuntimeReport {
            name: self.name.clone(),
            workers: self.workers.len(),
            tasks: self.handle.metrics().num_alive_tasks(),
            stalled: stalled.collect(),
            overfull: most.map(|most| (self.overfull, most)),
            stalls: self.stalls,
            longest: self.workers.iter().map(|known| known.worker.away()).max().unwrap_or_default(),
        }
    }
}
