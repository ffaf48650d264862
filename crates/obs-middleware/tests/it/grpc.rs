//! Requests by gRPC, whoever answers them.

use std::convert::Infallible;
use std::future::ready;

use bytes::Bytes;
use http::response::Builder;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use obs_middleware::{Peer, ServerLayer, Trust};
use tonic::transport::server::TcpConnectInfo;
use tower::{Layer, ServiceExt, service_fn};

use crate::spy::{Seen, Spy, layer};

const PLACE: &str = "/shop.Orders/Place";

fn call() -> Request<()> {
    Request::post(PLACE).header("content-type", "application/grpc").body(()).unwrap()
}

fn answer(status: u16, headers: &[(&str, &str)]) -> Builder {
    headers
        .iter()
        .fold(Response::builder().status(status), |answer, (name, value)| answer.header(*name, *value))
}

/// Has a call answered with `response` and some bytes, and reads them.
async fn answered(layer: ServerLayer<Spy>, response: Builder, body: &'static [u8]) {
    let response = std::sync::Mutex::new(Some(response.body(Full::new(Bytes::from_static(body))).unwrap()));
    let service = layer.layer(service_fn(|_: Request<()>| {
        ready(Ok::<_, Infallible>(response.lock().unwrap().take().unwrap()))
    }));
    service.oneshot(call()).await.unwrap().into_body().collect().await.unwrap();
}

fn told(seen: &Seen) -> (&'static str, &'static str) {
    (seen.outcome, seen.rpc.unwrap().1)
}

/// A content type is all it takes to ask by gRPC.
#[tokio::test]
async fn an_answer_of_nothing_but_http_is_judged_by_its_status() {
    for (status, outcome, code) in [
        (200, "success", "UNKNOWN"),
        (204, "success", "UNKNOWN"),
        (302, "success", "UNKNOWN"),
        (404, "client_error", "UNIMPLEMENTED"),
        (415, "client_error", "UNKNOWN"),
        (500, "server_error", "UNKNOWN"),
        (503, "server_error", "UNAVAILABLE"),
        (504, "timed_out", "UNAVAILABLE"),
    ] {
        for headers in
            [&[("content-type", "application/json")][..], &[("content-type", "application/grpc-web")], &[]]
        {
            let (layer, spy, _) = layer();
            answered(layer, answer(status, headers), b"{}").await;
            assert_eq!(told(&spy.only()), (outcome, code), "{status} {headers:?}");
            assert_eq!(spy.only().error, None);
        }
    }
}

#[tokio::test]
async fn an_answer_of_grpc_without_a_status_is_unknown_whatever_its_status_of_http() {
    let head = [("content-type", "application/grpc+proto")];
    for (status, code) in [(200, "UNKNOWN"), (404, "UNIMPLEMENTED"), (503, "UNAVAILABLE")] {
        let (layer, spy, _) = layer();
        answered(layer, answer(status, &head), b"\0\0\0\0\x01m").await;
        assert_eq!(told(&spy.only()), ("server_error", code), "{status}");
    }
    // A status is enough, even where nothing says of what type the answer is.
    let (layer, spy, _) = layer();
    answered(layer, answer(200, &[("grpc-status", "13")]), b"").await;
    assert_eq!(told(&spy.only()), ("server_error", "INTERNAL"));
}

#[tokio::test]
async fn an_answer_of_nothing_but_http_makes_no_method_known_whatever_its_bytes_look_like() {
    let (layer, spy, _) = layer();
    answered(layer, answer(200, &[("content-type", "application/json")]), b"\0\0\0\0\x01m").await;
    assert_eq!(spy.only().rpc, Some(("_OTHER", "UNKNOWN")));
}

/// Of several content types nobody knows which one the service takes.
#[tokio::test]
async fn a_request_of_several_content_types_is_none_of_grpc() {
    for types in [["application/grpc", "application/json"], ["application/json", "application/grpc"]] {
        let (layer, spy, _) = layer();
        let mut call = call();
        call.headers_mut().remove("content-type");
        for content_type in types {
            call.headers_mut().append("content-type", content_type.parse().unwrap());
        }
        let service = layer.layer(service_fn(|_: Request<()>| {
            ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())))
        }));
        service.oneshot(call).await.unwrap();
        assert_eq!((spy.only().outcome, spy.only().rpc), ("success", None), "{types:?}");
    }
}

