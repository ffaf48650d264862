//! Real runtimes whose workers are blocked, idle and busy, looked at by hand on a clock that moves when told.

use std::cell::RefCell;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use obs_core::{Base, Clock, IdSource, Phase, Resource, Timestamp};
use tokio::runtime::{Builder, Runtime, RuntimeMetrics};

use super::StallLimits;
use super::runtime::News;
use crate::registry::Health;

const SECOND: Duration = Duration::from_secs(1);

/// A registry whose watchdog is looked through by hand.
struct Rig {
    clock: Clock,
    health: Health,
    metrics: RuntimeMetrics,
    blocked: RefCell<Vec<usize>>,
}

impl Rig {
    fn watching(runtime: &Runtime, limits: StallLimits) -> Self {
        let clock = Clock::manual(Timestamp::default());
        let base = Base::with(Resource::new("test"), clock.clone(), IdSource::random());
        base.lifecycle.advance(Phase::Ready);
        let health = Health::new(base);
        health.stall_limits(limits);
        assert!(health.0.watchdog.add(runtime.handle()));
        Self { clock, health, metrics: runtime.metrics(), blocked: RefCell::default() }
    }

    fn look(&self) -> Vec<News> {
        self.health.0.watchdog.shared().look()
    }

    /// Waits until all workers sleep but those that are blocked.
    fn settle(&self) {
        let blocked = self.blocked.borrow();
        let sleeps = |worker: usize| !self.metrics.worker_park_unpark_count(worker).is_multiple_of(2);
        while (0..self.metrics.num_workers()).any(|worker| !blocked.contains(&worker) && !sleeps(worker)) {
            std::thread::yield_now();
        }
    }

    /// Blocks the worker that runs it until it is let go, and says which that is.
    fn block(&self, runtime: &Runtime) -> (usize, Sender<()>) {
        let (blocks, blocked) = channel();
        let (go, gone) = channel::<()>();
        runtime.spawn(async move {
            blocks.send(tokio::runtime::worker_index().unwrap()).unwrap();
            let _ = gone.recv();
        });
        let worker = blocked.recv().unwrap();
        self.blocked.borrow_mut().push(worker);
        (worker, go)
    }

    /// Looks each half a second for so long; what there was to tell. A worker that tokio has woken for nothing may have no
    /// processor before the next look, which by the clock of a test would be a long time: between looks all of them come to rest.
    fn pass(&self, time: Duration) -> Vec<News> {
        self.settle();
        let mut news = self.look();
        let mut left = time;
        while !left.is_zero() {
            let step = left.min(SECOND / 2);
            self.clock.advance(step);
            self.settle();
            news.extend(self.look());
            left -= step;
        }
        news
    }

    fn why(&self) -> Option<String> {
        self.health.why_not_alive()
    }
}

fn workers(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).thread_name("shop").enable_time().build().unwrap()
}

/// Waits until all workers sleep, as tokio tells.
fn rest(runtime: &Runtime) {
    let metrics = runtime.metrics();
    while (0..metrics.num_workers()).any(|worker| metrics.worker_park_unpark_count(worker).is_multiple_of(2))
    {
        std::thread::yield_now();
    }
}

#[test]
fn a_blocked_worker_is_named_told_once_and_forgotten_when_it_goes_on() {
    let runtime = workers(3);
    rest(&runtime);
    let rig = Rig::watching(&runtime, StallLimits::new());
    let (worker, go) = rig.block(&runtime);
    assert_eq!(rig.pass(SECOND * 4), []);
    let stalls = News::Stalls { runtime: "main".into(), worker, away: SECOND * 5 };
    assert_eq!(rig.pass(SECOND), [stalls]);
    assert_eq!(rig.pass(SECOND * 54), []);
    assert_eq!((rig.why(), rig.health.is_alive()), (None, true));
    let report = &rig.health.runtimes()[0];
    assert_eq!((report.workers, report.stalls, report.longest), (3, 1, SECOND * 59));
    assert_eq!(report.stalled.iter().map(|stalled| stalled.worker).collect::<Vec<_>>(), [worker]);

    let fatal = News::IsFatal { runtime: "main".into(), worker, away: SECOND * 60 };
    assert_eq!(rig.pass(SECOND * 2), [fatal]);
    assert_eq!(rig.why().unwrap(), format!("worker {worker} of runtime main blocked for 61.0s"));
    drop(go);
    rest(&runtime);
    let goes_on = News::GoesOn { runtime: "main".into(), worker, away: SECOND * 61 };
    assert_eq!(rig.pass(SECOND), [goes_on]);
    assert_eq!(rig.why(), None);
    assert_eq!(rig.health.runtimes()[0].stalls, 1);
}

