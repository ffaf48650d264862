//! Watches: what they tell, when, and how they end.

use std::sync::Arc;

use obs_core::{Base, Phase, Resource, Timestamp};
use obs_health::Health;
use obs_health::tonic::{HealthService, MAX_WATCHES};
use tonic::Code;
use tonic_health::pb::health_check_response::ServingStatus::{NotServing, ServiceUnknown, Serving};
use tonic_health::pb::health_client::HealthClient;

use super::super::rig::{Rig, SECOND, Switch, settle};
use super::{asked, client, next, waiting, watch};

#[tokio::test(start_paused = true)]
async fn a_watch_tells_at_once_and_then_what_has_changed_and_nothing_twice() {
    let rig = Rig::new();
    let db = Switch::default();
    rig.health.check("db", db.check()).unwrap();
    settle().await;
    let mut client = client(&rig.health);
    let mut watch = watch(&mut client, "").await;
    assert_eq!(waiting(&mut watch).await, Some(Serving));
    rig.pass(20 * SECOND).await;
    assert_eq!(waiting(&mut watch).await, None);
    db.fail(true);
    rig.pass(10 * SECOND).await;
    assert_eq!(next(&mut watch).await, Some(NotServing));
    rig.pass(20 * SECOND).await;
    assert_eq!(waiting(&mut watch).await, None);
    db.fail(false);
    rig.pass(10 * SECOND).await;
    assert_eq!(next(&mut watch).await, Some(Serving));
}

#[tokio::test(start_paused = true)]
async fn a_result_that_gets_stale_is_told_though_no_check_ran() {
    let rig = Rig::new();
    rig.health.check("db", Switch::default().check()).unwrap();
    settle().await;
    let mut client = client(&rig.health);
    let mut watch = watch(&mut client, "").await;
    assert_eq!(next(&mut watch).await, Some(Serving));
    // Only the base's clock moves: no run comes.
    rig.clock.advance(32 * SECOND);
    assert_eq!(next(&mut watch).await, Some(NotServing));
}

#[tokio::test(start_paused = true)]
async fn each_phase_is_told_and_a_drain_ends_the_watch() {
    let base = Base::new(Resource::new("test"));
    let health = Health::new(Arc::clone(&base));
    let mut client = client(&health);
    let mut whole = watch(&mut client, "").await;
    let mut unknown = watch(&mut client, "shop.Nobody").await;
    let mut live = watch(&mut client, "liveness").await;
    assert_eq!(next(&mut whole).await, Some(NotServing), "at boot");
    base.lifecycle.advance(Phase::Ready);
    assert_eq!(next(&mut whole).await, Some(Serving));
    assert_eq!(next(&mut unknown).await, Some(ServiceUnknown));
    assert_eq!(next(&mut live).await, Some(Serving));
    base.lifecycle.advance(Phase::Draining);
    assert_eq!(next(&mut whole).await, Some(NotServing));
    for watch in [&mut whole, &mut unknown, &mut live] {
        assert_eq!(next(watch).await, None);
        assert_eq!(
            watch.trailers().await.unwrap().map(|trailers| trailers.into_headers()["grpc-status"] == "0"),
            Some(true)
        );
    }
    let mut late = watch(&mut client, "").await;
    assert_eq!((next(&mut late).await, next(&mut late).await), (Some(NotServing), None));
}

#[tokio::test(start_paused = true)]
async fn a_watch_of_an_unknown_service_stays_open_until_it_is_known() {
    let rig = Rig::new();
    rig.health.check("db", Switch::default().check()).unwrap();
    settle().await;
    let mut client = client(&rig.health);
    let mut watch = watch(&mut client, "checkout").await;
    assert_eq!(waiting(&mut watch).await, Some(ServiceUnknown));
    rig.pass(SECOND).await;
    assert_eq!(waiting(&mut watch).await, None);
    rig.health.group("checkout", ["db", "payments"]).unwrap();
    assert_eq!(next(&mut watch).await, Some(NotServing));
    rig.health.group("checkout", ["db"]).unwrap();
    assert_eq!(next(&mut watch).await, Some(Serving));
}

#[tokio::test(start_paused = true)]
async fn an_operator_who_sets_the_machines_clock_changes_nothing() {
    let rig = Rig::new();
    rig.health.check("db", Switch::default().check()).unwrap();
    settle().await;
    let mut client = client(&rig.health);
    let mut watch = watch(&mut client, "").await;
    assert_eq!(next(&mut watch).await, Some(Serving));
    for seconds in [0, 4_107_542_399, 1] {
        rig.clock.set(Timestamp::from_unix_nanos(seconds * 1_000_000_000));
        rig.pass(SECOND).await;
        assert_eq!(waiting(&mut watch).await, None);
        assert_eq!(rig.get("/readyz"), (200, "ready".to_owned()));
        assert!(rig.report("db").age.unwrap() < 5 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn as_many_watches_as_there_may_be_and_one_that_ends_makes_room() {
    let rig = Rig::new();
    let service = HealthService::new(&rig.health);
    let mut open = Vec::new();
    for number in 0..MAX_WATCHES {
        // Clones share the number.
        let mut client = HealthClient::new(service.clone());
        open.push(watch(&mut client, &format!("name-{number}")).await);
    }
    let mut client = HealthClient::new(service);
    let refused = client.watch(asked("")).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(refused.message(), "1024 watches are open, as many as may be");
    assert_eq!(super::check(&mut client, "").await, Ok(Serving), "others are answered");
    open.truncate(MAX_WATCHES - 1);
    assert_eq!(next(&mut watch(&mut client, "").await).await, Some(Serving));
}
