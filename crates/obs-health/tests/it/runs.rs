//! When checks run, and what becomes of each way a run can end.

use std::future::pending;
use std::panic::panic_any;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use obs_health::{Importance, Readiness, Settings, Status};
use tokio::time::{Instant, sleep};

use super::rig::{Count, Rig, SECOND, Switch, settle};

#[tokio::test(start_paused = true)]
async fn the_first_run_is_at_once_and_the_next_after_each_interval() {
    let rig = Rig::new();
    let runs = Count::default();
    let counted = runs.clone();
    let check = move || {
        counted.add();
        async { Ok::<(), String>(()) }
    };
    rig.health.check_with("a", Settings::new().interval(3 * SECOND), check).unwrap();
    settle().await;
    assert_eq!((runs.get(), rig.status("a")), (1, Status::Passed));
    rig.pass(2 * SECOND).await;
    assert_eq!(runs.get(), 1);
    rig.pass(SECOND).await;
    assert_eq!(runs.get(), 2);
    rig.pass(30 * SECOND).await;
    assert_eq!(runs.get(), 12);
}

#[tokio::test(start_paused = true)]
async fn runs_of_one_check_do_not_overlap_and_a_slow_one_puts_the_next_off() {
    let rig = Rig::new();
    let began = Instant::now();
    let begins = Arc::new(Mutex::new(Vec::new()));
    let (noted, open, overlaps) = (Arc::clone(&begins), Count::default(), Count::default());
    let overlapping = overlaps.clone();
    let check = move || {
        let first = noted.lock().unwrap().is_empty();
        noted.lock().unwrap().push(began.elapsed().as_secs());
        let (open, overlapping) = (open.clone(), overlapping.clone());
        async move {
            let before = open.add();
            sleep(if first { 25 * SECOND } else { Duration::ZERO }).await;
            if open.get() != before + 1 {
                overlapping.add();
            }
            Ok::<(), String>(())
        }
    };
    rig.health.check_with("slow", Settings::new().timeout(60 * SECOND), check).unwrap();
    rig.pass(50 * SECOND).await;
    assert_eq!(*begins.lock().unwrap(), [0, 25, 35, 45]);
    assert_eq!(overlaps.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn checks_do_not_wait_for_each_other() {
    let rig = Rig::new();
    rig.health
        .check_with("never", Settings::new().timeout(60 * SECOND), pending::<Result<(), String>>)
        .unwrap();
    rig.health.check("fast", || async { Ok::<(), String>(()) }).unwrap();
    settle().await;
    assert_eq!((rig.status("never"), rig.status("fast")), (Status::Unknown, Status::Passed));
}

#[tokio::test(start_paused = true)]
async fn a_check_that_never_returns_is_cut_by_its_time_out_and_runs_again() {
    let rig = Rig::new();
    let (runs, drops) = (Count::default(), Count::default());
    let (counted, dropped) = (runs.clone(), drops.clone());
    rig.health
        .check("never", move || {
            counted.add();
            let guard = OnDrop(dropped.clone());
            async move {
                let _guard = guard;
                pending::<Result<(), String>>().await
            }
        })
        .unwrap();
    rig.pass(SECOND / 2).await;
    assert_eq!((rig.status("never"), rig.health.readiness()), (Status::Unknown, Readiness::Unavailable));
    rig.pass(SECOND).await;
    assert_eq!((rig.status("never"), rig.error("never").as_str()), (Status::Failed, "timed out after 1s"));
    assert_eq!((runs.get(), drops.get()), (1, 1));
    rig.pass(10 * SECOND).await;
    assert_eq!((runs.get(), drops.get()), (2, 2));
}

struct OnDrop(Count);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.add();
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_with_its_text_age_and_duration_and_ends_with_the_next_pass() {
    let rig = Rig::new();
    let (switch, clock) = (Switch::default(), rig.clock.clone());
    switch.fail(true);
    let inner = switch.check();
    let inner = Arc::new(inner);
    let check = move || {
        let (inner, clock) = (Arc::clone(&inner), clock.clone());
        async move {
            clock.advance(Duration::from_micros(4_200));
            obs_health::Check::check(&*inner).await
        }
    };
    rig.health.check("db", check).unwrap();
    settle().await;
    rig.clock.advance(SECOND);
    let report = rig.report("db");
    assert_eq!((report.status, report.error.as_deref()), (Status::Failed, Some("refused")));
    assert_eq!((report.age, report.duration), (Some(SECOND), Some(Duration::from_micros(4_200))));
    assert_eq!(rig.health.readiness(), Readiness::Unavailable);
    switch.fail(false);
    rig.pass(10 * SECOND).await;
    let report = rig.report("db");
    assert_eq!((report.status, report.error), (Status::Passed, None));
    assert_eq!(rig.health.readiness(), Readiness::Ready);
}

struct PanicsOnDrop;

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        panic!("dropped badly")
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_wherever_it_is_is_a_failure_and_the_next_run_comes() {
    let rig = Rig::new();
    let runs = Count::default();
    let counted = runs.clone();
    rig.health
        .check("odd", move || {
            let run = counted.add();
            assert!(run != 0, "before the future, password={}", "hunter2");
            async move {
                let _bad = (run == 2).then(|| PanicsOnDrop);
                let _worse = (run == 3).then(|| PanicsOnDrop);
                match run {
                    1 => panic!("inside"),
                    3 => pending::<Result<(), String>>().await,
                    4 => panic_any(7),
                    5 => panic_any(PanicsOnDrop),
                    _ => Ok(()),
                }
            }
        })
        .unwrap();
    let mut seen = Vec::new();
    for _ in 0..7 {
        rig.pass(2 * SECOND).await;
        seen.push(rig.report("odd").error.unwrap_or_default());
        rig.pass(8 * SECOND).await;
    }
    assert_eq!(
        seen,
        [
            "panicked: before the future, password=[redacted]",
            "panicked: inside",
            "panicked: dropped badly",
            "timed out after 1s",
            "panicked with a payload that is no text",
            "panicked with a payload that is no text",
            "",
        ]
    );
    assert_eq!(rig.status("odd"), Status::Passed);
}

#[tokio::test(start_paused = true)]
async fn a_degraded_check_is_shown_and_does_not_take_the_service_out() {
    let rig = Rig::new();
    let degraded = Settings::new().importance(Importance::Degraded);
    rig.health.check_with("cache", degraded, || async { Err("down") }).unwrap();
    assert_eq!((rig.status("cache"), rig.health.readiness()), (Status::Unknown, Readiness::Ready));
    settle().await;
    assert_eq!((rig.status("cache"), rig.health.readiness()), (Status::Failed, Readiness::Ready));
    rig.health.check("db", || async { Err("down") }).unwrap();
    settle().await;
    assert_eq!(rig.health.readiness(), Readiness::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn nothing_runs_after_shutdown_and_a_run_under_way_is_dropped() {
    let rig = Rig::new();
    let (runs, drops) = (Count::default(), Count::default());
    let (counted, dropped) = (runs.clone(), drops.clone());
    let never = move || {
        counted.add();
        let guard = OnDrop(dropped.clone());
        async move {
            let _guard = guard;
            pending::<Result<(), String>>().await
        }
    };
    rig.health.check_with("never", Settings::new().timeout(5 * SECOND), never).unwrap();
    settle().await;
    rig.health.shutdown();
    settle().await;
    assert_eq!((runs.get(), drops.get()), (1, 1));
    rig.health.run_on(&tokio::runtime::Handle::current());
    rig.pass(60 * SECOND).await;
    assert_eq!(runs.get(), 1);
    assert_eq!(rig.error("never"), "its task has ended, with its runtime or with the registry");
}

#[tokio::test(start_paused = true)]
async fn the_last_clone_takes_its_checks_and_tasks_with_it() {
    let Rig { base, health, .. } = Rig::new();
    let held = Arc::new(());
    let inner = Arc::clone(&held);
    let check = move || {
        let inner = Arc::clone(&inner);
        async move {
            let _inner = inner;
            pending::<Result<(), String>>().await
        }
    };
    health.check_with("never", Settings::new().timeout(3_600 * SECOND), check).unwrap();
    settle().await;
    let clone = health.clone();
    drop(health);
    settle().await;
    assert_eq!(Arc::strong_count(&held), 3);
    drop(clone);
    settle().await;
    assert_eq!(Arc::strong_count(&held), 1);
    // The base has a source left that has nothing to tell.
    assert!(super::numbers::collect(&base).is_empty());
}
