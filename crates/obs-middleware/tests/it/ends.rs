//! Every way a request can end, each with exactly one outcome, and the context around every poll and drop.

use std::convert::Infallible;
use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Waker};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use obs_core::context;
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};

use crate::spy::{Seen, TICK, layer};

fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut TaskContext::from_waker(Waker::noop()))
}

/// Frames to be given out, each on its own poll, with no size known unless said.
struct Script {
    frames: Vec<Result<Frame<Bytes>, BoxError>>,
    hint: SizeHint,
}

impl Script {
    fn of<const N: usize>(mut frames: [Result<Frame<Bytes>, BoxError>; N]) -> Self {
        frames.reverse();
        Self { frames: Vec::from(frames), hint: SizeHint::new() }
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        assert!(context::current().is_some(), "the body is polled inside the context");
        Poll::Ready(self.frames.pop())
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

fn data(text: &'static str) -> Result<Frame<Bytes>, BoxError> {
    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
}

/// Sends `response` through the layer, takes `frames` frames off it, drops the rest, and tells what was seen.
async fn ended<B>(request: Request<()>, response: Response<B>, frames: usize) -> Seen
where
    B: Body + Unpin + Send + 'static,
    B::Error: std::fmt::Display + 'static,
{
    let (layer, spy, clock) = layer();
    let response = Mutex::new(Some(response));
    let service = layer.layer(service_fn(|_: Request<()>| {
        clock.advance(TICK);
        ready(Ok::<_, BoxError>(response.lock().unwrap().take().unwrap()))
    }));
    let mut response = service.oneshot(request).await.unwrap();
    clock.advance(TICK);
    for _ in 0..frames {
        let _ = response.body_mut().frame().await;
    }
    drop(response);
    assert_eq!(spy.unfinished(), 0);
    spy.only()
}

fn get() -> Request<()> {
    Request::new(())
}

fn status(code: u16) -> Response<Script> {
    let mut response = Response::new(Script::of([data("ab"), data("cd")]));
    *response.status_mut() = StatusCode::from_u16(code).unwrap();
    response
}

#[tokio::test]
async fn a_body_read_to_its_end_has_its_statuss_outcome() {
    for (code, outcome) in
        [(200, "success"), (302, "success"), (404, "client_error"), (408, "timed_out"), (503, "server_error")]
    {
        let seen = ended(get(), status(code), 3).await;
        assert_eq!(
            (seen.outcome, seen.status, seen.bytes, seen.millis),
            (outcome, Some(code), 4, 14),
            "{code}"
        );
    }
}

#[tokio::test]
async fn a_body_dropped_before_its_end_is_cancelled_whatever_its_status() {
    for frames in 0..=2 {
        let seen = ended(get(), status(500), frames).await;
        assert_eq!((seen.outcome, seen.status, seen.bytes), ("cancelled", Some(500), 2 * frames as u64));
    }
}

#[tokio::test]
async fn a_sized_body_ends_with_its_last_byte_because_nobody_asks_again() {
    let seen = ended(get(), Response::new(Full::new(Bytes::from_static(b"whole"))), 1).await;
    assert_eq!((seen.outcome, seen.bytes, seen.millis), ("success", 5, 14));
    let mut sized = Script::of([data("ab"), data("cd")]);
    sized.hint = SizeHint::with_exact(4);
    assert_eq!(ended(get(), Response::new(sized), 2).await.outcome, "success");
    let promised =
        Response::builder().header("content-length", "4").body(Script::of([data("ab"), data("cd")]));
    assert_eq!(ended(get(), promised.unwrap(), 2).await.outcome, "success");
    let promised =
        Response::builder().header("content-length", "5").body(Script::of([data("ab"), data("cd")]));
    assert_eq!(ended(get(), promised.unwrap(), 2).await.outcome, "cancelled");
}

#[tokio::test]
async fn trailers_end_a_body() {
    let frames = [data("ab"), Ok(Frame::trailers(http::HeaderMap::new()))];
    assert_eq!(ended(get(), Response::new(Script::of(frames)), 2).await.outcome, "success");
}

#[tokio::test]
async fn responses_without_a_body_to_come_end_at_the_head() {
    for code in [101, 204, 304] {
        let seen = ended(get(), status(code), 0).await;
        assert_eq!((seen.outcome, seen.millis), ("success", 7), "{code}");
    }
    let head = Request::builder().method(Method::HEAD).body(()).unwrap();
    assert_eq!(ended(head, status(200), 0).await.outcome, "success");
    let connect = Request::builder().method(Method::CONNECT).uri("a:1").body(()).unwrap();
    assert_eq!(ended(connect, status(200), 0).await.outcome, "success");
    let connect = Request::builder().method(Method::CONNECT).uri("a:1").body(()).unwrap();
    assert_eq!(ended(connect, status(502), 0).await.outcome, "cancelled");
    assert_eq!(ended(get(), Response::new(Empty::<Bytes>::new()), 0).await.outcome, "success");
}

#[tokio::test]
async fn an_error_in_the_body_is_the_services_fault() {
    let broken = Script::of([data("ab"), Err("disk on fire".into())]);
    let seen = ended(get(), Response::new(broken), 2).await;
    assert_eq!((seen.outcome, seen.status, seen.bytes), ("server_error", Some(200), 2));
    assert_eq!(seen.error.as_deref(), Some("disk on fire"));
}

#[tokio::test]
async fn errors_of_the_service_pass_through_and_time_outs_are_told_apart() {
    let late = || std::io::Error::from(std::io::ErrorKind::TimedOut);
    #[derive(Debug)]
    struct Outer(std::io::Error);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("upstream failed")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let cases: [(BoxError, &str); 4] = [
        ("no".into(), "server_error"),
        (late().into(), "timed_out"),
        (Outer(late()).into(), "timed_out"),
        (tower::timeout::error::Elapsed::new().into(), "timed_out"),
    ];
    for (error, outcome) in cases {
        let (layer, spy, _) = layer();
        let text = error.to_string();
        let error = Mutex::new(Some(error));
        let service = layer.layer(service_fn(|_: Request<()>| {
            ready(Err::<Response<String>, BoxError>(error.lock().unwrap().take().unwrap()))
        }));
        assert_eq!(service.oneshot(get()).await.unwrap_err().to_string(), text);
        let seen = spy.only();
        assert_eq!((seen.outcome, seen.status, seen.error), (outcome, None, Some(text)));
    }
}

#[tokio::test]
async fn a_future_dropped_before_the_head_is_cancelled_inside_its_context() {
    struct AsksOnDrop(Arc<Mutex<Option<bool>>>);
    impl Drop for AsksOnDrop {
        fn drop(&mut self) {
            *self.0.lock().unwrap() = Some(context::current().is_some());
        }
    }
    let (layer, spy, clock) = layer();
    let answer = Arc::default();
    let asks = AsksOnDrop(Arc::clone(&answer));
    let asks = Mutex::new(Some(asks));
    let mut service = layer.layer(service_fn(|_: Request<()>| {
        let held = asks.lock().unwrap().take();
        Box::pin(async move {
            let _held = held;
            pending::<Result<Response<String>, Infallible>>().await
        })
    }));
    let mut future = Box::pin(service.call(get()));
    assert!(poll(&mut future).is_pending());
    assert!(context::current().is_none(), "nothing stays open between polls");
    assert_eq!(spy.unfinished(), 1);
    clock.advance(TICK);
    drop(future);
    assert_eq!(*answer.lock().unwrap(), Some(true));
    let seen = spy.only();
    assert_eq!((seen.outcome, seen.status, seen.millis), ("cancelled", None, 7));
    assert!(context::current().is_none());
}

#[test]
fn panics_are_noted_and_go_on() {
    let (layer, spy, _) = layer();
    let in_call = layer.layer(service_fn(
        |_: Request<()>| -> std::future::Ready<Result<Response<String>, Infallible>> { panic!("in call") },
    ));
    let word = String::from("poll");
    let in_poll = layer.layer(service_fn(|_: Request<()>| {
        let word = word.clone();
        Box::pin(async move {
            assert!(context::current().is_none(), "in {word}");
            Ok::<_, Infallible>(Response::new(String::new()))
        })
    }));
    let unwound = catch_unwind(AssertUnwindSafe(|| in_call.clone().call(get())));
    assert!(unwound.is_err());
    let unwound = catch_unwind(AssertUnwindSafe(|| poll(&mut in_poll.clone().call(get()))));
    assert_eq!(*unwound.err().unwrap().downcast::<String>().unwrap(), "in poll");
    let seen = spy.all();
    assert_eq!(seen.iter().map(|seen| seen.outcome).collect::<Vec<_>>(), ["panicked", "panicked"]);
    assert_eq!(seen[1].error.as_deref(), Some("in poll"));
    assert!(context::current().is_none());
}

#[test]
fn a_future_that_is_dropped_while_something_else_panics_is_cancelled() {
    let (layer, spy, _) = layer();
    let mut service =
        layer.layer(service_fn(|_: Request<()>| pending::<Result<Response<String>, Infallible>>()));
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let mut future = Box::pin(service.call(get()));
        assert!(poll(&mut future).is_pending());
        panic!("not the request's affair");
    }));
    assert!(unwound.is_err());
    assert_eq!(spy.only().outcome, "cancelled");
}

