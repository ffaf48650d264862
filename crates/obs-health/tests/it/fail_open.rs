//! Checks whose failure leaves the service in traffic, and when it does not.

use obs_health::{Others, Readiness, RegisterError, Settings, Status};
use serde_json::json;

use super::numbers::collect;
use super::rig::{Rig, SECOND, Switch};

/// A service with one check that fails open.
async fn open() -> (Rig, Switch) {
    let (rig, switch) = (Rig::new(), Switch::default());
    rig.health.check_with("db", Settings::new().fail_open(), switch.check()).unwrap();
    rig.pass(SECOND).await;
    assert_eq!(rig.health.readiness(), Readiness::Ready);
    (rig, switch)
}

#[tokio::test(start_paused = true)]
async fn a_check_that_fails_open_leaves_the_service_in_traffic_and_says_so() {
    let (rig, switch) = open().await;
    switch.fail(true);
    rig.pass(10 * SECOND).await;
    assert_eq!((rig.status("db"), rig.health.readiness()), (Status::Failed, Readiness::Ready));
    let (status, body) = rig.json("/readyz?verbose");
    let check = &body["checks"][0];
    assert_eq!((status, &body["status"]), (200, &json!("ready")));
    assert_eq!(
        (&check["status"], &check["importance"], &check["excused"]),
        (&json!("failed"), &json!("critical"), &json!(true))
    );
    let samples = collect(&rig.base);
    for sample in ["health_check_excused{check=db} 1", "health_check_status{check=db} 0", "health_ready{} 1"]
    {
        assert!(samples.contains(&sample.to_owned()), "{samples:?}");
    }
    switch.fail(false);
    rig.pass(10 * SECOND).await;
    assert!(collect(&rig.base).contains(&"health_check_excused{check=db} 0".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn one_that_has_never_passed_holds_the_service_out() {
    let (rig, switch) = (Rig::new(), Switch::default());
    switch.fail(true);
    rig.health.check_with("db", Settings::new().fail_open(), switch.check()).unwrap();
    rig.pass(60 * SECOND).await;
    assert_eq!(rig.health.readiness(), Readiness::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_stale_takes_the_service_out_as_that_is_its_own_fault() {
    let (rig, _) = open().await;
    rig.clock.advance(60 * SECOND);
    assert_eq!((rig.status("db"), rig.health.readiness()), (Status::Stale, Readiness::Unavailable));
}

#[tokio::test(start_paused = true)]
async fn a_check_that_does_not_fail_open_is_not_excused_by_one_that_does() {
    let (rig, switch) = open().await;
    let queue = Switch::default();
    rig.health.check("queue", queue.check()).unwrap();
    rig.pass(SECOND).await;
    switch.fail(true);
    queue.fail(true);
    rig.pass(10 * SECOND).await;
    assert_eq!(rig.health.readiness(), Readiness::Unavailable);
    queue.fail(false);
    rig.pass(10 * SECOND).await;
    assert_eq!(rig.health.readiness(), Readiness::Ready);
}

#[tokio::test(start_paused = true)]
async fn while_another_replica_is_known_to_pass_it_the_failure_is_this_ones() {
    let (rig, switch) = open().await;
    let others = Others::new(30 * SECOND);
    others.tell(9);
    assert_eq!(others.passing(), None, "registered nowhere yet");
    rig.health.others("db", others.clone()).unwrap();
    switch.fail(true);
    rig.pass(10 * SECOND).await;
    let readiness = |passing| {
        others.tell(passing);
        rig.health.readiness()
    };
    assert_eq!(rig.health.readiness(), Readiness::Ready, "nothing is known");
    assert_eq!(readiness(1), Readiness::Unavailable);
    assert_eq!(readiness(0), Readiness::Ready);
    assert_eq!(readiness(2), Readiness::Unavailable);
    rig.pass(30 * SECOND).await;
    assert_eq!(rig.health.readiness(), Readiness::Unavailable);
    rig.pass(SECOND).await;
    assert_eq!((others.passing(), rig.health.readiness()), (None, Readiness::Ready), "too old to count");
}

#[tokio::test(start_paused = true)]
async fn a_group_tells_others_of_the_check_as_it_is() {
    let (rig, switch) = open().await;
    rig.health.group("db", ["db"]).unwrap();
    switch.fail(true);
    rig.pass(10 * SECOND).await;
    assert_eq!((rig.get("/readyz").0, rig.get("/readyz?group=db").0), (200, 503));
    let (_, body) = rig.json("/readyz?group=db&verbose");
    assert_eq!(body["checks"][0]["excused"], serde_json::Value::Null);
}

#[tokio::test(start_paused = true)]
async fn others_are_for_checks_that_fail_open() {
    let (rig, _) = open().await;
    rig.health.check("queue", Switch::default().check()).unwrap();
    for name in ["queue", "cache"] {
        let refused = rig.health.others(name, Others::new(SECOND)).unwrap_err();
        assert_eq!(refused, RegisterError::NotOpen(name.to_owned()));
    }
}
