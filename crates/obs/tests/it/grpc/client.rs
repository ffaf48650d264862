//! Calls of gRPC through a tonic channel under the client's layer.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper_util::rt::TokioIo;
use obs_trace::record::Kind;
use obs_trace::sink::{FinishedSpan, FinishedStatus};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::Code;
use tonic::transport::Endpoint;
use tower::{Layer, Service};

use super::service::{self, rest};
use super::text;

const PLACE: [(&str, &str); 3] = [("target", "orders"), ("service", "shop.Orders"), ("method", "Place")];

fn labelled(name: &'static str, value: &'static str) -> [(&'static str, &'static str); 4] {
    [PLACE[0], PLACE[1], PLACE[2], (name, value)]
}

/// The layer, with a method named: a call without an answer makes none known.
fn calls(obs: &obs::testing::Testing) -> obs::ClientLayer {
    obs.client("orders").grpc_services(["shop.Orders/Place"])
}

fn error(text: &str) -> FinishedStatus {
    FinishedStatus::Error(text.to_owned())
}

fn of_kind(obs: &obs::testing::Testing, kind: Kind) -> Vec<FinishedSpan> {
    obs.spans().into_iter().filter(|span| span.kind == kind).collect()
}

#[tokio::test]
async fn a_call_is_told_by_its_code_and_its_trace_goes_on() {
    let obs = obs::testing::start("shop");
    let (mut client, _) = service::start_seen(obs.layer(), calls(&obs)).await;
    client.unary("/shop.Orders/Place", "a cup").await.unwrap();
    client.unary("/shop.Orders/Place", "nothing").await.unwrap_err();
    client.unary("/shop.Orders/Place", "broken").await.unwrap_err();
    obs.requests_ended(3).await;

    for code in ["OK", "NOT_FOUND", "INTERNAL"] {
        assert_eq!(obs.value("rpc_client_requests_total", &labelled("code", code)), Some(1.0), "{code}");
    }
    assert_eq!(obs.value("rpc_client_request_duration_seconds_count", &PLACE), Some(3.0));
    assert_eq!(
        obs.family("rpc_client_request_errors_total").lines().last(),
        Some(
            "rpc_client_request_errors_total{target=\"orders\",service=\"shop.Orders\",method=\"Place\",kind=\"server_error\"} 1"
        )
    );
    assert_eq!(obs.value("http_client_requests_total", &[]), None);

    let (made, requests) = (of_kind(&obs, Kind::Client), of_kind(&obs, Kind::Server));
    assert_eq!((made.len(), requests.len()), (3, 3));
    let said = [FinishedStatus::Unset, error("no such order"), error("the shelf, 100% broken")];
    for ((call, code), said) in made.iter().zip(["OK", "NOT_FOUND", "INTERNAL"]).zip(said) {
        assert_eq!(call.name, "shop.Orders/Place");
        assert_eq!(text(call, "rpc.system.name").as_deref(), Some("grpc"));
        assert_eq!(text(call, "rpc.method").as_deref(), Some("shop.Orders/Place"));
        assert_eq!(text(call, "rpc.response.status_code").as_deref(), Some(code));
        assert_eq!(text(call, "server.address").as_deref(), Some("127.0.0.1"));
        // To whoever asks, a refusal is an error too.
        assert_eq!(text(call, "error.type").as_deref(), (code != "OK").then_some(code));
        assert_eq!(call.status, said);
        assert_eq!(text(call, "http.request.method"), None);
        assert!(requests.iter().any(|request| request.parent_id() == Some(call.ids.span_id)));
    }
}

#[tokio::test]
async fn a_code_in_the_trailers_is_that_of_the_call_and_a_stream_that_is_left_is_cancelled() {
    let obs = obs::testing::start("shop");
    let (mut client, _) = service::start_seen(obs.layer(), calls(&obs)).await;
    let (items, status) = rest(client.list("two and broken").await.unwrap()).await;
    assert_eq!((items.len(), status.unwrap().code()), (2, Code::Unavailable));
    let list = [PLACE[0], PLACE[1], ("method", "List")];
    assert_eq!(obs.value("rpc_client_requests_total", &[list[2], ("code", "UNAVAILABLE")]), Some(1.0));

    let mut stream = client.list("one and more").await.unwrap();
    stream.message().await.unwrap();
    drop(stream);
    obs.requests_ended(2).await;
    assert_eq!(obs.value("rpc_client_requests_cancelled_total", &list), Some(1.0));
    assert_eq!(obs.value("rpc_client_requests_total", &list), Some(1.0), "and nowhere else");
}

