//! The service in a server of tonic's, and behind axum's router, over a connection.

use std::sync::Arc;

use obs_core::{Base, Phase, Resource};
use obs_health::Health;
use obs_health::tonic::HealthService;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_stream::StreamExt;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic_health::pb::health_check_response::ServingStatus::{NotServing, Serving};
use tonic_health::pb::health_client::HealthClient;

use super::asked;

fn ready() -> (Arc<Base>, Health) {
    let base = Base::new(Resource::new("test"));
    base.lifecycle.advance(Phase::Ready);
    let health = Health::new(Arc::clone(&base));
    (base, health)
}

#[tokio::test]
async fn a_server_of_tonics_ends_though_it_is_watched() {
    let (base, health) = ready();
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = incoming.local_addr().unwrap();
    let (end, ended) = oneshot::channel::<()>();
    let server = Server::builder().add_service(HealthService::new(&health));
    let server = tokio::spawn(server.serve_with_incoming_shutdown(incoming, async {
        let _ = ended.await;
    }));
    let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    let mut client = HealthClient::new(channel);
    assert_eq!(client.check(asked("")).await.unwrap().into_inner().status(), Serving);
    let mut watch = client.watch(asked("")).await.unwrap().into_inner();
    assert_eq!(watch.next().await.unwrap().unwrap().status(), Serving);
    base.lifecycle.advance(Phase::Draining);
    end.send(()).unwrap();
    assert_eq!(watch.next().await.unwrap().unwrap().status(), NotServing);
    assert!(watch.next().await.is_none());
    drop(watch);
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn it_is_a_route_of_axums_router_too() {
    let (_, health) = ready();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Routes::new(HealthService::new(&health)).into_axum_router();
    let served = tokio::spawn(async move { axum::serve(listener, router).await });
    let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    let mut client = HealthClient::new(channel);
    assert_eq!(client.check(asked("")).await.unwrap().into_inner().status(), Serving);
    let mut watch = client.watch(asked("")).await.unwrap().into_inner();
    assert_eq!(watch.next().await.unwrap().unwrap().status(), Serving);
    served.abort();
}
