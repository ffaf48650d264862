//! Readiness for one purpose.

use obs_core::Phase;
use obs_health::{Importance, MAX_GROUPS, Readiness, RegisterError, Settings};

use super::rig::{Rig, Switch, settle};

#[tokio::test(start_paused = true)]
async fn a_group_goes_by_its_own_checks_alone() {
    let rig = Rig::new();
    let (db, cache) = (Switch::default(), Switch::default());
    rig.health.check("db", db.check()).unwrap();
    let degraded = Settings::new().importance(Importance::Degraded);
    rig.health.check_with("cache", degraded, cache.check()).unwrap();
    rig.health.group("reads", ["cache", "cache"]).unwrap();
    rig.health.group("orders", vec![String::from("db"), String::from("bank")]).unwrap();
    cache.fail(true);
    settle().await;
    let codes =
        |rig: &Rig| ["", "?group=reads", "?group=orders"].map(|query| rig.get(&format!("/readyz{query}")).0);
    assert_eq!(codes(&rig), [200, 503, 503], "the cache fails, and nobody knows the bank");
    let (_, body) = rig.json("/readyz?group=orders&verbose");
    assert_eq!(body["checks"][0]["name"], "db");
    let bank = &body["checks"][1];
    assert_eq!((&bank["name"], &bank["status"]), (&"bank".into(), &"unknown".into()));
    assert_eq!(bank["error"], "no check of this name is registered");
    let (_, body) = rig.json("/readyz?verbose&group=reads");
    assert_eq!(body["checks"].as_array().unwrap().len(), 1, "named twice, told once");
    assert_eq!(
        (&body["status"], &body["checks"][0]["importance"]),
        (&"unavailable".into(), &"critical".into())
    );
    rig.health.check("bank", || async { Ok::<(), String>(()) }).unwrap();
    settle().await;
    assert_eq!(codes(&rig), [200, 503, 200]);
    rig.health.group("reads", ["db"]).unwrap();
    assert_eq!(codes(&rig), [200, 200, 200], "the group of that name has given way");
    rig.base.lifecycle.advance(Phase::Draining);
    assert_eq!(rig.get("/readyz?group=reads"), (503, "draining".to_owned()));
    assert_eq!(rig.health.group_readiness("orders"), Some(Readiness::Draining));
}

#[test]
fn a_group_that_is_not_there_is_no_good_answer() {
    let rig = Rig::new();
    for query in ["?group=reads", "?group=", "?group=reads&verbose", "?group=%72eads"] {
        assert_eq!(rig.get(&format!("/readyz{query}")), (404, "no such group".to_owned()), "{query}");
    }
    assert_eq!(rig.health.group_readiness("reads"), None);
}

#[test]
fn a_group_that_makes_no_sense_is_refused() {
    let rig = Rig::new();
    let none: [&str; 0] = [];
    let group = |name: &str, checks: &[&str]| rig.health.group(name, checks.iter().copied()).unwrap_err();
    assert_eq!(group("orders", &none), RegisterError::EmptyGroup("orders".to_owned()));
    assert_eq!(group("or ders", &["db"]), RegisterError::Name("or ders".to_owned()));
    assert_eq!(group("orders", &["db", "d\n"]), RegisterError::Name("d\n".to_owned()));
    let many: Vec<_> = (0..=MAX_GROUPS).map(|number| format!("c{number}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert_eq!(group("orders", &many).to_string(), "more than 64 health checks in a group");
    for number in 0..MAX_GROUPS {
        rig.health.group(format!("g{number}"), ["db"]).unwrap();
    }
    assert_eq!(group("orders", &["db"]).to_string(), "more than 64 health groups");
    rig.health.group("g7", ["cache"]).unwrap();
    rig.health.shutdown();
    assert_eq!(group("g7", &["db"]), RegisterError::ShutDown);
}
