//! The end of HTTP/2 connections: streams finish, and the client is told which.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use obs::serve::How;
use tokio::sync::Notify;

use super::running::{FLAVORS, Flavor, Running, obs};
use crate::service::until;

type Sender = SendRequest<Empty<Bytes>>;

async fn open(addr: std::net::SocketAddr) -> (Sender, tokio::task::JoinHandle<hyper::Result<()>>) {
    let stream = tokio::net::TcpStream::connect(addr).await.unwrap();
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    (sender, tokio::spawn(connection))
}

fn request(path: &str) -> http::Request<Empty<Bytes>> {
    http::Request::get(format!("http://orders.test{path}")).body(Empty::new()).unwrap()
}

async fn text(
    response: impl Future<Output = hyper::Result<http::Response<hyper::body::Incoming>>>,
) -> String {
    let body = response.await.unwrap().into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

#[test]
fn streams_in_flight_finish_and_the_client_goes_without_an_error() {
    for flavor in FLAVORS {
        let (go, entered) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (released, told) = (Arc::clone(&go), Arc::clone(&entered));
        let slow = async move || {
            told.notify_one();
            released.notified().await;
            "at last"
        };
        let router = Router::new().route("/slow", get(slow)).route("/", get(async || "hello"));
        let running = Running::start(flavor, obs(Duration::ZERO, Duration::from_secs(20)), router);
        let client = Flavor::Current.runtime();
        client.block_on(async {
            let (mut sender, connection) = open(running.addr).await;
            assert_eq!(text(sender.send_request(request("/"))).await, "hello");
            let slow = tokio::spawn(text(sender.send_request(request("/slow"))));
            entered.notified().await;
            running.handle.shut_down();
            until("no more connections are taken", || std::net::TcpStream::connect(running.addr).is_err());
            go.notify_one();
            assert_eq!(slow.await.unwrap(), "at last");
            // It ends by itself: the client was told to go.
            connection.await.unwrap().unwrap();
        });
        let ended = running.ended();
        assert!(ended.is_drained(), "{ended:?}");
    }
}

#[test]
fn an_idle_connection_is_closed_and_a_stream_that_never_ends_is_cut() {
    let router =
        Router::new().route("/", get(async || "hello")).route("/never", get(std::future::pending::<&str>));
    for (path, requests) in [("/", 0), ("/never", 1)] {
        let obs = obs(Duration::ZERO, Duration::from_millis(1_500));
        let recorder = obs.recorder().clone();
        let running = Running::start(Flavor::Current, obs, router.clone());
        let client = Flavor::Current.runtime();
        let count = |name: &str| crate::scrape::Scrape::of(&recorder).sum(name, &[]);
        let ended = client.block_on(async {
            let (mut sender, connection) = open(running.addr).await;
            let response = tokio::spawn(sender.send_request(request(path)));
            if requests == 0 {
                response.await.unwrap().unwrap().into_body().collect().await.unwrap();
                running.handle.shut_down();
                connection.await.unwrap().unwrap();
            } else {
                while count("http_requests_in_flight") == 0.0 {
                    tokio::task::yield_now().await;
                }
                running.handle.shut_down();
                assert!(response.await.unwrap().is_err());
            }
            tokio::task::spawn_blocking(move || running.ended()).await.unwrap()
        });
        match ended.how() {
            How::Drained => assert_eq!(requests, 0),
            How::Cut { requests: cut } => assert_eq!(*cut, requests),
            how => panic!("{how:?}"),
        }
        until("what was cut is counted", || count("http_requests_cancelled_total") == requests as f64);
        assert_eq!(count("http_requests_in_flight"), 0.0);
    }
}
