//! One function a cell: a service that ends in one way, and what must be left behind.

use std::convert::Infallible;
use std::future::{pending, ready};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::IntoResponse;
use axum::response::sse::{Event, Sse};
use axum::routing::{any, get};
use axum::{Router, http::StatusCode};
use bytes::Bytes;
use futures_core::Stream;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tower::{BoxError, Layer, service_fn};
use tower_http::services::ServeDir;
use tower_http::timeout::TimeoutLayer;

use super::signals::{Expected, Signals};
use super::wire::{Client, Version};

/// Items given out one by one, then the end, or nothing more for ever.
struct Items<T> {
    items: std::vec::IntoIter<T>,
    then: Then,
}

#[derive(Clone, Copy)]
enum Then {
    End,
    Wait,
    Panic,
}

impl<T> Items<T> {
    fn new<const N: usize>(items: [T; N], then: Then) -> Self {
        Self { items: Vec::from(items).into_iter(), then }
    }
}

impl<T: Unpin> Stream for Items<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<T>> {
        match (self.items.next(), self.then) {
            (Some(item), _) => Poll::Ready(Some(item)),
            (None, Then::End) => Poll::Ready(None),
            (None, Then::Wait) => Poll::Pending,
            (None, Then::Panic) => panic!("in the body"),
        }
    }
}

fn chunk(text: &'static str) -> Result<Bytes, BoxError> {
    Ok(Bytes::from_static(text.as_bytes()))
}

/// Serves one axum route under our layer.
async fn routed(
    signals: &Signals,
    path: &str,
    route: axum::routing::MethodRouter,
    version: Version,
) -> Client {
    let router: Router = Router::new().route(path, route).layer(signals.layer.clone());
    Client::connected_to(router, version).await
}

async fn read(response: Response<Incoming>) -> Result<Bytes, hyper::Error> {
    response.into_body().collect().await.map(|body| body.to_bytes())
}

pub(crate) async fn success(version: Version) {
    let signals = Signals::new();
    let mut client = routed(&signals, "/users/{id}", get(async || "a user"), version).await;
    let response = signals.get(&mut client, "/users/7?token=x").await;
    assert_eq!(read(response).await.unwrap(), "a user");
    signals.check(Expected::get("/users/{id}", "success", 200)).await;
}

pub(crate) async fn client_error(version: Version) {
    let signals = Signals::new();
    let mut client = routed(&signals, "/x", get(async || StatusCode::BAD_REQUEST), version).await;
    read(signals.get(&mut client, "/x").await).await.unwrap();
    signals.check(Expected::get("/x", "client_error", 400)).await;
}

pub(crate) async fn unmatched(version: Version) {
    let signals = Signals::new();
    let mut client = routed(&signals, "/x", get(async || "x"), version).await;
    read(signals.get(&mut client, "/wp-login.php").await).await.unwrap();
    signals.check(Expected::get("unmatched", "client_error", 404)).await;
}

pub(crate) async fn server_error(version: Version) {
    let signals = Signals::new();
    let mut client = routed(&signals, "/x", get(async || (StatusCode::BAD_GATEWAY, "no")), version).await;
    read(signals.get(&mut client, "/x").await).await.unwrap();
    signals.check(Expected::get("/x", "server_error", 502)).await;
}

pub(crate) async fn service_error(version: Version) {
    let signals = Signals::new();
    let service = signals.layer.layer(service_fn(|_: Request<Incoming>| {
        ready(Err::<Response<Body>, BoxError>("the database is gone".into()))
    }));
    let mut client = Client::connected_to(service, version).await;
    client.send(signals.request("GET", "/x")).await.unwrap_err();
    signals.check(Expected::get("unmatched", "server_error", None)).await;
}

pub(crate) async fn panic_before_the_head(version: Version) {
    let signals = Signals::new();
    async fn handler() -> &'static str {
        panic!("in the handler")
    }
    let mut client = routed(&signals, "/x", get(handler), version).await;
    client.send(signals.request("GET", "/x")).await.unwrap_err();
    signals.check(Expected::get("/x", "panicked", None)).await;
}

