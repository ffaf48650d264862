//! A start-up with steps, as an orchestrator sees it.

use http::{Request, header::ACCEPT};
use obs_core::Phase;
use obs_health::{MAX_STEPS, Readiness, RegisterError, StepStatus, admin};
use serde_json::json;

use super::numbers::collect;
use super::rig::{Rig, SECOND};

#[track_caller]
fn check(rig: &Rig, path: &str, status: u16, body: &str) {
    assert_eq!(rig.get(path), (status, body.to_owned()), "{path}");
}

#[test]
fn start_up_lasts_until_all_steps_are_done_and_says_how_far_they_are() {
    let rig = Rig::starting();
    let migrations = rig.health.step("migrations", 7).unwrap();
    let cache = rig.health.step("cache", 1).unwrap();
    migrations.advance_by(2);
    migrations.advance();
    check(&rig, "/startupz", 503, "starting: migrations 3/7, cache 0/1");
    cache.done();
    check(&rig, "/startupz", 503, "starting: migrations 3/7");
    rig.base.lifecycle.advance(Phase::Ready);
    check(&rig, "/startupz", 503, "starting: migrations 3/7");
    check(&rig, "/readyz", 503, "starting");
    check(&rig, "/healthz", 200, "ok");
    assert_eq!(rig.health.readiness(), Readiness::Starting);
    migrations.done();
    check(&rig, "/startupz", 200, "started");
    check(&rig, "/readyz", 200, "ready");
}

#[test]
fn steps_that_are_done_do_not_end_a_start_up_that_goes_on() {
    let rig = Rig::starting();
    rig.health.step("migrations", 1).unwrap().done();
    check(&rig, "/startupz", 503, "starting");
    rig.health.step("cache", 1).unwrap().done();
    rig.base.lifecycle.advance(Phase::Ready);
    check(&rig, "/startupz", 200, "started");
}

#[test]
fn a_step_that_fails_holds_the_start_up_until_one_of_its_name_is_done() {
    let rig = Rig::starting();
    let step = rig.health.step("migrations", 7).unwrap();
    rig.base.lifecycle.advance(Phase::Ready);
    step.advance();
    step.fail("no table `orders` at postgres://shop:hunter2@db");
    let text = "starting: migrations 1/7 failed: no table `orders` at postgres://[redacted]@db";
    check(&rig, "/startupz", 503, text);
    check(&rig, "/readyz", 503, "starting");
    assert_eq!(rig.health.steps()[0].status, StepStatus::Failed);
    let again = rig.health.step("migrations", 7).unwrap();
    check(&rig, "/startupz", 503, "starting: migrations 0/7");
    again.done();
    check(&rig, "/startupz", 200, "started");
}

#[test]
fn a_step_that_is_dropped_before_its_end_has_failed() {
    let rig = Rig::starting();
    let step = rig.health.step("migrations", 2).unwrap();
    let panics = std::thread::spawn(move || {
        step.advance();
        panic!("half-way");
    });
    assert!(panics.join().is_err());
    check(&rig, "/startupz", 503, "starting: migrations 1/2 failed: given up before it had ended");
}

#[test]
fn steps_are_shown_in_json_of_both_kinds_and_counted() {
    let rig = Rig::starting();
    let step = rig.health.step("migrations", 8).unwrap();
    rig.health.step("cache", 3).unwrap().fail("refused");
    step.advance_by(3);
    rig.clock.advance(2 * SECOND);
    let steps = json!([
        { "name": "migrations", "status": "running", "done": 3, "of": 8, "duration_ms": 2_000 },
        { "name": "cache", "status": "failed", "done": 0, "of": 3, "error": "refused", "duration_ms": 0 },
    ]);
    let reason = "start-up has not ended: migrations 3/8, cache 0/3 failed: refused";
    let expected = json!({ "status": "starting", "phase": "starting", "reason": reason, "steps": steps });
    assert_eq!(rig.json("/startupz?verbose"), (503, expected));
    let (_, readyz) = rig.json("/readyz?verbose");
    assert_eq!((&readyz["reason"], &readyz["steps"]), (&reason.into(), &steps));
    let request = Request::get("/startupz").header(ACCEPT, "application/health+json").body(()).unwrap();
    let response = admin::respond(&rig.health, &request);
    let expected = json!({
        "status": "fail", "serviceId": "test", "description": "starting", "output": reason,
        "checks": {
            "migrations:progress": [
                { "componentType": "component", "status": "warn", "observedValue": 37, "observedUnit": "%" },
            ],
            "cache:progress": [
                {
                    "componentType": "component", "status": "fail", "observedValue": 0, "observedUnit": "%",
                    "output": "refused",
                },
            ],
        },
    });
    assert_eq!(serde_json::from_slice::<serde_json::Value>(response.body()).unwrap(), expected);
    let samples = collect(&rig.base);
    for sample in [
        "health_started{} 0",
        "health_startup_step_ratio{step=migrations} 0.375",
        "health_startup_step_ratio{step=cache} 0",
    ] {
        assert!(samples.contains(&sample.to_owned()), "{samples:?}");
    }
    step.done();
    rig.health.step("cache", 3).unwrap().done();
    rig.base.lifecycle.advance(Phase::Ready);
    let samples = collect(&rig.base);
    for sample in ["health_started{} 1", "health_startup_step_ratio{step=migrations} 1"] {
        assert!(samples.contains(&sample.to_owned()), "{samples:?}");
    }
}

#[test]
fn no_more_parts_are_done_than_there_are() {
    let rig = Rig::starting();
    let step = rig.health.step("migrations", 0).unwrap();
    check(&rig, "/startupz", 503, "starting: migrations 0/1");
    step.advance_by(u64::MAX);
    step.advance();
    check(&rig, "/startupz", 503, "starting: migrations 1/1");
}

#[test]
fn a_start_up_that_has_ended_does_not_begin_again() {
    let rig = Rig::starting();
    rig.base.lifecycle.advance(Phase::Ready);
    let late = rig.health.step("migrations", 7).map(drop);
    assert_eq!(late, Err(RegisterError::Started("migrations".to_owned())));
    assert_eq!(late.unwrap_err().to_string(), "step `migrations`: the start-up has ended");
    check(&rig, "/startupz", 200, "started");
}

#[test]
fn steps_are_named_once_and_bounded() {
    let rig = Rig::starting();
    let first = rig.health.step("0", 1).unwrap();
    assert_eq!(rig.health.step("0", 1).map(drop), Err(RegisterError::StepTaken("0".to_owned())));
    assert_eq!(rig.health.step("a b", 1).map(drop), Err(RegisterError::Name("a b".to_owned())));
    let more: Vec<_> = (1..MAX_STEPS).map(|at| rig.health.step(at.to_string(), 1).unwrap()).collect();
    let full = rig.health.step("one more", 1).map(drop);
    assert_eq!(full, Err(RegisterError::Name("one more".to_owned())));
    let full = rig.health.step("one-more", 1).map(drop);
    assert_eq!(full, Err(RegisterError::TooMany { what: "steps", most: 64 }));
    drop((first, more));
}

#[test]
fn a_service_that_drains_has_started() {
    let rig = Rig::starting();
    let _step = rig.health.step("migrations", 7).unwrap();
    rig.base.lifecycle.advance(Phase::Draining);
    check(&rig, "/startupz", 200, "started");
    check(&rig, "/readyz", 503, "draining");
}
