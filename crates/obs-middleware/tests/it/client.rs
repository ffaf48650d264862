//! The client layer over scripted clients: what it writes onto a call, and every way a call can end.

use std::convert::Infallible;
use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Waker};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, StreamBody};
use obs_core::context::{self, Context, Ids, Local, Route, TraceFlags};
use obs_core::fields::Value;
use obs_core::observe::{Candidate, Operation, OperationEnd, OperationObserver};
use obs_core::propagate::TraceState;
use obs_core::{Base, Clock, IdSource, RequestId, Resource, SpanId, Timestamp, TraceId};
use obs_middleware::ClientLayer;
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};

use crate::spy::TICK;

/// Writes down each operation that has ended; every trace that begins with one is recorded.
#[derive(Default)]
pub(crate) struct Calls(Mutex<Vec<Ended>>);

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ended {
    pub(crate) name: String,
    pub(crate) labels: Vec<&'static str>,
    pub(crate) outcome: &'static str,
    pub(crate) status: Option<u16>,
    pub(crate) fault: Option<&'static str>,
    pub(crate) error: Option<String>,
    pub(crate) millis: u128,
    pub(crate) ids: Ids,
    pub(crate) parent: Option<SpanId>,
    pub(crate) attributes: Vec<(&'static str, String)>,
}

impl Ended {
    pub(crate) fn attribute(&self, key: &str) -> Option<&str> {
        let found: Vec<_> = self.attributes.iter().filter(|(known, _)| *known == key).collect();
        assert!(found.len() < 2, "{key} twice");
        found.first().map(|(_, value)| value.as_str())
    }
}

impl OperationObserver for Calls {
    fn sample(&self, _: &Candidate<'_>) -> Option<bool> {
        Some(true)
    }

    fn finish(&self, context: &Context, operation: &Operation<'_>, end: &OperationEnd<'_>) {
        let (first, second) = operation.name;
        let text = |value: Value<'_>| match value {
            Value::Str(text) => text.to_owned(),
            Value::I64(number) => number.to_string(),
            other => format!("{other:?}"),
        };
        self.0.lock().unwrap().push(Ended {
            name: second.map_or(first.to_owned(), |second| format!("{first} {second}")),
            labels: operation.labels.to_vec(),
            outcome: end.outcome.as_str(),
            status: end.status,
            fault: end.fault,
            error: end.error.map(str::to_owned),
            millis: end.duration.as_millis(),
            ids: context.ids(),
            parent: operation.parent,
            attributes: operation.attributes.iter().map(|(key, value)| (*key, text(*value))).collect(),
        });
    }
}

impl Calls {
    #[track_caller]
    pub(crate) fn only(&self) -> Ended {
        let all = self.0.lock().unwrap();
        assert_eq!(all.len(), 1, "{all:?}");
        all[0].clone()
    }

    /// All of them, in the order they ended.
    pub(crate) fn all(&self) -> Vec<Ended> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn none(&self) -> bool {
        self.0.lock().unwrap().is_empty()
    }
}

/// A layer for calls of `payments`, what it tells, and its clock.
pub(crate) fn layer() -> (ClientLayer, Arc<Calls>, Clock) {
    let clock = Clock::manual(Timestamp::from_unix_nanos(1_000_000));
    let base = Base::with(Resource::new("orders"), clock.clone(), IdSource::seeded(1));
    let calls = Arc::<Calls>::default();
    base.operations.register(Arc::<Calls>::clone(&calls));
    (ClientLayer::new(base, "payments"), calls, clock)
}

fn pay() -> Request<()> {
    let uri = "http://user:hunter2@payments:8082/v2/pay/17?signature=secret#part";
    Request::post(uri).extension(Route::new("/v2/pay/{order}")).body(()).unwrap()
}

#[tokio::test]
async fn an_x_trace_id_of_another_trace_is_not_handed_on() {
    let (layer, calls, _) = layer();
    let with = |id: &str| {
        let mut request = pay();
        request.headers_mut().insert("x-trace-id", id.parse().unwrap());
        request
    };
    let headers = sent(&layer, with("11111111111111111111111111111111")).await;
    assert_eq!(headers.get("x-trace-id"), None);
    drop(calls);
    let own = self::layer();
    let trace_id = {
        let _ = sent(&own.0, pay()).await;
        own.1.only().ids.trace_id.to_string()
    };
    // The same seed makes the same ids.
    let headers = sent(&self::layer().0, with(&trace_id)).await;
    assert_eq!(headers["x-trace-id"], trace_id.as_str(), "whoever names the call's own trace may");
}