#[tokio::test]
async fn a_deadline_and_a_cancellation_are_told_apart() {
    let obs = obs::testing::start("shop");
    let (mut client, orders) = service::start_seen(obs.layer(), calls(&obs)).await;
    let patience = Some(Duration::from_millis(100));
    client.within("/shop.Orders/Place", "wait", patience).await.unwrap_err();
    assert_eq!(obs.value("rpc_client_requests_total", &labelled("code", "DEADLINE_EXCEEDED")), Some(1.0));
    assert_eq!(obs.value("rpc_client_request_errors_total", &labelled("kind", "timeout")), Some(1.0));
    orders.waits.notified().await;
    tokio::select! {
        answer = client.unary("/shop.Orders/Place", "wait") => panic!("{answer:?}"),
        () = orders.waits.notified() => {}
    }
    obs.requests_ended(2).await;
    assert_eq!(obs.value("rpc_client_requests_cancelled_total", &PLACE), Some(1.0));
    let outcomes: Vec<_> =
        of_kind(&obs, Kind::Client).iter().map(|span| text(span, "obs.outcome").unwrap()).collect();
    assert_eq!(outcomes, ["timed_out", "cancelled"]);
}

#[tokio::test]
async fn a_call_without_a_connection_says_why_there_is_none() {
    let obs = obs::testing::start("shop");
    for (uri, kind) in [("http://127.0.0.1:1", "connect"), ("http://no-such-host.invalid:1", "dns")] {
        let mut client = service::nobody(calls(&obs), uri);
        let status = client.unary("/shop.Orders/Place", "a cup").await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert_eq!(
            obs.value("rpc_client_request_errors_total", &labelled("kind", kind)),
            Some(1.0),
            "{kind}:\n{}",
            obs.family("rpc_client_request_errors_total")
        );
    }
    assert_eq!(obs.value("rpc_client_requests_total", &labelled("code", "UNAVAILABLE")), Some(2.0));
    let call = &of_kind(&obs, Kind::Client)[0];
    assert_eq!(text(call, "error.type").as_deref(), Some("connect"));
}

#[tokio::test]
async fn a_connection_that_is_reset_in_a_call_is_that() {
    let obs = obs::testing::start("shop");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        // The preface, the settings, and a part of the call.
        let mut read = [0; 150];
        stream.read_exact(&mut read).await.unwrap();
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    });
    let mut client = service::of(calls(&obs), Endpoint::from_shared(uri).unwrap().connect_lazy());
    let status = client.unary("/shop.Orders/Place", "a cup").await.unwrap_err();
    assert_eq!(
        obs.value("rpc_client_request_errors_total", &labelled("kind", "reset")),
        Some(1.0),
        "{status:?}"
    );
    assert_eq!(obs.value("rpc_client_requests_total", &labelled("code", "UNAVAILABLE")), Some(1.0));
    assert_eq!(text(&of_kind(&obs, Kind::Client)[0], "error.type").as_deref(), Some("reset"));
}

/// A connection over TLS to whoever listens at `address`, with no authority to believe.
async fn over_tls(address: SocketAddr) -> io::Result<TokioIo<TlsStream<TcpStream>>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.unwrap().with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    let name = "localhost".try_into().unwrap();
    let stream = TcpStream::connect(address).await?;
    Ok(TokioIo::new(TlsConnector::from(Arc::new(config)).connect(name, stream).await?))
}

#[tokio::test]
async fn a_session_that_is_not_made_is_tls() {
    let obs = obs::testing::start("shop");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        // Until the other side has had enough of it.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let channel = Endpoint::from_static("http://orders.test")
        .connect_with_connector_lazy(tower::service_fn(move |_| over_tls(address)));
    let mut client = service::of(calls(&obs), channel);
    let status = client.unary("/shop.Orders/Place", "a cup").await.unwrap_err();
    assert_eq!(
        obs.value("rpc_client_request_errors_total", &labelled("kind", "tls")),
        Some(1.0),
        "{status:?}"
    );
    assert_eq!(obs.value("rpc_client_requests_total", &labelled("code", "UNAVAILABLE")), Some(1.0));
}

#[tokio::test]
async fn a_client_that_panics_has_failed_and_the_panic_goes_on() {
    let obs = obs::testing::start("shop");
    let mut calls = calls(&obs).layer(tower::service_fn(async |_: Request<String>| {
        if true {
            panic!("no such channel");
        }
        Ok::<_, Infallible>(Response::new(String::new()))
    }));
    let call =
        Request::post("http://orders.test/shop.Orders/Place").header("content-type", "application/grpc");
    let call = calls.call(call.body(String::new()).unwrap());
    assert!(tokio::spawn(call).await.unwrap_err().is_panic());
    assert_eq!(obs.value("rpc_client_requests_total", &labelled("code", "INTERNAL")), Some(1.0));
    assert_eq!(obs.value("rpc_client_request_errors_total", &labelled("kind", "panicked")), Some(1.0));
    let call = &of_kind(&obs, Kind::Client)[0];
    assert_eq!(text(call, "obs.outcome").as_deref(), Some("panicked"));
}
