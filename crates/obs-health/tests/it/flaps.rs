//! Checks that come and go, and what is kept of their runs.

use obs_health::{RunResult, Settings, Status};

use super::rig::{Rig, SECOND, Switch, settle};

#[tokio::test(start_paused = true)]
async fn a_check_that_fails_now_and_then_does_not_take_the_service_out() {
    let rig = Rig::new();
    let switch = Switch::default();
    let settings = Settings::new().interval(SECOND).failure_threshold(3).success_threshold(2);
    rig.health.check_with("db", settings, switch.check()).unwrap();
    settle().await;
    let seen = |rig: &Rig| (rig.status("db"), rig.get("/readyz").0);
    assert_eq!(seen(&rig), (Status::Passed, 200));
    switch.fail(true);
    rig.pass(2 * SECOND).await;
    assert_eq!(seen(&rig), (Status::Passed, 200), "two failures in a row");
    let report = rig.report("db");
    assert_eq!((report.error, report.history[0].result), (None, RunResult::Failed));
    switch.fail(false);
    rig.pass(SECOND).await;
    switch.fail(true);
    rig.pass(2 * SECOND).await;
    assert_eq!(seen(&rig), (Status::Passed, 200), "a run that passes begins the count anew");
    rig.pass(SECOND).await;
    assert_eq!(seen(&rig), (Status::Failed, 503), "three failures in a row");
    switch.fail(false);
    rig.pass(SECOND).await;
    assert_eq!(seen(&rig), (Status::Failed, 503), "one run that passes");
    assert_eq!(rig.error("db"), "refused", "of the run that failed last");
    rig.pass(SECOND).await;
    assert_eq!(seen(&rig), (Status::Passed, 200));
}

#[tokio::test(start_paused = true)]
async fn after_what_is_too_old_the_next_run_decides_by_itself() {
    let rig = Rig::new();
    let switch = Switch::default();
    let settings = Settings::new().interval(SECOND).failure_threshold(3).success_threshold(3);
    rig.health.check_with("db", settings, switch.check()).unwrap();
    settle().await;
    // The runtime stands still for longer than a result counts.
    switch.fail(true);
    rig.clock.advance(60 * SECOND);
    assert_eq!((rig.status("db"), rig.get("/readyz").0), (Status::Stale, 503));
    rig.pass(SECOND).await;
    assert_eq!((rig.status("db"), rig.get("/readyz").0), (Status::Failed, 503));
    switch.fail(false);
    rig.clock.advance(60 * SECOND);
    rig.pass(SECOND).await;
    assert_eq!((rig.status("db"), rig.get("/readyz").0), (Status::Passed, 200));
}

#[tokio::test(start_paused = true)]
async fn what_failed_last_and_since_when_it_passes_stay_known() {
    let rig = Rig::new();
    let switch = Switch::default();
    rig.health.check_with("db", Settings::new().interval(SECOND), switch.check()).unwrap();
    settle().await;
    switch.fail(true);
    rig.pass(SECOND).await;
    switch.fail(false);
    rig.pass(60 * SECOND).await;
    let report = rig.report("db");
    let failure = report.last_failure.unwrap();
    assert_eq!((failure.result, failure.error.as_deref()), (RunResult::Failed, Some("refused")));
    assert_eq!(failure.age.as_secs(), 60);
    assert_eq!((report.since.unwrap().as_secs(), report.error), (59, None));
    assert_eq!(report.history.len(), 16, "and no more");
    assert!(report.history.is_sorted_by(|later, earlier| later.age < earlier.age));
    let (status, body) = rig.json("/readyz?verbose=history");
    let check = &body["checks"][0];
    assert_eq!((status, check["history"].as_array().unwrap().len()), (200, 16));
    assert_eq!(check["history"][15]["result"], "passed");
    assert_eq!(check["last_failure"]["error"], "refused");
    assert!(rig.json("/readyz?verbose").1["checks"][0]["history"].is_null());
}