/// The headers a call goes out with.
async fn sent(layer: &ClientLayer, request: Request<()>) -> HeaderMap {
    let service = layer.layer(service_fn(|request: Request<()>| {
        let mut answer = Response::new(String::new());
        *answer.headers_mut() = request.headers().clone();
        ready(Ok::<_, Infallible>(answer))
    }));
    service.oneshot(request).await.unwrap().headers().clone()
}

/// A request that is being served, with a trace state.
fn served(sampled: bool) -> Context {
    let trace_id = TraceId::parse(b"0af7651916cd43dd8448eb211c80319c").unwrap();
    let span_id = SpanId::parse(b"b7ad6b7169203331").unwrap();
    let flags = TraceFlags::from_byte(2).sampled(sampled);
    let request_id = RequestId::parse("ORD-2024-98765").unwrap();
    let state = TraceState::parse([&b"a=1,b=2"[..]]);
    Context::root(Ids { trace_id, span_id, flags }, Local::server(request_id, state))
}

async fn within<F: Future>(context: &Context, future: F) -> F::Output {
    let mut future = Box::pin(future);
    std::future::poll_fn(|task| {
        let _scope = context::enter_poll(context);
        future.as_mut().poll(task)
    })
    .await
}

#[tokio::test]
async fn a_call_carries_its_own_span_and_the_requests_ids_and_replaces_what_was_handed_on() {
    for sampled in [true, false] {
        let (layer, calls, _) = layer();
        let mut request = pay();
        for (name, value) in [
            ("traceparent", "00-11111111111111111111111111111111-2222222222222222-01"),
            ("tracestate", "old=1"),
            ("x-request-id", "somebody-elses"),
        ] {
            request.headers_mut().append(name, value.parse().unwrap());
            request.headers_mut().append(name, value.parse().unwrap());
        }
        let served = served(sampled);
        let headers = within(&served, sent(&layer, request)).await;
        let call = calls.only();
        assert_eq!((call.ids.trace_id, call.parent), (served.trace_id(), Some(served.span_id())));
        let flags = if sampled { "03" } else { "02" };
        let expected = format!("00-0af7651916cd43dd8448eb211c80319c-{}-{flags}", call.ids.span_id);
        let all = |name| headers.get_all(name).iter().collect::<Vec<_>>();
        assert_eq!(all("traceparent"), [expected.as_str()]);
        assert_eq!(all("tracestate"), ["a=1,b=2"]);
        assert_eq!(all("x-request-id"), ["ORD-2024-98765"]);
        assert!(!headers.contains_key("x-trace-id"), "by option only");
        assert_eq!(call.attributes.is_empty(), !sampled, "what is not recorded is not described");
    }
}

#[tokio::test]
async fn a_call_outside_of_requests_is_a_trace_of_its_own_and_leaves_the_request_id_alone() {
    let (layer, calls, _) = layer();
    let mut request = pay();
    request.headers_mut().insert("x-request-id", "batch-7".parse().unwrap());
    request.headers_mut().insert("tracestate", "old=1".parse().unwrap());
    let headers = sent(&layer.clone().trace_id_header(), request).await;
    let call = calls.only();
    assert_eq!((call.parent, call.ids.flags.is_sampled(), call.ids.flags.is_random()), (None, true, true));
    assert_eq!(headers["x-request-id"], "batch-7");
    assert_eq!(headers["x-trace-id"], call.ids.trace_id.to_string());
    assert!(!headers.contains_key("tracestate"), "it belongs to another trace");
}

