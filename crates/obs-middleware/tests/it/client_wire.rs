//! The client layer around real clients, over real sockets: what keeps an answer from coming, told apart.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Uri};
use http_body::Frame;
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioIo};
use obs_core::context::{Context, Ids, Local, Route, TraceFlags, enter_poll};
use obs_middleware::client::reqwest::SendThrough;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};

use crate::client::{Calls, Ended, layer};

/// What a server does with each connection once it has read the head of a request.
#[derive(Clone, Copy)]
enum Manners {
    Answers,
    /// Sends the head and a part of the body, then resets the connection.
    BreaksOff,
    /// Sends a reset (RST) in place of an answer.
    Resets,
    /// Closes the connection in place of an answer.
    Closes,
    /// Says nothing, and keeps the connection.
    Waits,
}

async fn server(manners: Manners) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(behave(stream, manners));
        }
    });
    address
}

async fn behave(mut stream: TcpStream, manners: Manners) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    match manners {
        Manners::Answers => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\npaid").await;
        }
        Manners::BreaksOff => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\npa").await;
        }
        Manners::Resets => socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap(),
        Manners::Closes => {}
        Manners::Waits => std::future::pending().await,
    }
}

/// An address nobody listens at.
async fn deserted() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// A call by reqwest with a time-out, its body read to the end where one came.
async fn by_reqwest(uri: String) -> (Result<String, reqwest::Error>, Ended) {
    // Long enough for a resolver that is slow to say no.
    by_reqwest_within(uri, Duration::from_secs(30)).await
}

async fn by_reqwest_within(uri: String, patience: Duration) -> (Result<String, reqwest::Error>, Ended) {
    let (layer, calls, _) = layer();
    let client = reqwest::Client::builder().timeout(patience).no_proxy().build().unwrap();
    let answer = client.get(uri).send_through(&layer, "/v2/pay").await;
    let text = match answer {
        Ok(answer) => answer.text().await,
        Err(error) => Err(error),
    };
    (text, calls.only())
}

/// A call by hyper-util's client, its body read to the end where one came.
async fn by_hyper_util(uri: String) -> (Result<Bytes, BoxError>, Ended) {
    let (layer, calls, _) = layer();
    let client = legacy::Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let request = Request::get(uri).extension(Route::new("/v2/pay")).body(Empty::new()).unwrap();
    let read = async {
        let answer = layer.layer(client).oneshot(request).await?;
        Ok::<_, BoxError>(answer.into_body().collect().await?.to_bytes())
    };
    (read.await, calls.only())
}

#[tokio::test]
async fn a_good_answer_is_the_clients_own_and_keeps_its_url() {
    let address = server(Manners::Answers).await;
    let (text, call) = by_reqwest(format!("http://{address}/v2/pay?secret=1")).await;
    assert_eq!((text.unwrap().as_str(), call.outcome, call.status), ("paid", "success", Some(200)));
    assert_eq!(call.labels, ["payments", "/v2/pay", "GET"]);
    assert_eq!(call.attribute("url.full"), Some(format!("http://{address}/v2/pay").as_str()));
    assert_eq!(call.attribute("http.response.body.size"), Some("4"));
    let (body, call) = by_hyper_util(format!("http://{address}/v2/pay")).await;
    assert_eq!((&body.unwrap()[..], call.outcome), (&b"paid"[..], "success"));

    let (layer, calls, _) = layer();
    let mut stacked = layer.route(Route::new("/v2/pay")).layer(reqwest::Client::new());
    let request =
        reqwest::Request::new(http::Method::GET, format!("http://{address}/v2/pay").parse().unwrap());
    let answer = stacked.call(request).await.unwrap();
    assert_eq!(answer.url().as_str(), format!("http://{address}/v2/pay"));
    assert_eq!((answer.content_length(), answer.text().await.unwrap().as_str()), (Some(4), "paid"));
    assert_eq!(calls.only().labels, ["payments", "/v2/pay", "GET"]);
}

async fn check(uri: String, fault: &str) -> [Ended; 2] {
    let (answer, by_reqwest) = by_reqwest(uri.clone()).await;
    assert!(answer.is_err());
    let (answer, by_hyper_util) = by_hyper_util(uri).await;
    assert!(answer.is_err());
    for call in [&by_reqwest, &by_hyper_util] {
        assert_eq!(call.fault, Some(fault), "{call:?}");
        assert_eq!((call.outcome, call.attribute("error.type")), ("server_error", Some(fault)));
    }
    [by_reqwest, by_hyper_util]
}

