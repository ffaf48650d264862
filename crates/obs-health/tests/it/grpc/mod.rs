//! `grpc.health.v1` as tonic-health's client sees it, most of it without a network in between.

mod hostile;
mod names;
mod network;
mod peer;
mod watch;

use obs_health::Health;
use obs_health::tonic::HealthService;
use tonic::{Code, Streaming};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

/// A client that calls the service itself.
pub(super) type Client = HealthClient<HealthService>;

pub(super) fn client(health: &Health) -> Client {
    HealthClient::new(HealthService::new(health))
}

pub(super) fn asked(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.to_owned() }
}

/// What `Check` says of a service.
pub(super) async fn check(client: &mut Client, service: &str) -> Result<ServingStatus, Code> {
    let told = client.check(asked(service)).await;
    told.map(|told| told.into_inner().status()).map_err(|status| status.code())
}

pub(super) async fn watch(client: &mut Client, service: &str) -> Streaming<HealthCheckResponse> {
    client.watch(asked(service)).await.unwrap().into_inner()
}

/// What a watch tells next.
pub(super) async fn next(watch: &mut Streaming<HealthCheckResponse>) -> Option<ServingStatus> {
    watch.message().await.unwrap().map(|told| told.status())
}

/// What a watch has told and nobody has read, which is nothing where this is `None`.
pub(super) async fn waiting(watch: &mut Streaming<HealthCheckResponse>) -> Option<ServingStatus> {
    std::future::poll_fn(|task| {
        let message = std::pin::pin!(watch.message()).poll(task);
        std::task::Poll::Ready(match message {
            std::task::Poll::Ready(told) => told.unwrap().map(|told| told.status()),
            std::task::Poll::Pending => None,
        })
    })
    .await
}