#[tokio::test]
async fn labels_are_names_and_templates_and_attributes_hold_no_secret() {
    let (layer, calls, _) = layer();
    sent(&layer, pay()).await;
    let call = calls.only();
    assert_eq!(call.name, "POST /v2/pay/{order}");
    assert_eq!(call.labels, ["payments", "/v2/pay/{order}", "POST"]);
    for (key, expected) in [
        ("url.full", "http://payments:8082/v2/pay/17"),
        ("url.template", "/v2/pay/{order}"),
        ("server.address", "payments"),
        ("server.port", "8082"),
        ("service.peer.name", "payments"),
        ("http.request.method", "POST"),
        ("http.response.status_code", "200"),
        ("obs.outcome", "success"),
    ] {
        assert_eq!(call.attribute(key), Some(expected), "{key}");
    }
    let all = format!("{call:?}");
    assert!(!all.contains("hunter2") && !all.contains("secret") && !all.contains("part"), "{all}");
}

#[tokio::test]
async fn a_call_without_a_template_is_unmatched_and_an_invented_method_is_other() {
    let (layer, calls, _) = layer();
    sent(&layer, Request::builder().method("BREW").uri("https://[::1]/pot/1").body(()).unwrap()).await;
    let call = calls.only();
    assert_eq!((call.name.as_str(), &call.labels[..]), ("HTTP", &["payments", "unmatched", "_OTHER"][..]));
    assert_eq!(call.attribute("http.request.method_original"), Some("BREW"));
    assert_eq!((call.attribute("server.address"), call.attribute("server.port")), (Some("::1"), Some("443")));
    let (other, calls, _) = self::layer();
    let by_path = other.route(|uri: &http::Uri, _: &http::Extensions| {
        uri.path().starts_with("/pot/").then(|| Route::new("/pot/{id}"))
    });
    let service =
        by_path.layer(service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new(String::new())))));
    service.oneshot(Request::new(())).await.unwrap();
    assert_eq!(calls.only().labels[1], "unmatched");
    let (fixed, calls, _) = self::layer();
    let fixed = fixed.route(Route::new("/health"));
    let service =
        fixed.layer(service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new(String::new())))));
    service.oneshot(Request::new(())).await.unwrap();
    assert_eq!(calls.only().labels[1], "/health");
}

/// Sends a call that is answered with `status` and two frames after a tick, takes `frames` of them, and drops the rest.
async fn answered(status: u16, frames: usize) -> Ended {
    let (layer, calls, clock) = layer();
    let service = layer.layer(service_fn(|_: Request<()>| {
        clock.advance(TICK);
        let body = StreamBody::new(Frames(vec!["cd", "ab"]));
        let answer = Response::builder().status(StatusCode::from_u16(status).unwrap()).body(body).unwrap();
        ready(Ok::<_, BoxError>(answer))
    }));
    let mut answer = service.oneshot(pay()).await.unwrap();
    clock.advance(TICK);
    for _ in 0..frames {
        assert!(context::current().is_none());
        let _ = answer.body_mut().frame().await;
    }
    drop(answer);
    calls.only()
}

/// Texts, the last one first.
struct Frames(Vec<&'static str>);

impl futures_core::Stream for Frames {
    type Item = Result<http_body::Frame<Bytes>, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> std::task::Poll<Option<Self::Item>> {
        assert!(context::current().is_some(), "the body is polled inside of the call");
        let text = self.0.pop().map(|text| match text {
            "broken" => Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset).into()),
            text => Ok(http_body::Frame::data(Bytes::from_static(text.as_bytes()))),
        });
        std::task::Poll::Ready(text)
    }
}