#[test]
fn two_tasks_that_wait_for_each_others_lock_are_two_workers_that_are_blocked() {
    let runtime = workers(2);
    rest(&runtime);
    let rig = Rig::watching(&runtime, StallLimits::new());
    let locks = [Arc::new(Mutex::new(())), Arc::new(Mutex::new(()))];
    let both = Arc::new(Barrier::new(3));
    for order in [[0, 1], [1, 0]] {
        let [first, second] = order.map(|at| Arc::clone(&locks[at]));
        let both = Arc::clone(&both);
        runtime.spawn(async move {
            let _held = first.lock();
            both.wait();
            let _never = second.lock();
        });
    }
    both.wait();
    rig.blocked.borrow_mut().extend([0, 1]);
    rig.pass(SECOND * 61);
    let expected = "worker 0 of runtime main blocked for 61.0s; worker 1 of runtime main blocked for 61.0s";
    assert_eq!(rig.why().unwrap(), expected);
    // They wait for ever, on threads that end with the process.
    runtime.shutdown_background();
}

#[test]
fn an_idle_runtime_is_not_stalled() {
    let runtime = workers(4);
    rest(&runtime);
    let rig = Rig::watching(&runtime, StallLimits::new());
    rest(&runtime);
    assert_eq!(rig.pass(SECOND * 600), []);
    assert_eq!(rig.why(), None);
}

/// Waits until tokio tells of some more work of each worker.
fn work(runtime: &Runtime, workers: usize) {
    let metrics = runtime.metrics();
    let before: Vec<_> = (0..workers).map(|worker| metrics.worker_total_busy_duration(worker)).collect();
    let is_still = |worker: usize| metrics.worker_total_busy_duration(worker) == before[worker];
    while (0..workers).any(is_still) {
        std::thread::yield_now();
    }
}

fn keep_busy(runtime: &Runtime, tasks: usize) {
    for _ in 0..tasks {
        runtime.spawn(async {
            loop {
                std::hint::black_box((0..1_000).sum::<u64>());
                tokio::task::yield_now().await;
            }
        });
    }
}

#[test]
fn a_runtime_that_never_rests_is_not_stalled() {
    let runtime = workers(1);
    let rig = Rig::watching(&runtime, StallLimits::new());
    keep_busy(&runtime, 4);
    for _ in 0..150 {
        work(&runtime, 1);
        assert_eq!(rig.look(), []);
        rig.clock.advance(SECOND / 2);
    }
    assert_eq!(rig.why(), None);
    assert_eq!(runtime.metrics().worker_park_count(0), 0, "it had a rest");
}

#[test]
fn work_that_may_block_is_not_a_stall() {
    let runtime = workers(2);
    rest(&runtime);
    let rig = Rig::watching(&runtime, StallLimits::new());
    let (blocks, blocked) = channel();
    let (go, gone) = channel::<()>();
    let (go_too, gone_too) = channel::<()>();
    let blocks_too = blocks.clone();
    runtime.spawn_blocking(move || {
        blocks.send(()).unwrap();
        let _ = gone.recv();
    });
    runtime.spawn(async move {
        tokio::task::block_in_place(move || {
            blocks_too.send(()).unwrap();
            let _ = gone_too.recv();
        });
    });
    for _ in 0..2 {
        blocked.recv().unwrap();
    }
    rest(&runtime);
    assert_eq!(rig.pass(SECOND * 600), []);
    drop((go, go_too));
}

/// A current-thread runtime that is driven by a thread of its own until the sender is dropped.
fn driven(runtime: &Arc<Runtime>) -> (tokio::sync::oneshot::Sender<()>, std::thread::JoinHandle<()>) {
    let (end, ended) = tokio::sync::oneshot::channel();
    let driver = Arc::clone(runtime);
    (end, std::thread::spawn(move || drop(driver.block_on(ended))))
}

#[test]
fn the_one_worker_of_a_current_thread_runtime_is_watched_as_well() {
    let runtime = Arc::new(Builder::new_current_thread().name("orders").enable_time().build().unwrap());
    let (end, driver) = driven(&runtime);
    rest(&runtime);
    let rig = Rig::watching(&runtime, StallLimits::new());
    rest(&runtime);
    assert_eq!(rig.pass(SECOND * 600), []);
    let (blocks, blocked): (_, Receiver<()>) = channel();
    let (go, gone) = channel::<()>();
    runtime.spawn(async move {
        blocks.send(()).unwrap();
        let _ = gone.recv();
    });
    blocked.recv().unwrap();
    rig.blocked.borrow_mut().push(0);
    rig.pass(SECOND * 61);
    assert_eq!(rig.why().unwrap(), "worker 0 of runtime orders blocked for 61.0s");
    drop(go);
    rest(&runtime);
    rig.look();
    assert_eq!(rig.why(), None);
    keep_busy(&runtime, 1);
    for _ in 0..150 {
        work(&runtime, 1);
        assert_eq!(rig.look(), []);
        rig.clock.advance(SECOND / 2);
    }
    drop(end);
    driver.join().unwrap();
}

