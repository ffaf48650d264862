//! The admin endpoint of this crate as a pure function: a request in, a response out.

use bytes::Bytes;
use http::header::{ACCEPT, ALLOW, CONTENT_TYPE, VARY};
use http::{HeaderValue, Method, Request, Response, StatusCode};

use crate::{Format, Recorder};

/// The path that [`respond`] answers.
pub const PATH: &str = "/metrics";

/// Answers `GET` and `HEAD` of [`PATH`] in the format that `Accept` prefers; anything else with 404 or 405.
pub fn respond<B>(recorder: &Recorder, request: &Request<B>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    if request.uri().path() != PATH {
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    // Several headers mean the same as one with commas (RFC 9110, section 5.3).
    let accept: Vec<_> =
        request.headers().get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let format = Format::negotiate(Some(&accept.join(",")));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    if request.method() == Method::GET {
        *response.body_mut() = Bytes::from(recorder.render(format));
    }
    response
}