#[tokio::test]
async fn an_answer_ends_a_call_by_its_status_whether_its_body_is_read_or_not() {
    for (status, outcome, fault, error_type) in [
        (200, "success", None, None),
        (302, "success", None, None),
        (404, "client_error", None, Some("404")),
        (408, "client_error", None, Some("408")),
        (500, "server_error", Some("server_error"), Some("500")),
        (504, "server_error", Some("server_error"), Some("504")),
    ] {
        for frames in [0, 1, 3] {
            let call = answered(status, frames).await;
            assert_eq!((call.outcome, call.status, call.fault), (outcome, Some(status), fault), "{status}");
            assert_eq!((call.attribute("error.type"), call.millis), (error_type, 14), "{status}");
            let bytes = (2 * frames.min(2)).to_string();
            assert_eq!(call.attribute("http.response.body.size"), Some(bytes.as_str()));
        }
    }
    let empty = answered(204, 0).await;
    assert_eq!((empty.outcome, empty.millis), ("success", 7), "there is no body to wait for");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_fault_of_its_own() {
    let (layer, calls, _) = layer();
    let service = layer.layer(service_fn(|_: Request<()>| {
        ready(Ok::<_, BoxError>(Response::new(StreamBody::new(Frames(vec!["broken", "ab"])))))
    }));
    assert!(service.oneshot(pay()).await.unwrap().into_body().collect().await.is_err());
    let call = calls.only();
    assert_eq!((call.outcome, call.status, call.fault), ("server_error", Some(200), Some("reset")));
    assert_eq!(call.attribute("error.type"), Some("reset"));
}

#[tokio::test]
async fn an_error_passes_through_and_its_causes_are_told() {
    let late = tower::timeout::error::Elapsed::new();
    let refused = std::io::Error::other(std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
    let cases: [(BoxError, &str, &str, &str); 3] = [
        (late.into(), "timed_out", "timeout", "request timed out"),
        (refused.into(), "server_error", "connect", "connection refused"),
        ("no".into(), "server_error", "other", "no"),
    ];
    for (error, outcome, fault, text) in cases {
        let (layer, calls, _) = layer();
        let (shown, error) = (error.to_string(), Mutex::new(Some(error)));
        let service = layer.layer(service_fn(|_: Request<()>| {
            ready(Err::<Response<String>, BoxError>(error.lock().unwrap().take().unwrap()))
        }));
        assert_eq!(service.oneshot(pay()).await.unwrap_err().to_string(), shown);
        let call = calls.only();
        assert_eq!((call.outcome, call.status, call.fault), (outcome, None, Some(fault)));
        assert!(call.error.as_ref().unwrap().contains(text), "{call:?}");
        assert_eq!(call.attribute("error.type"), Some(fault));
    }
}

#[tokio::test]
async fn a_call_that_is_given_up_is_cancelled_and_dropped_inside_of_its_context() {
    struct AsksOnDrop(Arc<Mutex<Option<Option<Ids>>>>);
    impl Drop for AsksOnDrop {
        fn drop(&mut self) {
            *self.0.lock().unwrap() = Some(context::current_ids());
        }
    }
    let (layer, calls, clock) = layer();
    let asked = Arc::default();
    let held = Mutex::new(Some(AsksOnDrop(Arc::clone(&asked))));
    let mut service = layer.layer(service_fn(|_: Request<()>| {
        let held = held.lock().unwrap().take();
        Box::pin(async move {
            let _held = held;
            pending::<Result<Response<String>, Infallible>>().await
        })
    }));
    let mut future = Box::pin(service.call(pay()));
    assert!(future.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_pending());
    assert!(calls.none());
    clock.advance(TICK);
    drop(future);
    let call = calls.only();
    assert_eq!((call.outcome, call.status, call.fault, call.millis), ("cancelled", None, None, 7));
    assert_eq!((call.attribute("obs.outcome"), call.attribute("error.type")), (Some("cancelled"), None));
    assert_eq!(*asked.lock().unwrap(), Some(Some(call.ids)));
}

#[test]
fn panics_are_noted_and_go_on() {
    let (layer, calls, _) = layer();
    let mut in_call = layer.layer(service_fn(
        |_: Request<()>| -> std::future::Ready<Result<Response<String>, Infallible>> { panic!("in call") },
    ));
    let mut in_poll = layer.layer(service_fn(|_: Request<()>| {
        Box::pin(async {
            assert!(context::current().is_none(), "in poll");
            Ok::<_, Infallible>(Response::new(String::new()))
        })
    }));
    assert!(catch_unwind(AssertUnwindSafe(|| in_call.call(pay()))).is_err());
    let polled = AssertUnwindSafe(|| {
        let future = std::pin::pin!(in_poll.call(pay()));
        let _ = future.poll(&mut TaskContext::from_waker(Waker::noop()));
    });
    assert!(catch_unwind(polled).is_err());
    let seen = calls.0.lock().unwrap();
    let ends: Vec<_> = seen.iter().map(|call| (call.outcome, call.fault, call.error.as_deref())).collect();
    assert_eq!(ends, [("panicked", Some("panicked"), None), ("panicked", Some("panicked"), Some("in poll"))]);
    assert!(context::current().is_none());
}
