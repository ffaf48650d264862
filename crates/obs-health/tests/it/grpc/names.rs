//! What each name stands for, to `Check` and to `List`.

use std::collections::BTreeMap;

use http::uri::PathAndQuery;
use obs_core::{Base, Phase, Resource};
use obs_health::tonic::{HealthService, MAX_SERVICES};
use obs_health::{Health, Heartbeat, RegisterError};
use tonic::Code;
use tonic_health::pb::health_check_response::ServingStatus::{self, NotServing, Serving};
use tonic_health::pb::health_client::HealthClient;

use super::super::rig::{Rig, SECOND, Switch, settle};
use super::{check, client};

#[tokio::test(start_paused = true)]
async fn the_empty_name_is_the_whole_as_readyz_has_it_in_every_phase() {
    let base = Base::new(Resource::new("test"));
    let health = Health::new(base.clone());
    let db = Switch::default();
    health.check("db", db.check()).unwrap();
    settle().await;
    let mut client = client(&health);
    assert_eq!(check(&mut client, "").await, Ok(NotServing), "at boot, whatever the checks say");
    base.lifecycle.advance(Phase::Ready);
    assert_eq!(check(&mut client, "").await, Ok(Serving));
    db.fail(true);
    tokio::time::sleep(10 * SECOND).await;
    settle().await;
    assert_eq!(check(&mut client, "").await, Ok(NotServing));
    db.fail(false);
    tokio::time::sleep(10 * SECOND).await;
    settle().await;
    assert_eq!(check(&mut client, "").await, Ok(Serving));
    for phase in [Phase::Draining, Phase::Stopped] {
        base.lifecycle.advance(phase);
        assert_eq!(check(&mut client, "").await, Ok(NotServing), "{phase:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn groups_are_services_and_services_have_the_names_they_are_given() {
    let rig = Rig::new();
    let (db, shelf) = (Switch::default(), Switch::default());
    shelf.fail(true);
    rig.health.check("db", db.check()).unwrap();
    rig.health.check("shelf", shelf.check()).unwrap();
    rig.health.group("checkout", ["db"]).unwrap();
    settle().await;
    let service = HealthService::new(&rig.health).service("shop.Shelves").unwrap();
    let service = service.service_of_group("shop.Payments", "checkout").unwrap();
    let service = service.service_of_group("shop.Later", "later").unwrap();
    let mut client = HealthClient::new(service);
    for (name, expected) in [
        ("", Ok(NotServing)),
        ("shop.Shelves", Ok(NotServing)),
        ("checkout", Ok(Serving)),
        ("shop.Payments", Ok(Serving)),
        ("shop.Later", Ok(NotServing)),
        ("later", Err(Code::NotFound)),
        ("shop.Nobody", Err(Code::NotFound)),
        ("db", Err(Code::NotFound)),
    ] {
        assert_eq!(check(&mut client, name).await, expected, "{name}");
    }
    rig.health.group("later", ["db"]).unwrap();
    assert_eq!(check(&mut client, "shop.Later").await, Ok(Serving));
}

#[tokio::test(start_paused = true)]
async fn liveness_and_the_start_up_are_asked_for_by_their_names() {
    let rig = Rig::starting();
    let mut early = client(&rig.health);
    assert_eq!(check(&mut early, "startup").await, Ok(NotServing));
    assert_eq!(check(&mut early, "liveness").await, Ok(Serving));
    let migrations = rig.health.step("migrations", 7).unwrap();
    rig.base.lifecycle.advance(Phase::Ready);
    for name in ["startup", ""] {
        assert_eq!(check(&mut early, name).await, Ok(NotServing), "a step is open: {name}");
    }
    migrations.done();

    let heartbeat = Heartbeat::new(5 * SECOND);
    rig.health.liveness(heartbeat.clone()).unwrap();
    let failing = Switch::default();
    failing.fail(true);
    rig.health.check("db", failing.check()).unwrap();
    settle().await;
    let mut client = client(&rig.health);
    assert_eq!(check(&mut client, "").await, Ok(NotServing));
    assert_eq!(check(&mut client, "startup").await, Ok(Serving), "no check matters to it");
    assert_eq!(check(&mut client, "liveness").await, Ok(Serving), "no check matters to it");
    rig.clock.advance(6 * SECOND);
    assert_eq!(check(&mut client, "liveness").await, Ok(NotServing));
    rig.base.lifecycle.advance(Phase::Draining);
    assert_eq!(check(&mut client, "liveness").await, Ok(Serving), "as /healthz has it");
}

#[test]
fn names_that_cannot_be_and_too_many_are_refused() {
    let rig = Rig::new();
    let new = || HealthService::new(&rig.health);
    assert_eq!(new().service("").unwrap_err(), RegisterError::Service(String::new()));
    let long = "é".repeat(129);
    let error = new().service(long.clone()).unwrap_err();
    assert_eq!(error, RegisterError::Service(long));
    assert!(error.to_string().ends_with("é`: its name must be 1 to 256 bytes long"), "{error}");
    let full = (0..MAX_SERVICES).try_fold(new(), |service, number| service.service(format!("s{number}")));
    let full = full.unwrap().service("s7").unwrap();
    let error = full.service("one.more").unwrap_err();
    assert_eq!(error.to_string(), "more than 256 health gRPC services");
}

/// `HealthListResponse`: <https://github.com/grpc/grpc-proto/blob/master/grpc/health/v1/health.proto>.
#[derive(Clone, PartialEq, prost::Message)]
struct Listed {
    #[prost(btree_map = "string, message", tag = "1")]
    statuses: BTreeMap<String, tonic_health::pb::HealthCheckResponse>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Empty {}

#[tokio::test(start_paused = true)]
async fn a_list_has_every_name_with_its_status() {
    let rig = Rig::new();
    let (db, shelf) = (Switch::default(), Switch::default());
    shelf.fail(true);
    rig.health.check("db", db.check()).unwrap();
    rig.health.check("shelf", shelf.check()).unwrap();
    rig.health.group("checkout", ["db"]).unwrap();
    settle().await;
    let service = HealthService::new(&rig.health).service_of_group("shop.Payments", "checkout").unwrap();
    let mut client = tonic::client::Grpc::new(service);
    client.ready().await.unwrap();
    let list = PathAndQuery::from_static("/grpc.health.v1.Health/List");
    let codec = super::hostile::codec::<Empty, Listed>();
    let listed = client.unary(tonic::Request::new(Empty {}), list, codec).await.unwrap().into_inner();
    let found: Vec<(&str, ServingStatus)> =
        listed.statuses.iter().map(|(name, told)| (name.as_str(), told.status())).collect();
    assert_eq!(
        found,
        [
            ("", NotServing),
            ("checkout", Serving),
            ("liveness", Serving),
            ("shop.Payments", Serving),
            ("startup", Serving)
        ]
    );
}