#[tokio::test]
async fn whom_tonics_server_says_a_call_came_from_is_believed_as_any_peer_is() {
    let of_tonic =
        || TcpConnectInfo { local_addr: None, remote_addr: Some("10.0.0.9:41000".parse().unwrap()) };
    let of_ours = || Peer("192.0.2.7:41000".parse().unwrap());
    let (mut both, mut one) = (call(), call());
    one.extensions_mut().insert(of_tonic());
    both.extensions_mut().insert(of_tonic());
    both.extensions_mut().insert(of_ours());
    for (mut call, peer, is_believed) in
        [(one, Some("10.0.0.9:41000"), true), (both, Some("192.0.2.7:41000"), false), (call(), None, false)]
    {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        call.headers_mut().insert("traceparent", parent.parse().unwrap());
        let (layer, spy, _) = layer();
        let layer = layer.trust(Trust::Edge).trusted_peers(["10.0.0.0/8".parse().unwrap()]);
        let service = layer.layer(service_fn(|_: Request<()>| {
            ready(Ok::<_, Infallible>(
                answer(200, &[("grpc-status", "0")]).body(Full::<Bytes>::default()).unwrap(),
            ))
        }));
        service.oneshot(call).await.unwrap();
        let seen = spy.only();
        assert_eq!(seen.peer, peer.map(|peer| peer.parse().unwrap()));
        assert_eq!((seen.parent.is_some(), seen.link.is_some()), (is_believed, !is_believed), "{peer:?}");
    }
}

/// What is promised and there is all there is: a server asks for no trailers of it.
#[tokio::test]
async fn an_answer_of_nothing_but_http_ends_with_its_last_byte_and_one_of_grpc_with_its_trailers() {
    for (content_type, expected) in
        [("application/json", ("success", "UNKNOWN")), ("application/grpc", ("cancelled", "CANCELLED"))]
    {
        let (layer, spy, _) = layer();
        let head = [("content-type", content_type), ("content-length", "2")];
        let service = layer.layer(service_fn(|_: Request<()>| {
            let frames = StreamBody::new(Frames(vec![Frame::data(Bytes::from_static(b"{}"))]));
            ready(Ok::<_, Infallible>(answer(200, &head).body(frames).unwrap()))
        }));
        let mut response = service.oneshot(call()).await.unwrap();
        response.body_mut().frame().await;
        drop(response);
        assert_eq!(told(&spy.only()), expected, "{content_type}");
    }
}

/// Trailers say of an answer that it is one of gRPC, if nothing did before.
#[tokio::test]
async fn a_status_in_the_trailers_counts_whatever_the_head_said() {
    let (layer, spy, _) = layer();
    let service = layer.layer(service_fn(|_: Request<()>| {
        let trailers = HeaderMap::from_iter([("grpc-status".parse().unwrap(), "14".parse().unwrap())]);
        let frames = StreamBody::new(Frames(vec![Frame::trailers(trailers)]));
        ready(Ok::<_, Infallible>(Response::new(frames)))
    }));
    service.oneshot(call()).await.unwrap().into_body().collect().await.unwrap();
    assert_eq!(told(&spy.only()), ("server_error", "UNAVAILABLE"));
}

/// Whoever asks in a hurry and goes away while a service that knows no gRPC answers has no time-out of that service.
#[tokio::test]
async fn a_caller_that_leaves_an_answer_of_nothing_but_http_has_cancelled_it() {
    let (layer, spy, clock) = layer();
    let service = layer.layer(service_fn(|_: Request<()>| {
        clock.advance(crate::spy::TICK);
        ready(Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"{}")))))
    }));
    let mut call = call();
    call.headers_mut().insert("grpc-timeout", "1n".parse().unwrap());
    drop(service.oneshot(call).await.unwrap());
    assert_eq!(told(&spy.only()), ("cancelled", "CANCELLED"));
}

/// Gives out what it has.
struct Frames(Vec<Frame<Bytes>>);

impl futures_core::Stream for Frames {
    type Item = Result<Frame<Bytes>, Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.pop().map(Ok))
    }
}
