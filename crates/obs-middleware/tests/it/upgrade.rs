//! What becomes of connections after an upgrade.

use std::convert::Infallible;
use std::future::{pending, ready};
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::task::{Context as TaskContext, Waker};

use http::{Method, Request, Response, StatusCode};
use http_body_util::Empty;
use obs_core::{Outcome, context};
use obs_middleware::{Upgraded, in_upgrade};
use tower::{Layer, ServiceExt, service_fn};

use crate::spy::{Spy, TICK, layer};

type Body = Empty<&'static [u8]>;
type Serve = Box<dyn FnOnce(()) -> std::pin::Pin<Box<dyn Future<Output = ()>>>>;

fn websocket() -> Request<()> {
    Request::builder().uri("/ws").header("upgrade", "websocket").header("x-request-id", "r").body(()).unwrap()
}

/// Sends `request` to a service that answers `status`, and returns what it would do with the connection.
async fn upgraded<F>(request: Request<()>, status: StatusCode, serve: fn() -> F) -> (Response<()>, Serve, Spy)
where
    F: Future<Output = ()> + 'static,
{
    let (layer, spy, clock) = layer();
    let kept = Mutex::new(None::<Serve>);
    let service = layer.layer(service_fn(|_: Request<()>| {
        let (inner, clock) = (in_upgrade(move |()| serve()), clock.clone());
        let serve: Serve = Box::new(move |connection| {
            clock.advance(TICK);
            Box::pin(inner(connection))
        });
        *kept.lock().unwrap() = Some(serve);
        let response = Response::builder().status(status).header("upgrade", "websocket");
        ready(Ok::<_, Infallible>(response.body(Body::new()).unwrap()))
    }));
    let response = service.oneshot(request).await.unwrap().map(drop);
    let serve = kept.lock().unwrap().take().unwrap();
    (response, serve, spy)
}

#[tokio::test]
async fn a_connection_is_in_use_while_it_is_served_inside_of_the_requests_context() {
    let (_, serve, spy) = upgraded(websocket(), StatusCode::SWITCHING_PROTOCOLS, || async {
        assert_eq!(context::current().unwrap().request_id().unwrap().as_str(), "r");
    })
    .await;
    assert_eq!((spy.only().outcome, spy.of_upgrades().len()), ("success", 0), "the request is over, no more");
    let serving = serve(());
    assert_eq!(spy.of_upgrades(), ["upgraded /ws r"]);
    serving.await;
    assert_eq!(spy.of_upgrades()[1..], ["closed /ws r success 7ms Some(\"websocket\") None"]);
}

#[tokio::test]
async fn a_task_that_is_dropped_or_panics_ends_it_as_such() {
    let status = StatusCode::SWITCHING_PROTOCOLS;
    let (_, serve, spy) = upgraded(websocket(), status, pending::<()>).await;
    let mut serving = serve(());
    assert!(serving.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_pending());
    drop(serving);
    assert_eq!(spy.of_upgrades()[1..], ["closed /ws r cancelled 7ms Some(\"websocket\") None"]);

    let (_, serve, spy) = upgraded(websocket(), status, || async { panic!("in the socket") }).await;
    let mut serving = serve(());
    let poll = AssertUnwindSafe(|| serving.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())));
    // As a runtime does: the panic is caught, and what is left dropped after it.
    assert!(std::panic::catch_unwind(poll).is_err());
    drop(serving);
    assert_eq!(spy.of_upgrades()[1..], ["closed /ws r panicked 7ms Some(\"websocket\") None"]);
}

#[tokio::test]
async fn what_is_called_with_the_connection_may_panic_before_it_gives_a_future() {
    let panics = || -> std::future::Ready<()> { panic!("before the socket") };
    let (_, serve, spy) = upgraded(websocket(), StatusCode::SWITCHING_PROTOCOLS, panics).await;
    assert!(std::panic::catch_unwind(AssertUnwindSafe(|| serve(()))).is_err());
    assert_eq!(spy.of_upgrades()[1..], ["closed /ws r panicked 7ms Some(\"websocket\") None"]);
}

#[tokio::test]
async fn what_was_refused_or_never_asked_for_is_not_in_use() {
    let (_, serve, spy) = upgraded(websocket(), StatusCode::FORBIDDEN, || async {}).await;
    serve(()).await;
    assert_eq!(spy.of_upgrades(), [""; 0]);
    let (mut response, serve, spy) = upgraded(Request::new(()), StatusCode::OK, || async {}).await;
    serve(()).await;
    assert!(Upgraded::take(&mut response).is_none());
    assert_eq!(spy.of_upgrades(), [""; 0]);
}

#[tokio::test]
async fn a_server_that_sees_the_connection_counts_it_once_with_the_service() {
    let request = Request::builder().uri("/t").method(Method::CONNECT).header("x-request-id", "r");
    let (mut response, serve, spy) = upgraded(request.body(()).unwrap(), StatusCode::OK, || async {}).await;
    let used = Upgraded::take(&mut response).unwrap();
    assert!(Upgraded::take(&mut response).is_none());
    used.received(3);
    used.sent(4);
    used.sent(1);
    serve(()).await;
    assert_eq!(spy.of_upgrades(), ["upgraded /t r"], "the socket is open still");
    let weak = used.downgrade();
    assert!(!weak.is_over());
    used.ended(Outcome::Cancelled);
    used.ended(Outcome::Success);
    drop(used);
    let closed = "closed /t r cancelled 7ms Some(\"websocket\") Some((3, 5))";
    assert_eq!(spy.of_upgrades()[1..], [closed]);
    weak.cut();
    assert!(weak.is_over() && spy.of_upgrades().len() == 2);
}

#[tokio::test]
async fn a_process_that_ends_cuts_what_is_in_use() {
    let (mut response, _, spy) = upgraded(websocket(), StatusCode::SWITCHING_PROTOCOLS, || async {}).await;
    let used = Upgraded::take(&mut response).unwrap();
    used.downgrade().cut();
    drop(used);
    assert_eq!(spy.of_upgrades()[1..], ["closed /ws r cancelled 0ms Some(\"websocket\") None"]);
}

#[tokio::test]
async fn a_server_that_knows_nothing_of_it_leaves_it_uncounted() {
    let (response, serve, spy) = upgraded(websocket(), StatusCode::SWITCHING_PROTOCOLS, || async {}).await;
    drop((response, serve));
    assert_eq!((spy.of_upgrades(), spy.unfinished()), (vec![], 0));
}
