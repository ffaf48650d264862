//! Calls by gRPC that may be somebody else's, handed on: which of their methods make names.

use std::convert::Infallible;
use std::future::{pending, ready};
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use obs_middleware::ClientLayer;
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::client::{Calls, Ended, layer};

fn call(path: &str) -> Request<()> {
    let call = Request::post(format!("http://shop.test{path}")).header("content-type", "application/grpc");
    call.body(()).unwrap()
}

/// Calls `path`, is answered with `code`, `content_type` and `body`, and reads that.
async fn answered(
    layer: &ClientLayer,
    path: &str,
    code: Option<&str>,
    (content_type, body): (&str, &'static [u8]),
) {
    let service = layer.layer(service_fn(|_: Request<()>| {
        let answer = Response::builder().header("content-type", content_type);
        let answer = code.into_iter().fold(answer, |answer, code| answer.header("grpc-status", code));
        ready(Ok::<_, Infallible>(answer.body(Full::new(Bytes::from_static(body))).unwrap()))
    }));
    service.oneshot(call(path)).await.unwrap().into_body().collect().await.unwrap();
}

const GRPC: (&str, &[u8]) = ("application/grpc", b"");
const MESSAGE: (&str, &[u8]) = ("application/grpc", b"\0\0\0\0\x01m");
const NO_GRPC: (&str, &[u8]) = ("text/plain", b"\0\0\0\0\x01m");

fn names(calls: &Arc<Calls>) -> Vec<(String, String)> {
    calls.all().iter().map(|ended: &Ended| (ended.name.clone(), ended.labels[1..].join("/"))).collect()
}

fn told(name: &str, labels: &str) -> (String, String) {
    (name.to_owned(), labels.to_owned())
}

#[tokio::test]
async fn a_path_makes_a_name_only_once_something_has_answered_that_knows_it() {
    let (layer, calls, _) = layer();
    let unanswered = layer.layer(service_fn(|_: Request<()>| {
        ready(Err::<Response<Full<Bytes>>, _>(io::Error::from(io::ErrorKind::ConnectionRefused)))
    }));
    unanswered.oneshot(call("/scan.Me/Now")).await.unwrap_err();
    let mut waits = layer.layer(service_fn(|_: Request<()>| pending::<io::Result<Response<Full<Bytes>>>>()));
    drop(waits.call(call("/scan.Me/Now")));
    for (code, answer) in [(Some("12"), GRPC), (Some("16"), GRPC), (None, NO_GRPC), (None, GRPC)] {
        answered(&layer, "/scan.Me/Now", code, answer).await;
    }
    assert_eq!(names(&calls), vec![told("grpc", "_OTHER/_OTHER"); 6]);
    let original = calls.all()[0].attribute("rpc.method_original").map(str::to_owned);
    assert_eq!(original.as_deref(), Some("scan.Me/Now"));
    for (path, code, answer) in [
        ("/shop.Orders/Place", Some("0"), GRPC),
        ("/shop.Orders/Find", Some("5"), GRPC),
        ("/shop.Orders/Watch", Some("14"), MESSAGE),
    ] {
        answered(&layer, path, code, answer).await;
    }
    answered(&layer, "/shop.Orders/Scan", Some("12"), GRPC).await;
    let expected = [
        told("shop.Orders/Place", "shop.Orders/Place"),
        told("shop.Orders/Find", "shop.Orders/Find"),
        told("shop.Orders/Watch", "shop.Orders/Watch"),
        told("grpc", "shop.Orders/_OTHER"),
    ];
    assert_eq!(names(&calls)[6..], expected);
    assert_eq!(calls.all()[6].attribute("rpc.method_original"), None);
}

#[tokio::test]
async fn what_is_named_is_known_before_anybody_answers() {
    let (layer, calls, _) = layer();
    let layer = layer.grpc_services(["shop.Orders/Place", "shop.Basket"]);
    for path in ["/shop.Orders/Place", "/shop.Basket/Fill", "/scan.Me/Now"] {
        answered(&layer, path, Some("14"), GRPC).await;
    }
    let expected = [
        told("shop.Orders/Place", "shop.Orders/Place"),
        told("grpc", "shop.Basket/_OTHER"),
        told("grpc", "_OTHER/_OTHER"),
    ];
    assert_eq!(names(&calls), expected);
}
