//! Calls that are made again: a span for each attempt, and one above them for the call they make up.

use std::convert::Infallible;
use std::future::{Ready, pending, ready};
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use http::{Request, Response};
use http_body_util::BodyExt;
use obs_core::context::Route;
use obs_middleware::ClientLayer;
use tower::retry::{Policy, RetryLayer};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

use crate::client::{Calls, Ended, layer};

/// Tries again what failed or was answered by a 503, or by `UNAVAILABLE`.
#[derive(Clone)]
struct Again;

impl<B, E> Policy<Request<()>, Response<B>, E> for Again {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Request<()>, result: &mut Result<Response<B>, E>) -> Option<Self::Future> {
        let is_done = result.as_ref().is_ok_and(|answer| {
            answer.status() != 503 && answer.headers().get("grpc-status").is_none_or(|code| code != "14")
        });
        (!is_done).then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Request<()>) -> Option<Request<()>> {
        Some(request.clone())
    }
}

fn pay() -> Request<()> {
    Request::post("http://payments/v2/pay/17").extension(Route::new("/v2/pay/{order}")).body(()).unwrap()
}

fn parts(ended: &[Ended]) -> (Vec<&Ended>, Vec<&Ended>) {
    ended.iter().partition(|call| call.labels.len() > 2)
}

/// Three attempts, of which the last one is answered well; what was told, and the `traceparent` of each.
async fn third_time(layer: ClientLayer, request: Request<()>, bad: Response<String>) -> Vec<String> {
    let (asked, seen) = (AtomicU32::new(0), Arc::<Mutex<Vec<String>>>::default());
    let server = service_fn(|request: Request<()>| {
        let parent = request.headers()["traceparent"].to_str().unwrap().to_owned();
        seen.lock().unwrap().push(parent);
        let answer = if asked.fetch_add(1, Ordering::Relaxed) < 2 {
            bad.clone()
        } else {
            Response::builder().header("grpc-status", "0").body("paid".to_owned()).unwrap()
        };
        ready(Ok::<_, Infallible>(answer))
    });
    let client = ServiceBuilder::new()
        .layer(layer.clone().around_attempts())
        .layer(RetryLayer::new(Again))
        .layer(layer)
        .service(server);
    let answer = client.oneshot(request).await.unwrap();
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "paid");
    seen.lock().unwrap().clone()
}

#[tokio::test]
async fn each_attempt_is_a_call_below_the_one_they_make_up() {
    let (layer, calls, _) = layer();
    let bad = Response::builder().status(503).body(String::new()).unwrap();
    let seen = third_time(layer, pay(), bad).await;

    let ended = calls.all();
    let (attempts, whole) = parts(&ended);
    let [whole] = whole[..] else { panic!("{ended:?}") };
    assert_eq!((whole.name.as_str(), whole.outcome), ("POST /v2/pay/{order}", "success"));
    assert_eq!(whole.labels, ["payments", "/v2/pay/{order}"]);
    assert_eq!(whole.attribute("obs.client.attempts"), Some("3"));
    assert_eq!((whole.status, whole.parent, whole.attribute("error.type")), (None, None, None));
    let statuses: Vec<_> = attempts.iter().map(|attempt| attempt.status.unwrap()).collect();
    assert_eq!(statuses, [503, 503, 200]);
    let before: Vec<_> = attempts.iter().map(|call| call.attribute("http.request.resend_count")).collect();
    assert_eq!(before, [None, Some("1"), Some("2")]);
    for (attempt, parent) in attempts.iter().zip(&seen) {
        assert_eq!((attempt.parent, attempt.ids.trace_id), (Some(whole.ids.span_id), whole.ids.trace_id));
        assert!(
            parent.contains(&attempt.ids.span_id.to_string()),
            "the attempt's own span travels: {parent}"
        );
    }
}

#[tokio::test]
async fn attempts_by_grpc_go_by_their_code() {
    let (layer, calls, _) = layer();
    let bad = Response::builder().header("grpc-status", "14").body(String::new()).unwrap();
    let mut request = Request::post("http://payments/shop.Payments/Pay").body(()).unwrap();
    request.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    third_time(layer, request, bad).await;

    let ended = calls.all();
    let (attempts, whole) = parts(&ended);
    assert_eq!(whole.len(), 1);
    assert_eq!((whole[0].name.as_str(), whole[0].outcome), ("shop.Payments/Pay", "success"));
    assert_eq!(whole[0].labels, ["payments", "shop.Payments/Pay"]);
    let told: Vec<_> = attempts
        .iter()
        .map(|call| {
            (call.attribute("rpc.response.status_code").unwrap(), call.attribute("previous-rpc-attempts"))
        })
        .collect();
    assert_eq!(told, [("UNAVAILABLE", None), ("UNAVAILABLE", Some("1")), ("OK", Some("2"))]);
}

/// A call whose attempts do what `server` does, polled once and dropped where it waits.
async fn alone<F>(server: impl Fn(Request<()>) -> F + Clone, gives_up: bool) -> Arc<Calls>
where
    F: Future<Output = io::Result<Response<String>>>,
{
    let (layer, calls, _) = layer();
    let mut client =
        ServiceBuilder::new().layer(layer.clone().around_attempts()).layer(layer).service(service_fn(server));
    let mut call = Box::pin(client.call(pay()));
    if gives_up {
        assert!(futures_poll(&mut call).is_pending());
    } else {
        let _ = call.await;
    }
    calls
}

fn futures_poll<F: Future + Unpin>(future: &mut F) -> std::task::Poll<F::Output> {
    let waker = std::task::Waker::noop();
    std::pin::Pin::new(future).poll(&mut std::task::Context::from_waker(waker))
}

#[tokio::test]
async fn a_call_that_fails_for_good_has_the_kind_of_its_last_attempt() {
    let refused = || ready(Err(io::Error::from(io::ErrorKind::ConnectionRefused)));
    let calls = alone(move |_| refused(), false).await;
    let ended = calls.all();
    let (attempts, whole) = parts(&ended);
    for call in [attempts[0], whole[0]] {
        assert_eq!((call.outcome, call.fault), ("server_error", Some("connect")));
        assert_eq!(call.attribute("error.type"), Some("connect"));
    }
    assert_eq!(whole[0].attribute("obs.client.attempts"), Some("1"));
    assert!(whole[0].error.is_some());
}

#[tokio::test]
async fn a_call_that_is_given_up_is_cancelled_with_its_attempt() {
    let calls = alone(|_| pending(), true).await;
    let outcomes: Vec<_> = calls.all().into_iter().map(|call| (call.labels.len(), call.outcome)).collect();
    assert_eq!(outcomes, [(3, "cancelled"), (2, "cancelled")], "the attempt ends first");
}
