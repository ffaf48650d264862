//! Results that nobody renews: a blocked thread, a runtime that is gone, one that never was, one without timers.

use std::future::pending;
use std::sync::{Mutex, mpsc};

use obs_core::Phase;
use obs_health::{Readiness, Settings, Status};
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

use super::rig::{Rig, SECOND, settle};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

async fn passes() -> Result<(), String> {
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_result_is_stale_once_it_is_older_than_three_intervals_and_a_time_out() {
    let rig = Rig::new();
    rig.health.check("db", passes).unwrap();
    settle().await;
    // Only the base's clock moves: no run comes.
    rig.clock.advance(31 * SECOND);
    assert_eq!((rig.status("db"), rig.health.readiness()), (Status::Passed, Readiness::Ready));
    rig.clock.advance(SECOND / 2);
    assert_eq!((rig.status("db"), rig.health.readiness()), (Status::Stale, Readiness::Unavailable));
    assert_eq!(
        rig.error("db"),
        "last result 31.5s ago, at most 31s is allowed; \
         its run has not ended: it or another task may block the runtime's threads"
    );
    rig.pass(10 * SECOND).await;
    assert_eq!((rig.status("db"), rig.health.readiness()), (Status::Passed, Readiness::Ready));
}

#[test]
fn a_check_that_blocks_its_thread_goes_stale_and_the_probe_answers_meanwhile() {
    let rig = Rig::new();
    // The only test on tokio's real clock: a blocked thread would hold a paused one.
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let (blocks, blocked) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new((0, released));
    let check = move || {
        let mut gate = released.lock().unwrap();
        gate.0 += 1;
        if gate.0 == 2 {
            blocks.send(()).unwrap();
            gate.1.recv().unwrap();
        }
        drop(gate);
        passes()
    };
    let often = Settings::new().interval(SECOND / 1_000).timeout(SECOND).stale_after(5 * SECOND);
    let entered = runtime.enter();
    rig.health.check_with("neighbour", often, passes).unwrap();
    while rig.status("neighbour") == Status::Unknown {
        std::thread::yield_now();
    }
    rig.health.check_with("db", often, check).unwrap();
    drop(entered);
    blocked.recv().unwrap();
    assert_eq!((rig.status("db"), rig.get("/readyz").0), (Status::Passed, 200));
    rig.clock.advance(6 * SECOND);
    assert_eq!((rig.status("db"), rig.status("neighbour")), (Status::Stale, Status::Stale));
    assert_eq!(rig.get("/readyz"), (503, "dependencies unavailable".to_owned()));
    assert_eq!(rig.get("/healthz"), (200, "ok".to_owned()));
    release.send(()).unwrap();
    while rig.health.readiness() != Readiness::Ready {
        std::thread::yield_now();
    }
}

#[test]
fn a_runtime_that_is_gone_makes_its_checks_stale_until_they_get_another() {
    let rig = Rig::new();
    let first = runtime();
    first.block_on(async {
        rig.health.check("db", || async { Err("refused") }).unwrap();
        settle().await;
    });
    assert_eq!(rig.status("db"), Status::Failed);
    drop(first);
    rig.clock.advance(40 * SECOND);
    assert_eq!(rig.status("db"), Status::Stale);
    assert_eq!(
        rig.error("db"),
        "last result 40s ago, at most 31s is allowed; \
         its task has ended, with its runtime or with the registry; its last run failed: refused"
    );
    let second = runtime();
    rig.health.run_on(second.handle());
    second.block_on(settle());
    assert_eq!((rig.status("db"), rig.error("db").as_str()), (Status::Failed, "refused"));
}

#[test]
fn checks_registered_outside_of_any_runtime_wait_for_one() {
    let rig = Rig::new();
    rig.health.check("early", passes).unwrap();
    assert_eq!(rig.status("early"), Status::Unknown);
    assert_eq!(rig.error("early"), "waits for a runtime: serve, or call run_on()");
    assert_eq!(rig.get("/readyz"), (503, "dependencies unavailable".to_owned()));
    let runtime = runtime();
    rig.health.run_on(runtime.handle());
    rig.health.check("late", passes).unwrap();
    runtime.block_on(settle());
    assert_eq!((rig.status("early"), rig.status("late")), (Status::Passed, Status::Passed));
    assert_eq!(rig.base.lifecycle.phase(), Phase::Ready);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_runs_is_not_started_twice() {
    let rig = Rig::new();
    let runs = super::rig::Count::default();
    let counted = runs.clone();
    let never = move || {
        counted.add();
        pending::<Result<(), String>>()
    };
    rig.health.check("never", never).unwrap();
    for _ in 0..3 {
        rig.health.run_on(&tokio::runtime::Handle::current());
        settle().await;
    }
    assert_eq!(runs.get(), 1);
}

#[test]
fn a_runtime_that_ended_before_takes_no_check_and_breaks_nothing() {
    let rig = Rig::new();
    let gone = runtime();
    let handle = gone.handle().clone();
    drop(gone);
    rig.health.run_on(&handle);
    rig.health.check("db", passes).unwrap();
    assert_eq!(rig.status("db"), Status::Unknown);
    assert_eq!(rig.error("db"), "its task has ended, with its runtime or with the registry");
}

#[test]
fn a_runtime_without_timers_is_told_as_the_reason() {
    let rig = Rig::new();
    let bare = Builder::new_current_thread().build().unwrap();
    bare.block_on(async {
        rig.health.check("db", passes).unwrap();
        for _ in 0..10 {
            yield_now().await;
        }
    });
    assert_eq!(rig.error("db"), "its runtime has no timers: build it with enable_time()");
}
