//! The check that asks another's `grpc.health.v1`: here one by tonic-health.

use obs_health::tonic::Peer;
use obs_health::{Check, Status};
use tonic::service::Routes;
use tonic::transport::Channel;
use tonic_health::ServingStatus;

use super::super::rig::{Rig, settle};

async fn error(check: impl Check) -> Option<String> {
    check.check().await.err().map(|error| error.as_str().to_owned())
}

#[tokio::test]
async fn what_another_says_of_itself_is_what_the_check_finds() {
    let (reporter, server) = tonic_health::server::health_reporter();
    let routes = Routes::new(server);
    let peer = |name: &str| Peer::new(routes.clone()).service(name);
    reporter.set_service_status("", ServingStatus::Serving).await;
    assert_eq!(error(Peer::new(routes.clone())).await, None);
    reporter.set_service_status("shop.Payments", ServingStatus::NotServing).await;
    assert_eq!(error(peer("shop.Payments")).await.unwrap(), "it says NOT_SERVING");
    reporter.set_service_status("shop.Payments", ServingStatus::Serving).await;
    assert_eq!(error(peer("shop.Payments")).await, None);
    let unknown = "its grpc.health.v1 knows no service of this name";
    assert_eq!(error(peer("shop.Nobody")).await.unwrap(), unknown);
    let none = Peer::new(Routes::default());
    assert_eq!(error(none).await.unwrap(), "it has no grpc.health.v1");
}

#[tokio::test]
async fn where_nobody_is_the_error_says_so() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect_lazy();
    let error = error(Peer::new(channel)).await.unwrap();
    assert!(
        error.starts_with("UNAVAILABLE: ") && error.ends_with("Connection refused (os error 111)"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn two_that_ask_each_other_are_checked_as_any_other() {
    let (one, other) = (Rig::new(), Rig::new());
    let of_other = obs_health::tonic::HealthService::new(&other.health);
    one.health.check("other", Peer::new(of_other)).unwrap();
    settle().await;
    assert_eq!(one.status("other"), Status::Passed);
}