#[tokio::test]
async fn a_refused_connection_is_connect_and_its_causes_are_told_without_the_url() {
    let calls = check(format!("http://{}/v2/pay?secret=1", deserted().await), "connect").await;
    for call in calls {
        let text = call.error.unwrap();
        assert!(text.contains("Connection refused") && !text.contains("secret"), "{text}");
    }
}

#[tokio::test]
async fn the_words_of_a_url_say_nothing_of_the_kind() {
    for path in ["certificates", "v1/tls-gateway", "handshake?ssl=1"] {
        check(format!("http://{}/{path}", deserted().await), "connect").await;
    }
}

/// An error of a client library around reqwest's: with words of its own, or none.
#[derive(Debug)]
struct Wrapped {
    says: Option<&'static str>,
    inner: reqwest::Error,
}

impl std::fmt::Display for Wrapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.says {
            Some(says) => f.write_str(says),
            None => self.inner.fmt(f),
        }
    }
}

impl std::error::Error for Wrapped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if self.says.is_some() { Some(&self.inner) } else { self.inner.source() }
    }
}

#[tokio::test]
async fn no_error_tells_the_query_of_its_url_however_deep_it_is() {
    for says in [Some("the payment client failed"), None] {
        let address = deserted().await;
        let call = reqwest::Client::builder().no_proxy().build().unwrap();
        let inner =
            call.get(format!("http://u:hunter2@{address}/pay?card=hunter2")).send().await.unwrap_err();
        let own = Wrapped { says, inner };
        let (layer, calls, _) = layer();
        let mut error = Some(BoxError::from(own));
        let fails = service_fn(move |_: Request<()>| {
            std::future::ready(Err::<http::Response<String>, _>(error.take().unwrap()))
        });
        assert!(layer.layer(fails).oneshot(Request::new(())).await.is_err());
        let call = calls.only();
        let text = call.error.unwrap();
        assert!(!text.contains("hunter2") && text.contains("Connection refused"), "{text}");
        assert_eq!(call.fault, Some("connect"));
    }
}

#[tokio::test]
async fn a_call_by_reqwest_begins_when_it_is_polled_and_borrows_nothing() {
    let address = server(Manners::Answers).await;
    let (layer, calls, _) = layer();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let call =
        || client.get(format!("http://{address}/v2/pay")).send_through(&layer, &String::from("/v2/pay"));
    drop(call());
    assert!(calls.none(), "nobody was asked");
    let ids = obs_core::IdSource::seeded(2);
    let flags = TraceFlags::default().sampled(true);
    let open = Context::root(Ids { trace_id: ids.trace_id(), span_id: ids.span_id(), flags }, Local::task());
    let (context, mut call) = (open.clone(), Box::pin(call()));
    let polled = std::future::poll_fn(move |task| {
        let _scope = enter_poll(&context);
        call.as_mut().poll(task)
    });
    assert!(tokio::spawn(polled).await.unwrap().unwrap().status().is_success());
    assert_eq!(calls.only().parent, Some(open.span_id()));
}

#[tokio::test]
async fn a_name_that_is_not_found_is_dns() {
    check("http://payments.invalid/v2/pay".to_owned(), "dns").await;
}

#[tokio::test]
async fn a_connection_that_ends_before_the_answer_does_is_reset() {
    for manners in [Manners::Resets, Manners::Closes, Manners::BreaksOff] {
        check(format!("http://{}/v2/pay", server(manners).await), "reset").await;
    }
}

#[tokio::test]
async fn a_stream_of_http_2_that_is_reset_is_reset() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        // A service that fails is a stream that is reset.
        let fails = |_| std::future::ready(Err::<http::Response<Empty<Bytes>>, _>("no answer"));
        let service = hyper::service::service_fn(fails);
        let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        let _ = server.serve_connection(TokioIo::new(stream), service).await;
    });
    let (layer, calls, _) = layer();
    let client = legacy::Client::builder(TokioExecutor::new()).http2_only(true).build_http::<Empty<Bytes>>();
    let request = Request::get(format!("http://{address}/v2/pay")).body(Empty::new()).unwrap();
    assert!(layer.layer(client).oneshot(request).await.is_err());
    assert_eq!(calls.only().fault, Some("reset"), "{:?}", calls.only());
}