pub(crate) async fn panic_in_the_body(version: Version) {
    let signals = Signals::new();
    let handler = async || Body::from_stream(Items::new([chunk("ab")], Then::Panic));
    let mut client = routed(&signals, "/x", get(handler), version).await;
    // The connection's task dies with the panic; whether the head got out before is a race.
    if let Ok(response) = client.send(signals.request("GET", "/x")).await {
        read(response).await.unwrap_err();
    }
    signals.check(Expected::get("/x", "panicked", 200)).await;
}

pub(crate) async fn error_in_the_body(version: Version) {
    let signals = Signals::new();
    let handler =
        async || Body::from_stream(Items::new([chunk("ab"), Err("disk on fire".into())], Then::End));
    let mut client = routed(&signals, "/x", get(handler), version).await;
    if let Ok(response) = client.send(signals.request("GET", "/x")).await {
        read(response).await.unwrap_err();
    }
    signals.check(Expected::get("/x", "server_error", 200)).await;
}

pub(crate) async fn abort_before_the_head(version: Version) {
    let signals = Signals::new();
    let mut client = routed(&signals, "/x", get(pending::<&'static str>), version).await;
    {
        let sending = client.send(signals.request("GET", "/x"));
        tokio::select! {
            _ = sending => panic!("nobody answers"),
            () = signals.begun() => {}
        }
    }
    client.abort();
    signals.check(Expected::get("/x", "cancelled", None)).await;
}

pub(crate) async fn abort_in_the_body(version: Version) {
    let signals = Signals::new();
    let handler = async || Body::from_stream(Items::new([chunk("ab")], Then::Wait));
    let mut client = routed(&signals, "/x", get(handler), version).await;
    let mut response = signals.get(&mut client, "/x").await;
    assert_eq!(response.body_mut().frame().await.unwrap().unwrap().into_data().unwrap(), "ab");
    client.abort();
    drop(response);
    signals.check(Expected::get("/x", "cancelled", 200)).await;
}

fn give_up() -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_millis(20))
}

