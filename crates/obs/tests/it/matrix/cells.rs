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
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::services::ServeDir;
use tower_http::timeout::TimeoutLayer;

use obs_core::context::Route;

use super::signals::{Expected, Signals};
use super::wire::{Client, Version};
use super::{Setting, Stack};

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

/// Serves one handler under our layer, by axum's router or by hyper alone.
async fn routed<H, F, R>(signals: &Signals, path: &'static str, handler: H, setting: Setting) -> Client
where
    H: FnOnce(Request<Body>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = R> + Send + 'static,
    R: IntoResponse + 'static,
{
    let layer = signals.layer.clone();
    match setting.stack {
        Stack::Axum => {
            let router: Router = Router::new().route(path, any(handler)).layer(layer);
            Client::connected_to(router, setting.version).await
        }
        Stack::Hyper => {
            let layer = layer.route(Route::new(path));
            let service = service_fn(move |request: Request<Incoming>| {
                let is_head = request.method() == http::Method::HEAD;
                let answer = handler.clone()(request.map(Body::new));
                async move {
                    let answer = answer.await.into_response();
                    // Over HTTP/2 hyper sends what it is given.
                    Ok::<_, Infallible>(if is_head { answer.map(|_| Body::empty()) } else { answer })
                }
            });
            Client::connected_to(layer.layer(service), setting.version).await
        }
    }
}

async fn read(response: Response<Incoming>) -> Result<Bytes, hyper::Error> {
    response.into_body().collect().await.map(|body| body.to_bytes())
}

pub(crate) async fn success(setting: Setting) {
    let signals = Signals::new();
    let mut client = routed(&signals, "/users/{id}", async |_| "a user", setting).await;
    let response = signals.get(&mut client, "/users/7?token=x").await;
    assert_eq!(read(response).await.unwrap(), "a user");
    signals.check(Expected::get("/users/{id}", "success", 200)).await;
}

pub(crate) async fn client_error(setting: Setting) {
    let signals = Signals::new();
    let mut client = routed(&signals, "/x", async |_| StatusCode::BAD_REQUEST, setting).await;
    read(signals.get(&mut client, "/x").await).await.unwrap();
    signals.check(Expected::get("/x", "client_error", 400)).await;
}

pub(crate) async fn unmatched(setting: Setting) {
    let signals = Signals::new();
    let mut client = routed(&signals, "/x", async |_| "x", setting).await;
    read(signals.get(&mut client, "/wp-login.php").await).await.unwrap();
    signals.check(Expected::get("unmatched", "client_error", 404)).await;
}

pub(crate) async fn server_error(setting: Setting) {
    let signals = Signals::new();
    let mut client = routed(&signals, "/x", async |_| (StatusCode::BAD_GATEWAY, "no"), setting).await;
    read(signals.get(&mut client, "/x").await).await.unwrap();
    signals.check(Expected::get("/x", "server_error", 502)).await;
}

pub(crate) async fn service_error(setting: Setting) {
    let signals = Signals::new();
    let service = signals.layer.layer(service_fn(|_: Request<Incoming>| {
        ready(Err::<Response<Body>, BoxError>("the database is gone".into()))
    }));
    let mut client = Client::connected_to(service, setting.version).await;
    client.send(signals.request("GET", "/x")).await.unwrap_err();
    signals.check(Expected::get("unmatched", "server_error", None)).await;
}

async fn panicking(_: Request<Body>) -> &'static str {
    panic!("in the handler")
}

pub(crate) async fn panic_before_the_head(setting: Setting) {
    let signals = Signals::new();
    let mut client = routed(&signals, "/x", panicking, setting).await;
    client.send(signals.request("GET", "/x")).await.unwrap_err();
    signals.check(Expected::get("/x", "panicked", None)).await;
}

pub(crate) async fn panic_in_the_body(setting: Setting) {
    let signals = Signals::new();
    let handler = async |_| Body::from_stream(Items::new([chunk("ab")], Then::Panic));
    let mut client = routed(&signals, "/x", handler, setting).await;
    // The connection's task dies with the panic; whether the head got out before is a race.
    if let Ok(response) = client.send(signals.request("GET", "/x")).await {
        read(response).await.unwrap_err();
    }
    signals.check(Expected::get("/x", "panicked", 200)).await;
}

pub(crate) async fn error_in_the_body(setting: Setting) {
    let signals = Signals::new();
    let handler =
        async |_| Body::from_stream(Items::new([chunk("ab"), Err("disk on fire".into())], Then::End));
    let mut client = routed(&signals, "/x", handler, setting).await;
    if let Ok(response) = client.send(signals.request("GET", "/x")).await {
        read(response).await.unwrap_err();
    }
    signals.check(Expected::get("/x", "server_error", 200)).await;
}

pub(crate) async fn abort_before_the_head(setting: Setting) {
    let signals = Signals::new();
    let mut client = routed(&signals, "/x", |_| pending::<&'static str>(), setting).await;
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

pub(crate) async fn abort_in_the_body(setting: Setting) {
    let signals = Signals::new();
    let handler = async |_| Body::from_stream(Items::new([chunk("ab")], Then::Wait));
    let mut client = routed(&signals, "/x", handler, setting).await;
    let mut response = signals.get(&mut client, "/x").await;
    assert_eq!(response.body_mut().frame().await.unwrap().unwrap().into_data().unwrap(), "ab");
    client.abort();
    drop(response);
    signals.check(Expected::get("/x", "cancelled", 200)).await;
}

/// Answered, where that is asked for, on a connection that stays.
pub(crate) async fn panic_that_is_answered(setting: Setting) {
    let mut signals = Signals::new();
    signals.layer = signals.layer.clone().answer_panics();
    let mut client = routed(&signals, "/x", panicking, setting).await;
    let response = signals.get(&mut client, "/x").await;
    assert_eq!(response.status(), 500);
    assert_eq!(response.headers()["content-type"], obs::Problem::CONTENT_TYPE);
    let body = read(response).await.unwrap();
    assert_eq!(body, signals.problem());
    signals.check(Expected::get("/x", "panicked", 500)).await;
    assert_eq!(signals.line()["response_bytes"], body.len());
}

/// What is counted is what the layer hands on: packed where the packing is done inside of it, as it was where outside.
pub(crate) async fn compressed(setting: Setting) {
    let text = "a".repeat(10_000);
    for (inside, counted) in [(true, 1..200), (false, 10_000..10_001)] {
        let signals = Signals::new();
        let text = text.clone();
        let plain = Router::new().route("/x", get(async move || text));
        let layer = signals.layer.clone();
        let pack = CompressionLayer::new();
        let router: Router =
            if inside { plain.layer(pack).layer(layer) } else { plain.layer(layer).layer(pack) };
        let mut client = Client::connected_to(router, setting.version).await;
        let mut request = signals.request("GET", "/x");
        request.headers_mut().insert("accept-encoding", http::HeaderValue::from_static("gzip"));
        let response = signals.sent(&mut client, request).await;
        assert_eq!(response.headers()["content-encoding"], "gzip");
        assert!((1..200).contains(&read(response).await.unwrap().len()));
        signals.check(Expected::get("/x", "success", 200)).await;
        let bytes = signals.line()["response_bytes"].as_u64().unwrap();
        assert!(counted.contains(&bytes), "{inside} {bytes}");
    }
}

/// A limit inside of the layer answers before anything is read; one outside is not seen at all.
pub(crate) async fn body_limit(setting: Setting) {
    let mut signals = Signals::new();
    signals.layer = signals.layer.clone().measure_sizes();
    let plain = Router::new().route("/x", any(async |body: Bytes| body));
    let router: Router = plain.layer(RequestBodyLimitLayer::new(3)).layer(signals.layer.clone());
    let mut client = Client::connected_to(router, setting.version).await;
    let request = signals.request("POST", "/x").map(|_| Bytes::from_static(b"four").into());
    let response = signals.sent(&mut client, request).await;
    assert_eq!(response.status(), 413);
    read(response).await.unwrap();
    signals.check(Expected { method: "POST", ..Expected::get("/x", "client_error", 413) }).await;
    // Nobody has read any of it, whatever its head promises.
    assert_eq!(signals.line()["request_bytes"], 0);
}

fn give_up() -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_millis(20))
}

pub(crate) async fn time_out_inside(setting: Setting) {
    let signals = Signals::new();
    let router: Router =
        Router::new().route("/x", get(pending::<&'static str>)).layer(give_up()).layer(signals.layer.clone());
    let mut client = Client::connected_to(router, setting.version).await;
    read(signals.get(&mut client, "/x").await).await.unwrap();
    signals.check(Expected::get("/x", "timed_out", 504)).await;
}

/// The time-out drops our future, which looks like a client that went away.
pub(crate) async fn time_out_outside(setting: Setting) {
    let signals = Signals::new();
    let router: Router =
        Router::new().route("/x", get(pending::<&'static str>)).layer(signals.layer.clone()).layer(give_up());
    let mut client = Client::connected_to(router, setting.version).await;
    let response = client.send(signals.request("GET", "/x")).await.unwrap();
    assert_eq!(response.status(), 504);
    signals.check(Expected::get("/x", "cancelled", None)).await;
}

pub(crate) async fn head(setting: Setting) {
    let signals = Signals::new();
    let mut client = routed(&signals, "/x", async |_| "a body nobody sees", setting).await;
    let response = signals.sent(&mut client, signals.request("HEAD", "/x")).await;
    assert_eq!(read(response).await.unwrap(), "");
    signals.check(Expected { method: "HEAD", ..Expected::get("/x", "success", 200) }).await;
}

pub(crate) async fn no_content(setting: Setting) {
    let signals = Signals::new();
    let mut client = routed(&signals, "/x", async |_| StatusCode::NO_CONTENT, setting).await;
    read(signals.get(&mut client, "/x").await).await.unwrap();
    signals.check(Expected::get("/x", "success", 204)).await;
}

/// The server must not ask for the body of a 304; over HTTP/2 hyper would, so there it is empty.
pub(crate) async fn not_modified(setting: Setting) {
    let signals = Signals::new();
    let handler = async move |_| {
        let body = match setting.version {
            Version::Http1 => Body::from_stream(Items::new([chunk("x")], Then::Wait)),
            Version::Http2 => Body::empty(),
        };
        (StatusCode::NOT_MODIFIED, body)
    };
    let mut client = routed(&signals, "/x", handler, setting).await;
    read(signals.get(&mut client, "/x").await).await.unwrap();
    signals.check(Expected::get("/x", "success", 304)).await;
}

/// The server stops asking after the promised bytes: the stream's end is never polled.
pub(crate) async fn sized_stream(setting: Setting) {
    let signals = Signals::new();
    let handler = async |_| {
        ([("content-length", "4")], Body::from_stream(Items::new([chunk("ab"), chunk("cd")], Then::Wait)))
            .into_response()
    };
    let mut client = routed(&signals, "/x", handler, setting).await;
    let mut response = signals.get(&mut client, "/x").await;
    let mut body = Vec::new();
    while body.len() < 4 {
        body.extend(response.body_mut().frame().await.unwrap().unwrap().into_data().unwrap());
    }
    assert_eq!(body, b"abcd");
    signals.check(Expected::get("/x", "success", 200)).await;
}

pub(crate) async fn served_directory(setting: Setting) {
    let signals = Signals::new();
    let folder = std::env::temp_dir().join(format!("obs-matrix-{}-{setting:?}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("page.txt"), "x".repeat(100_000)).unwrap();
    let service = signals.layer.layer(ServeDir::new(&folder));
    let mut client = Client::connected_to(service, setting.version).await;
    let response = signals.get(&mut client, "/page.txt").await;
    assert_eq!(read(response).await.unwrap().len(), 100_000);
    signals.check(Expected::get("unmatched", "success", 200)).await;
    std::fs::remove_dir_all(&folder).unwrap();
}

pub(crate) async fn server_sent_events(setting: Setting) {
    let signals = Signals::new();
    let event = |text: &str| Ok::<_, Infallible>(Event::default().data(text));
    let handler = move |_| ready(Sse::new(Items::new([event("a"), event("b")], Then::End)));
    let mut client = routed(&signals, "/x", handler, setting).await;
    let response = signals.get(&mut client, "/x").await;
    assert_eq!(read(response).await.unwrap(), "data: a\n\ndata: b\n\n");
    signals.check(Expected::get("/x", "success", 200)).await;
}

/// A stream of events whose reader goes away is cancelled, whatever its status.
pub(crate) async fn server_sent_events_left(setting: Setting) {
    let signals = Signals::new();
    let event = |text: &str| Ok::<_, Infallible>(Event::default().data(text));
    let handler = move |_| ready(Sse::new(Items::new([event("a")], Then::Wait)));
    let mut client = routed(&signals, "/x", handler, setting).await;
    let mut response = signals.get(&mut client, "/x").await;
    assert_eq!(response.body_mut().frame().await.unwrap().unwrap().into_data().unwrap(), "data: a\n\n");
    client.abort();
    drop(response);
    signals.check(Expected::get("/x", "cancelled", 200)).await;
}

/// Reads from the connection that was asked for until it is closed.
fn spend<B>(request: &mut Request<B>) {
    let serve = obs::in_upgrade(|connection: hyper::upgrade::Upgraded| async {
        let mut connection = hyper_util::rt::TokioIo::new(connection);
        let _ = tokio::io::copy(&mut connection, &mut tokio::io::sink()).await;
    });
    let connection = hyper::upgrade::on(request);
    tokio::spawn(async move { serve(connection.await.unwrap()).await });
}

/// HTTP/1 upgrades with 101, HTTP/2 by CONNECT; the request is over at the head, and what comes after it is told apart.
pub(crate) async fn upgrade(setting: Setting) {
    let signals = Signals::new();
    match setting.version {
        Version::Http1 => {
            let handler = async |mut request: Request<Body>| {
                spend(&mut request);
                (StatusCode::SWITCHING_PROTOCOLS, [("connection", "upgrade"), ("upgrade", "echo")])
            };
            let mut client = routed(&signals, "/x", handler, setting).await;
            let mut request = signals.request("GET", "/x");
            request.headers_mut().insert("connection", http::HeaderValue::from_static("upgrade"));
            request.headers_mut().insert("upgrade", http::HeaderValue::from_static("echo"));
            let response = signals.sent(&mut client, request).await;
            assert_eq!(response.status(), 101);
            signals.check(Expected::get("/x", "success", 101)).await;
            drop(hyper::upgrade::on(response).await.unwrap());
            signals.check_upgraded("/x", Some("echo")).await;
        }
        Version::Http2 => {
            let service = signals.layer.layer(service_fn(|mut request: Request<Incoming>| {
                spend(&mut request);
                ready(Ok::<_, Infallible>(Response::new(Body::empty())))
            }));
            let mut client = Client::connected_to(service, setting.version).await;
            let response = signals.sent(&mut client, signals.request("CONNECT", "/")).await;
            assert_eq!(response.status(), 200);
            signals.check(Expected { method: "CONNECT", ..Expected::get("unmatched", "success", 200) }).await;
            drop(hyper::upgrade::on(response).await.unwrap());
            signals.check_upgraded("unmatched", None).await;
        }
    }
}