/// Sends a part of a body over HTTP/2, and then the connection is gone.
async fn breaks_off_http_2(with_reset: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        if with_reset {
            socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
        }
        let part = || {
            let mut part = Some(Ok::<_, std::convert::Infallible>(Frame::data(Bytes::from_static(b"pa"))));
            StreamBody::new(Frames(Box::new(move || part.take())))
        };
        let service = hyper::service::service_fn(move |_| {
            std::future::ready(Ok::<_, std::convert::Infallible>(http::Response::new(part())))
        });
        let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        let serving = server.serve_connection(TokioIo::new(stream), service);
        // The body never ends; whoever reads it has had its first part by then.
        let _ = tokio::time::timeout(Duration::from_millis(100), serving).await;
    });
    address
}

type Part = Result<Frame<Bytes>, std::convert::Infallible>;

/// What a function gives, and then nothing for ever.
struct Frames(Box<dyn FnMut() -> Option<Part> + Send>);

impl futures_core::Stream for Frames {
    type Item = Part;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<Part>> {
        (self.0)().map_or(Poll::Pending, |part| Poll::Ready(Some(part)))
    }
}

#[tokio::test]
async fn a_body_of_http_2_whose_connection_is_gone_is_reset() {
    for with_reset in [false, true] {
        let address = breaks_off_http_2(with_reset).await;
        let (layer, calls, _) = layer();
        let client =
            legacy::Client::builder(TokioExecutor::new()).http2_only(true).build_http::<Empty<Bytes>>();
        let request = Request::get(format!("http://{address}/v2/pay")).body(Empty::new()).unwrap();
        let answer = layer.layer(client).oneshot(request).await.unwrap();
        assert!(answer.into_body().collect().await.is_err());
        assert_eq!(calls.only().fault, Some("reset"), "{:?}", calls.only());
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_runs_into_the_clients_time_out() {
    let (answer, call) = by_reqwest_within(
        format!("http://{}/v2/pay", server(Manners::Waits).await),
        Duration::from_millis(300),
    )
    .await;
    assert!(answer.unwrap_err().is_timeout());
    assert_eq!((call.outcome, call.fault), ("timed_out", Some("timeout")));
}

#[tokio::test]
async fn a_time_out_around_the_layer_is_a_cancelled_call() {
    let (layer, calls, _) = layer();
    let address = server(Manners::Waits).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let call = client.get(format!("http://{address}/v2/pay")).send_through(&layer, "/v2/pay");
    assert!(tokio::time::timeout(Duration::from_millis(50), call).await.is_err());
    assert_eq!(calls.only().outcome, "cancelled");
}

/// What TLS connectors give: an I/O error of kind InvalidData for a bad certificate or record, UnexpectedEof for a handshake that
/// was cut short, or words alone.
#[tokio::test]
async fn what_is_wrong_with_the_first_bytes_of_a_connection_is_tls() {
    use std::io::{Error, ErrorKind};
    for (make, fault) in [
        (
            (|| Error::other(Error::new(ErrorKind::InvalidData, "invalid peer certificate: UnknownIssuer")))
                as fn() -> Error,
            "tls",
        ),
        (|| Error::new(ErrorKind::UnexpectedEof, "tls handshake eof"), "tls"),
        (|| Error::other("error:0A000086:SSL routines: certificate verify failed"), "tls"),
        (|| Error::from(ErrorKind::ConnectionReset), "reset"),
        (|| Error::other("no more patience with this socket"), "connect"),
    ] {
        let (layer, calls, _) = layer();
        let connector = service_fn(move |_: Uri| std::future::ready(Err::<TokioIo<TcpStream>, _>(make())));
        let client = legacy::Client::builder(TokioExecutor::new()).build::<_, Empty<Bytes>>(connector);
        let request = Request::get("https://payments/v2/pay").body(Empty::new()).unwrap();
        assert!(layer.layer(client).oneshot(request).await.is_err());
        assert_eq!(calls.only().fault, Some(fault), "{:?}", make());
    }
}

#[tokio::test]
async fn empty_names_are_no_empty_labels() {
    let (_, calls, _) = layer();
    let base = obs_core::Base::new(obs_core::Resource::new("orders"));
    base.operations.register(Arc::<Calls>::clone(&calls));
    let nameless = obs_middleware::ClientLayer::new(base, "");
    let url = format!("http://{}/v2/pay", server(Manners::Answers).await);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    drop(client.get(url).send_through(&nameless, "").await.unwrap());
    assert_eq!(calls.only().labels, ["unnamed", "unmatched", "GET"]);
}

#[tokio::test]
async fn a_request_that_cannot_be_built_is_no_call() {
    let (layer, calls, _): (_, Arc<Calls>, _) = layer();
    let client = reqwest::Client::new();
    assert!(client.get("not a url").send_through(&layer, "/v2/pay").await.unwrap_err().is_builder());
    drop(layer);
    assert!(calls.none());
}
