//! Requests that end in odd ways: in another task, in a panic, after their installation, before their tunnel.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Waker};

use http::{Request, Response};
use http_body_util::BodyExt;
use obs::config::LogFormat;
use obs_core::context;
use tokio::sync::oneshot;
use tower::{Layer, ServiceExt, service_fn};
use tracing::{Instrument, info, info_span};

use crate::collector::{Answer, Collector};
use crate::service::TempFile;

/// A body that logs as it is polled and as it is dropped.
struct Body {
    left: u32,
    knows_its_end: bool,
}

impl http_body::Body for Body {
    type Data = bytes::Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
        info!("polled");
        let Some(left) = self.left.checked_sub(1) else { return Poll::Ready(None) };
        self.left = left;
        Poll::Ready(Some(Ok(http_body::Frame::data(bytes::Bytes::from_static(b"piece")))))
    }

    fn is_end_stream(&self) -> bool {
        self.knows_its_end && self.left == 0
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        info!("body dropped");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_sent_by_another_task_is_polled_and_dropped_in_its_request() {
    for (read, knows_its_end) in [(true, true), (true, false), (false, false)] {
        let obs = obs::testing::start("streams");
        let service = obs.layer().layer(service_fn(async |_: Request<()>| {
            Ok::<_, Infallible>(Response::new(Body { left: 2, knows_its_end }))
        }));
        let response = service.oneshot(Request::new(())).await.unwrap();
        let send = async move {
            let mut body = response.into_body();
            while read && body.frame().await.is_some() {}
        };
        tokio::spawn(send).await.unwrap();
        obs.requests_ended(1).await;
        let access = obs.line("request");
        let polled = obs.lines_of("polled");
        assert_eq!(
            polled.len(),
            if !read {
                0
            } else if knows_its_end {
                2
            } else {
                3
            }
        );
        for line in polled.iter().chain([&obs.line("body dropped")]) {
            assert_eq!((line.trace_id(), line.request_id()), (access.trace_id(), access.request_id()));
        }
        assert_eq!(*access.field("outcome"), if read { "success" } else { "cancelled" });
    }
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("as it was dropped");
    }
}

#[tokio::test]
async fn a_future_that_panics_as_it_is_dropped_has_panicked() {
    let obs = obs::testing::start("panics");
    let service = obs.layer().layer(service_fn(|_: Request<()>| {
        let held = PanicsWhenDropped;
        std::future::poll_fn(move |_| {
            let _ = &held;
            Poll::Ready(Ok::<_, Infallible>(Response::new(String::from("done"))))
        })
    }));
    let ended = tokio::spawn(service.oneshot(Request::new(()))).await;
    assert!(ended.unwrap_err().is_panic());
    obs.requests_ended(1).await;
    assert_eq!(*obs.line("request").field("outcome"), "panicked");
    assert!(context::current().is_none());
}

#[test]
fn a_request_and_its_spans_may_outlive_an_installation_that_exports() {
    let (file, collector) = (TempFile::new("outlived.log"), Collector::start(Answer::Ok));
    let obs = obs::builder("shop").admin(obs::Admin::Off).log_file(&file.0).otlp_endpoint(collector.url());
    let obs = obs.build().unwrap();
    let (go, wait) = oneshot::channel::<()>();
    let service = obs.layer().layer(service_fn(async |request: Request<oneshot::Receiver<()>>| {
        let span = info_span!("work");
        async {
            info!("begins");
            request.into_body().await.unwrap();
            info!("goes on");
            obs::current().set("late", true);
        }
        .instrument(span)
        .await;
        Ok::<_, Infallible>(Response::new(String::from("done")))
    }));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut request = Box::pin(service.oneshot(Request::new(wait)));
        assert!(request.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_pending());
        drop(obs);
        go.send(()).unwrap();
        let response = request.await.unwrap();
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "done");
    });
    let lines = file.lines();
    assert!(lines.iter().any(|line| line["message"] == "begins"), "{lines:?}");
    assert!(lines.iter().all(|line| line["message"] != "goes on"), "{lines:?}");
}

#[tokio::test]
async fn what_goes_on_after_an_upgrade_is_part_of_the_request_that_has_ended() {
    let obs = obs::testing::start("upgrades");
    let (go, wait) = oneshot::channel::<()>();
    let task = Mutex::new(Some(wait));
    let service = obs.layer().layer(service_fn(async |_: Request<()>| {
        let wait = task.lock().unwrap().take().unwrap();
        let tunnel = async move {
            wait.await.unwrap();
            info!("in the tunnel");
            info_span!("message").in_scope(|| ());
        };
        let tunnel = tokio::spawn(obs::in_current(tunnel.in_current_span()));
        let mut response = Response::new(String::new());
        *response.status_mut() = http::StatusCode::SWITCHING_PROTOCOLS;
        response.extensions_mut().insert(Arc::new(tunnel));
        Ok::<_, Infallible>(response)
    }));
    let mut response = service.oneshot(Request::new(())).await.unwrap();
    obs.requests_ended(1).await;
    assert_eq!(*obs.line("request").field("outcome"), "success");
    go.send(()).unwrap();
    let tunnel = response.extensions_mut().remove::<Arc<tokio::task::JoinHandle<()>>>().unwrap();
    Arc::into_inner(tunnel).unwrap().await.unwrap();
    drop(response);
    assert_eq!(obs.line("in the tunnel").request_id(), obs.line("request").request_id());
    assert_eq!(obs.span("message").ids.trace_id, obs.line("request").trace_id().unwrap());
    assert_eq!(obs.open_spans(), Some(0));
}

#[test]
fn fields_of_the_request_are_on_lines_of_every_format() {
    for (format, shown) in [
        (LogFormat::Json, r#""tenant":"a b""#),
        (LogFormat::Logfmt, r#"tenant="a b""#),
        (LogFormat::Pretty, r#"tenant="a b""#),
    ] {
        let file = TempFile::new(&format!("format-{format:?}.log"));
        let obs = obs::builder("shop").admin(obs::Admin::Off).log_file(&file.0).log_format(format);
        let obs = obs.build().unwrap();
        let service = obs.layer().layer(service_fn(async |_: Request<()>| {
            info!("before");
            obs::current().set("tenant", "a b");
            info!("after");
            Ok::<_, Infallible>(Response::new(String::from("done")))
        }));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let response = runtime.block_on(service.oneshot(Request::new(()))).unwrap();
        runtime.block_on(response.into_body().collect()).unwrap();
        drop(obs);
        let text = std::fs::read_to_string(&file.0).unwrap();
        let shows: Vec<_> = text.lines().map(|line| line.contains(shown)).collect();
        assert_eq!(shows, [false, true, true], "{text}");
    }
}
