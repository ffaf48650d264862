//! A call of another service that answers at once, so that what stands around the call is all there is.

pub(super) mod assembled;
pub(super) mod obs;

use super::Subject;
use crate::workload::expect;
use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use tower::{Service, ServiceExt as _};

const URL: &str = "http://payments.internal:8082/v2/pay/17";
/// The path's template.
const ROUTE: &str = "/v2/pay/{order}";
/// The service that is called, by the name metrics know it under.
const TARGET: &str = "payments";

type HttpAnswer = Ready<Result<http::Response<String>, Infallible>>;
type ReqwestAnswer = Ready<reqwest::Result<reqwest::Response>>;

/// Answers each call of the `http` crate.
fn http_service()
-> impl Service<http::Request<()>, Response = http::Response<String>, Error = Infallible, Future = HttpAnswer>
+ Clone
+ 'static {
    tower::service_fn(|_: http::Request<()>| ready(Ok(http::Response::new(String::new()))))
}

/// Answers each call of reqwest.
fn reqwest_service()
-> impl Service<reqwest::Request, Response = reqwest::Response, Error = reqwest::Error, Future = ReqwestAnswer>
+ Clone
+ 'static {
    tower::service_fn(|_: reqwest::Request| {
        ready(Ok(reqwest::Response::from(http::Response::new(reqwest::Body::default()))))
    })
}

/// What is called each time, built anew as a service builds it.
fn http_call() -> http::Request<()> {
    let call = http::Request::post(URL).extension(::obs::Route::new(ROUTE));
    call.body(()).expect("a request of constants")
}

fn reqwest_call(url: &reqwest::Url) -> reqwest::Request {
    reqwest::Request::new(reqwest::Method::POST, url.clone())
}

fn url() -> reqwest::Url {
    URL.parse().expect("a constant URL")
}

/// The value of a future that waits for nothing.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut task = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut task) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the service answers at once"),
    }
}

/// A call with nothing around it.
pub(super) fn http_bare() -> Subject {
    let service = http_service();
    bare(move || {
        at_once(service.clone().oneshot(http_call())).is_ok_and(|answer| answer.status().is_success())
    })
}

/// The same by reqwest's types.
pub(super) fn reqwest_bare() -> Subject {
    let (service, url) = (reqwest_service(), url());
    bare(move || {
        let answer = at_once(service.clone().oneshot(reqwest_call(&url)));
        answer.is_ok_and(|answer| answer.status().is_success())
    })
}

fn bare(mut call: impl FnMut() -> bool + 'static) -> Subject {
    let answered = Rc::new(Cell::new(0));
    let count = Rc::clone(&answered);
    Subject::new(
        move |calls| (0..calls).for_each(|_| count.set(count.get() + u64::from(call()))),
        move |total| expect("answers", answered.get(), total),
    )
}
