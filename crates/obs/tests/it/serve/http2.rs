//! The end of HTTP/2 connections: streams finish, and the client is told which.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{MethodRouter, get};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use obs::serve::How;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
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

/// What answers once it was let go; and by what it tells that it was asked, and is let go.
fn slow() -> (MethodRouter, Arc<Notify>, Arc<Notify>) {
    let (entered, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (told, released) = (Arc::clone(&entered), Arc::clone(&go));
    let answer = async move || {
        told.notify_one();
        released.notified().await;
        "at last"
    };
    (get(answer), entered, go)
}

#[test]
fn streams_in_flight_finish_and_the_client_goes_without_an_error() {
    for flavor in FLAVORS {
        let (slow, entered, go) = slow();
        let router = Router::new().route("/slow", slow).route("/", get(async || "hello"));
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

/// Grants each CONNECT a stream that gives back what comes.
async fn tunnel(mut request: http::Request<axum::body::Body>) -> http::StatusCode {
    let upgraded = hyper::upgrade::on(&mut request);
    let echo = async |connection: hyper::upgrade::Upgraded| {
        let (mut read, mut write) = tokio::io::split(TokioIo::new(connection));
        let _ = tokio::io::copy(&mut read, &mut write).await;
    };
    // One is told of, and the other is not.
    if request.uri().path() == "/told" {
        let serve = obs::in_upgrade(echo);
        tokio::spawn(async move { serve(upgraded.await.unwrap()).await });
    } else {
        tokio::spawn(async move { echo(upgraded.await.unwrap()).await });
    }
    http::StatusCode::OK
}

#[test]
fn a_stream_of_another_protocol_lives_while_others_finish_and_is_not_waited_for() {
    const LIMIT: Duration = Duration::from_secs(20);
    for path in ["/told", "/untold"] {
        let (slow, entered, go) = slow();
        let router = Router::new().route("/slow", slow).fallback(tunnel);
        let running = Running::start(Flavor::OneWorker, obs(Duration::ZERO, LIMIT), router);
        let begun = std::time::Instant::now();
        let ended = Flavor::Current.runtime().block_on(async {
            let (mut other, _other) = open(running.addr).await;
            let slow = tokio::spawn(text(other.send_request(request("/slow"))));
            entered.notified().await;
            let (mut sender, _connection) = open(running.addr).await;
            // Only a server that has said so may be asked.
            let mut connect = request(path);
            *connect.method_mut() = http::Method::CONNECT;
            connect.extensions_mut().insert(hyper::ext::Protocol::from_static("echo"));
            let answer = sender.send_request(connect).await.unwrap();
            assert_eq!(answer.status(), 200);
            let mut tunnel = TokioIo::new(hyper::upgrade::on(answer).await.unwrap());
            let mut talks = async || {
                tunnel.write_all(b"ping").await.unwrap();
                let mut back = [0; 4];
                tunnel.read_exact(&mut back).await.unwrap();
                assert_eq!(&back, b"ping", "{path}");
            };
            talks().await;
            running.handle.shut_down();
            until("no more connections are taken", || std::net::TcpStream::connect(running.addr).is_err());
            // Longer than a client that has nothing left may stay.
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            talks().await;
            go.notify_one();
            assert_eq!(slow.await.unwrap(), "at last");
            tokio::task::spawn_blocking(move || running.ended()).await.unwrap()
        });
        assert!(ended.is_drained() && begun.elapsed() < LIMIT / 2, "{path}: {ended:?}");
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