#[tokio::test]
async fn an_error_whose_text_panics_is_still_the_services_answer() {
    #[derive(Debug)]
    struct Mad;
    impl std::fmt::Display for Mad {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("no words")
        }
    }
    let (layer, spy, _) = layer();
    let service = layer.layer(service_fn(|_: Request<()>| ready(Err::<Response<String>, _>(Mad))));
    assert!(service.oneshot(get()).await.is_err());
    let seen = spy.only();
    assert_eq!((seen.outcome, seen.error.as_deref()), ("server_error", Some("[panicked]")));
}

#[tokio::test]
async fn a_panic_in_the_body_is_noted_and_goes_on() {
    struct Mad;
    impl Body for Mad {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut TaskContext<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            panic!("in body")
        }
    }
    let (layer, spy, _) = layer();
    let service = layer.layer(service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new(Mad)))));
    let mut response = service.oneshot(get()).await.unwrap();
    let unwound = catch_unwind(AssertUnwindSafe(|| poll(&mut response.body_mut().frame())));
    assert!(unwound.is_err());
    let seen = spy.only();
    assert_eq!((seen.outcome, seen.status, seen.error.as_deref()), ("panicked", Some(200), Some("in body")));
}

#[tokio::test]
async fn every_poll_of_a_body_that_waits_is_inside_the_context() {
    let (layer, spy, _) = layer();
    let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
    let receiver = Mutex::new(Some(receiver));
    let service = layer.layer(service_fn(|_: Request<()>| {
        let receiver = receiver.lock().unwrap().take().unwrap();
        let frames = Box::pin(tokio_stream(receiver));
        ready(Ok::<_, Infallible>(Response::new(StreamBody::new(frames))))
    }));
    let mut response = service.oneshot(get()).await.unwrap();
    assert!(poll(&mut response.body_mut().frame()).is_pending());
    assert!(context::current().is_none());
    sender.send(()).unwrap();
    assert!(response.body_mut().frame().await.unwrap().is_ok());
    assert!(response.body_mut().frame().await.is_none());
    assert_eq!(spy.only().outcome, "success");
}