pub(crate) async fn time_out_inside(version: Version) {
    let signals = Signals::new();
    let router: Router =
        Router::new().route("/x", get(pending::<&'static str>)).layer(give_up()).layer(signals.layer.clone());
    let mut client = Client::connected_to(router, version).await;
    read(signals.get(&mut client, "/x").await).await.unwrap();
    signals.check(Expected::get("/x", "timed_out", 504)).await;
}

/// The time-out drops our future, which looks like a client that went away.
pub(crate) async fn time_out_outside(version: Version) {
    let signals = Signals::new();
    let router: Router =
        Router::new().route("/x", get(pending::<&'static str>)).layer(signals.layer.clone()).layer(give_up());
    let mut client = Client::connected_to(router, version).await;
    let response = client.send(signals.request("GET", "/x")).await.unwrap();
    assert_eq!(response.status(), 504);
    signals.check(Expected::get("/x", "cancelled", None)).await;
}

pub(crate) async fn head(version: Version) {
    let signals = Signals::new();
    let mut client = routed(&signals, "/x", get(async || "a body nobody sees"), version).await;
    let response = signals.sent(&mut client, signals.request("HEAD", "/x")).await;
    assert_eq!(read(response).await.unwrap(), "");
    signals.check(Expected { method: "HEAD", ..Expected::get("/x", "success", 200) }).await;
}

pub(crate) async fn no_content(version: Version) {
    let signals = Signals::new();
    let mut client = routed(&signals, "/x", get(async || StatusCode::NO_CONTENT), version).await;
    read(signals.get(&mut client, "/x").await).await.unwrap();
    signals.check(Expected::get("/x", "success", 204)).await;
}

/// The server must not ask for the body of a 304; over HTTP/2 hyper would, so there it is empty.
pub(crate) async fn not_modified(version: Version) {
    let signals = Signals::new();
    let handler = async move || {
        let body = match version {
            Version::Http1 => Body::from_stream(Items::new([chunk("x")], Then::Wait)),
            Version::Http2 => Body::empty(),
        };
        (StatusCode::NOT_MODIFIED, body)
    };
    let mut client = routed(&signals, "/x", get(handler), version).await;
    read(signals.get(&mut client, "/x").await).await.unwrap();
    signals.check(Expected::get("/x", "success", 304)).await;
}

/// The server stops asking after the promised bytes: the stream's end is never polled.
pub(crate) async fn sized_stream(version: Version) {
    let signals = Signals::new();
    let handler = async || {
        ([("content-length", "4")], Body::from_stream(Items::new([chunk("ab"), chunk("cd")], Then::Wait)))
            .into_response()
    };
    let mut client = routed(&signals, "/x", get(handler), version).await;
    let mut response = signals.get(&mut client, "/x").await;
    let mut body = Vec::new();
    while body.len() < 4 {
        body.extend(response.body_mut().frame().await.unwrap().unwrap().into_data().unwrap());
    }
    assert_eq!(body, b"abcd");
    signals.check(Expected::get("/x", "success", 200)).await;
}

pub(crate) async fn served_directory(version: Version) {
    let signals = Signals::new();
    let folder = std::env::temp_dir().join(format!("obs-matrix-{}-{version:?}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("page.txt"), "x".repeat(100_000)).unwrap();
    let service = signals.layer.layer(ServeDir::new(&folder));
    let mut client = Client::connected_to(service, version).await;
    let response = signals.get(&mut client, "/page.txt").await;
    assert_eq!(read(response).await.unwrap().len(), 100_000);
    signals.check(Expected::get("unmatched", "success", 200)).await;
    std::fs::remove_dir_all(&folder).unwrap();
}

pub(crate) async fn server_sent_events(version: Version) {
    let signals = Signals::new();
    let event = |text: &str| Ok::<_, Infallible>(Event::default().data(text));
    let handler = move || ready(Sse::new(Items::new([event("a"), event("b")], Then::End)));
    let mut client = routed(&signals, "/x", get(handler), version).await;
    let response = signals.get(&mut client, "/x").await;
    assert_eq!(read(response).await.unwrap(), "data: a\n\ndata: b\n\n");
    signals.check(Expected::get("/x", "success", 200)).await;
}

/// HTTP/1 upgrades with 101, HTTP/2 by CONNECT; both are over at the head.
pub(crate) async fn upgrade(version: Version) {
    let signals = Signals::new();
    match version {
        Version::Http1 => {
            let handler = async |mut request: Request<Body>| {
                tokio::spawn(hyper::upgrade::on(&mut request));
                (StatusCode::SWITCHING_PROTOCOLS, [("connection", "upgrade"), ("upgrade", "echo")])
            };
            let mut client = routed(&signals, "/x", any(handler), version).await;
            let mut request = signals.request("GET", "/x");
            request.headers_mut().insert("connection", http::HeaderValue::from_static("upgrade"));
            request.headers_mut().insert("upgrade", http::HeaderValue::from_static("echo"));
            let response = signals.sent(&mut client, request).await;
            assert_eq!(response.status(), 101);
            hyper::upgrade::on(response).await.unwrap();
            signals.check(Expected::get("/x", "success", 101)).await;
        }
        Version::Http2 => {
            let service = signals.layer.layer(service_fn(|mut request: Request<Incoming>| {
                tokio::spawn(hyper::upgrade::on(&mut request));
                ready(Ok::<_, Infallible>(Response::new(Body::empty())))
            }));
            let mut client = Client::connected_to(service, version).await;
            let response = signals.sent(&mut client, signals.request("CONNECT", "/")).await;
            assert_eq!(response.status(), 200);
            signals.check(Expected { method: "CONNECT", ..Expected::get("unmatched", "success", 200) }).await;
        }
    }
}
