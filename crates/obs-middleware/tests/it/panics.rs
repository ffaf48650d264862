//! Panics that are answered, where that is asked for.

use std::convert::Infallible;
use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use obs_middleware::ServerLayer;
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};

use crate::spy::{Seen, Spy, layer};

/// What a service is answered for that panics with `hunter2` in it.
async fn answered(layer: ServerLayer<Spy>, request: Request<()>) -> (Response<Bytes>, bool) {
    let service =
        layer.layer(service_fn(async |_: Request<()>| -> Result<Response<Full<Bytes>>, BoxError> {
            panic!("the password is hunter2")
        }));
    collected(service, request).await
}

/// The answer, and whether its body was known to be empty before anybody asked.
async fn collected<S, B>(service: S, request: Request<()>) -> (Response<Bytes>, bool)
where
    S: Service<Request<()>, Response = Response<B>>,
    S::Error: std::fmt::Debug,
    B: Body<Error: std::fmt::Debug>,
{
    let (head, body) = service.oneshot(request).await.unwrap().into_parts();
    let (promised, empty) = (body.size_hint().exact(), body.is_end_stream());
    let body = body.collect().await.unwrap().to_bytes();
    assert_eq!(promised, Some(body.len() as u64));
    (Response::from_parts(head, body), empty)
}

/// Whether a future panics.
struct Caught<F>(F);

impl<F: Future + Unpin> Future for Caught<F> {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<bool> {
        match catch_unwind(AssertUnwindSafe(|| Pin::new(&mut self.0).poll(task))) {
            Ok(polled) => polled.map(|_| false),
            Err(_) => Poll::Ready(true),
        }
    }
}

fn told(seen: Seen) -> (&'static str, Option<u16>, Option<String>) {
    (seen.outcome, seen.status, seen.error)
}

#[tokio::test]
async fn a_panic_is_answered_with_the_ids_and_nothing_of_its_own() {
    let (layer, spy, _) = layer();
    let request = Request::builder().header("x-request-id", "ORD-1").body(()).unwrap();
    let (response, _) = answered(layer.answer_panics(), request).await;
    let trace_id = response.headers()["x-trace-id"].to_str().unwrap().to_owned();
    assert_eq!(
        *response.body(),
        format!(
            r#"{{"title":"Internal Server Error","status":500,"request_id":"ORD-1","trace_id":"{trace_id}"}}"#
        )
    );
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.headers()["x-request-id"], "ORD-1");
    let seen = spy.only();
    assert_eq!(seen.bytes, response.body().len() as u64);
    assert_eq!(told(seen), ("panicked", Some(500), Some("the password is hunter2".to_owned())));
}

#[tokio::test]
async fn an_answer_to_head_has_no_body() {
    let (layer, spy, _) = layer();
    let request = Request::builder().method(Method::HEAD).body(()).unwrap();
    let (response, empty) = answered(layer.answer_panics(), request).await;
    assert_eq!((response.status().as_u16(), response.body().len(), empty), (500, 0, true));
    assert_eq!(spy.only().outcome, "panicked");
}

#[tokio::test]
async fn grpc_is_answered_with_internal() {
    let (layer, spy, _) = layer();
    let request = Request::post("/shop.Orders/Place").header("content-type", "application/grpc");
    let (response, empty) = answered(layer.answer_panics(), request.body(()).unwrap()).await;
    assert_eq!((response.status().as_u16(), empty), (200, true));
    assert_eq!(response.headers()["grpc-status"], "13");
    assert_eq!(response.headers()["content-type"], "application/grpc");
    assert_eq!(told(spy.only()).0, "panicked");
}

/// Not every service waits for its first poll.
#[tokio::test]
async fn a_panic_of_the_call_itself_is_answered_as_well() {
    let (layer, spy, _) = layer();
    let service = layer.answer_panics().layer(service_fn(|request: Request<()>| {
        assert!(request.uri() == "/never", "in the call");
        ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())))
    }));
    let (response, _) = collected(service, Request::new(())).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(told(spy.only()), ("panicked", Some(500), Some("in the call".to_owned())));
}

#[tokio::test]
async fn a_body_of_other_data_than_bytes_stays_empty() {
    let (layer, spy, _) = layer();
    let service = layer.answer_panics().layer(service_fn(
        async |_: Request<()>| -> Result<Response<Full<&'static [u8]>>, BoxError> { panic!("no bytes") },
    ));
    let (response, empty) = collected(service, Request::new(())).await;
    assert_eq!((response.status().as_u16(), response.body().len(), empty), (500, 0, true));
    assert_eq!(told(spy.only()).0, "panicked");
}

#[tokio::test]
async fn without_being_asked_for_nothing_is_answered() {
    let (layer, spy, _) = layer();
    let answered = AssertUnwindSafe(answered(layer, Request::new(())));
    assert!(Caught(Box::pin(answered)).await, "it goes on");
    assert_eq!(told(spy.only()), ("panicked", None, Some("the password is hunter2".to_owned())));
}