/// One frame once `go` is given, asserting the context on each poll.
fn tokio_stream(
    go: tokio::sync::oneshot::Receiver<()>,
) -> impl futures_core::Stream<Item = Result<Frame<Bytes>, Infallible>> {
    OneFrame(Some(go))
}

struct OneFrame(Option<tokio::sync::oneshot::Receiver<()>>);

impl futures_core::Stream for OneFrame {
    type Item = Result<Frame<Bytes>, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        assert!(context::current().is_some());
        let Some(go) = &mut self.0 else { return Poll::Ready(None) };
        match Pin::new(go).poll(task) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(_) => {
                self.0 = None;
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
            }
        }
    }
}

#[tokio::test]
async fn requests_on_one_thread_never_see_each_others_context() {
    let (layer, spy, _) = layer();
    let service = layer.layer(service_fn(|request: Request<()>| async move {
        let mine = context::current().unwrap().trace_id();
        for _ in 0..5 {
            tokio::task::yield_now().await;
            assert_eq!(context::current().unwrap().trace_id(), mine, "{}", request.uri());
        }
        Ok::<_, Infallible>(Response::new(String::new()))
    }));
    let local = tokio::task::LocalSet::new();
    local
        .run_until(async {
            let tasks: Vec<_> =
                (0..20).map(|_| tokio::task::spawn_local(service.clone().oneshot(get()))).collect();
            for task in tasks {
                task.await.unwrap().unwrap();
            }
        })
        .await;
    let mut traces: Vec<_> = spy.all().iter().map(|seen| seen.ids.trace_id).collect();
    traces.sort();
    traces.dedup();
    assert_eq!(traces.len(), 20);
}