#[test]
fn time_in_which_the_process_stood_still_does_not_count() {
    let runtime = workers(1);
    rest(&runtime);
    let rig = Rig::watching(&runtime, StallLimits::new());
    let (_, _go) = rig.block(&runtime);
    rig.pass(SECOND * 4);
    // Stopped, suspended, or without a processor.
    for _ in 0..10 {
        rig.clock.advance(SECOND * 3_600);
        assert_eq!(rig.look(), []);
    }
    assert_eq!(rig.health.runtimes()[0].longest, SECOND * 4);
    assert_eq!(rig.pass(SECOND).len(), 1);
}

#[test]
fn a_runtime_that_has_ended_is_forgotten() {
    let runtime = workers(2);
    let rig = Rig::watching(&runtime, StallLimits::new());
    assert_eq!(rig.health.runtimes().len(), 1);
    drop(runtime);
    // Nobody is there to come to rest.
    rig.blocked.borrow_mut().extend([0, 1]);
    assert_eq!(rig.pass(SECOND * 600), []);
    assert_eq!((rig.why(), rig.health.runtimes()), (None, Vec::new()));
}

#[test]
fn too_many_tasks_for_half_a_minute_are_a_leak_and_a_peak_is_not() {
    let runtime = workers(1);
    // One of them is the watchdog's.
    let rig = Rig::watching(&runtime, StallLimits::new().max_tasks(10));
    let tasks = |count| (0..count).map(|_| runtime.spawn(std::future::pending::<()>())).collect::<Vec<_>>();
    let all_but_one = tasks(9);
    rest(&runtime);
    assert_eq!(rig.pass(SECOND * 60), []);
    let one = tasks(1);
    rest(&runtime);
    assert_eq!(rig.pass(SECOND * 29), []);
    one[0].abort();
    while runtime.metrics().num_alive_tasks() > 10 {
        std::thread::yield_now();
    }
    rest(&runtime);
    assert_eq!(rig.pass(SECOND * 29), []);
    drop(tasks(3));
    rest(&runtime);
    let news = News::TooManyTasks { runtime: "main".into(), tasks: 13, most: 10 };
    assert_eq!(rig.pass(SECOND * 31), [news]);
    assert_eq!(rig.why().unwrap(), "runtime main has 13 tasks, more than 10 for 31.0s");
    drop(all_but_one);
}

#[test]
fn a_service_that_drains_is_not_called_dead() {
    let runtime = workers(1);
    rest(&runtime);
    let rig = Rig::watching(&runtime, StallLimits::new());
    let (_, _go) = rig.block(&runtime);
    rig.pass(SECOND * 61);
    assert!(!rig.health.is_alive());
    rig.health.base().lifecycle.advance(Phase::Draining);
    assert!(rig.health.is_alive());
}

#[test]
fn limits_that_are_off_find_nothing() {
    let runtime = workers(1);
    rest(&runtime);
    let rig = Rig::watching(&runtime, StallLimits::none());
    assert_eq!(rig.health.runtimes(), []);
    rig.health.stall_limits(StallLimits::new().stall(Duration::ZERO));
    rig.health.0.watchdog.add(runtime.handle());
    let (_, _go) = rig.block(&runtime);
    assert_eq!(rig.pass(SECOND * 600).len(), 1);
    assert_eq!(rig.why(), None);
}

#[test]
fn a_runtime_is_watched_once_and_two_of_one_name_are_told_apart() {
    let (first, second) = (workers(1), workers(1));
    let rig = Rig::watching(&first, StallLimits::new());
    for runtime in [&first, &second, &second] {
        assert!(rig.health.0.watchdog.add(runtime.handle()));
    }
    let names: Vec<_> = rig.health.runtimes().into_iter().map(|runtime| runtime.name).collect();
    assert_eq!(names, ["main", "main_2"]);
}

#[test]
fn a_shorter_limit_is_looked_after_more_often() {
    let every = |limits: StallLimits| limits.every().as_millis();
    assert_eq!(every(StallLimits::new()), 500);
    assert_eq!(every(StallLimits::new().warning(Duration::from_millis(100))), 10);
    assert_eq!(every(StallLimits::none().max_tasks(1)), 500);
    assert_eq!(every(StallLimits::new().warning(Duration::from_nanos(1))), 5);
}
