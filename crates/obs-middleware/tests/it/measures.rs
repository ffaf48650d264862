//! Sizes of requests and the time to the response's head, where they are asked for.

use std::convert::Infallible;
use std::future::ready;

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::{BodyExt, StreamBody};
use obs_middleware::ServerLayer;
use tower::{Layer, ServiceExt, service_fn};

use crate::spy::{Seen, Spy, TICK, layer};

/// What is seen of a request of which the service reads so many frames.
async fn read<B>(layer: ServerLayer<Spy>, request: Request<B>, frames: usize, spy: Spy) -> Seen
where
    B: http_body::Body + Unpin + Send + 'static,
{
    let service = layer.layer(service_fn(move |request: Request<B>| async move {
        let mut body = request.into_body();
        for _ in 0..frames {
            let _ = body.frame().await;
        }
        Ok::<_, Infallible>(Response::new(String::from("read")))
    }));
    let response = service.oneshot(request).await.unwrap();
    response.into_body().collect().await.unwrap();
    spy.only()
}

fn chunks() -> Body {
    let chunk = |text: &'static str| Ok::<_, Infallible>(http_body::Frame::data(Bytes::from(text)));
    Body::new(StreamBody::new(Chunks(vec![chunk("ef"), chunk("cd"), chunk("ab")])))
}

struct Chunks(Vec<Result<http_body::Frame<Bytes>, Infallible>>);

impl futures_core::Stream for Chunks {
    type Item = Result<http_body::Frame<Bytes>, Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.pop())
    }
}

#[tokio::test]
async fn a_body_that_can_be_looked_at_counts_as_far_as_it_was_read() {
    for (frames, expected) in [(0, 0), (2, 4), (4, 6)] {
        let (layer, spy, _) = layer();
        let seen = read(layer.measure_sizes(), Request::new(chunks()), frames, spy).await;
        assert_eq!(seen.request_bytes, Some(expected), "{frames}");
    }
    // A caller may promise what it likes.
    let (layer, spy, _) = layer();
    let request = Request::builder().header("content-length", "10000000000").body(chunks()).unwrap();
    assert_eq!(read(layer.measure_sizes(), request, 1, spy).await.request_bytes, Some(2));
    let (layer, spy, _) = crate::spy::layer();
    let seen = read(layer.measure_sizes(), Request::new(Body::empty()), 1, spy).await;
    assert_eq!(seen.request_bytes, Some(0));
}

/// RFC 9112, section 6.3: without `Transfer-Encoding` and `Content-Length` a request has no body.
#[tokio::test]
async fn of_another_body_the_head_is_believed() {
    let request = |version, headers: &[(&str, &str)]| {
        let mut request = Request::builder().version(version);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(String::from("abc")).unwrap()
    };
    for (version, headers, expected) in [
        (Version::HTTP_11, &[("content-length", "3")][..], Some(3)),
        (Version::HTTP_2, &[("content-length", "3")], Some(3)),
        (Version::HTTP_11, &[], Some(0)),
        (Version::HTTP_11, &[("transfer-encoding", "chunked")], None),
        (Version::HTTP_2, &[], None),
        (Version::HTTP_11, &[("content-length", "many")], None),
    ] {
        let (layer, spy, _) = layer();
        let seen = read(layer.measure_sizes(), request(version, headers), 1, spy).await;
        assert_eq!(seen.request_bytes, expected, "{version:?} {headers:?}");
    }
}

#[tokio::test]
async fn the_head_is_timed_apart_from_the_body() {
    let (layer, spy, clock) = layer();
    let service = layer.measure_head().layer(service_fn(|_: Request<()>| {
        clock.advance(TICK);
        ready(Ok::<_, Infallible>(Response::new(chunks())))
    }));
    let mut response = service.oneshot(Request::new(())).await.unwrap();
    clock.advance(TICK * 2);
    while response.body_mut().frame().await.is_some() {}
    let seen = spy.only();
    assert_eq!((seen.head_millis, seen.millis, seen.bytes), (Some(7), 21, 6));
    assert_eq!(seen.request_bytes, None);
}

#[tokio::test]
async fn nothing_is_measured_that_was_not_asked_for() {
    let (layer, spy, _) = layer();
    let seen = read(layer, Request::new(chunks()), 4, spy).await;
    assert_eq!((seen.head_millis, seen.request_bytes), (None, None));
}
