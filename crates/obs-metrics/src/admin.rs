//! The admin endpoint of this crate as a pure function: a request in, a response out.
//!
//! It serves in a service of the user's own as well; with the feature `service`, [`MetricsService`] is a tower service of
//! it.

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, VARY,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};

use crate::{Format, Recorder, expose};

#[cfg(feature = "service")]
pub use crate::service::MetricsService;

/// The path that [`respond`] answers.
pub const PATH: &str = "/metrics";

/// Answers `GET` and `HEAD` of [`PATH`] as [`answer`] does; anything else with 404.
pub fn respond<B>(recorder: &Recorder, request: &Request<B>) -> Response<Bytes> {
    if request.uri().path() == PATH {
        return answer(recorder, request.method(), request.headers());
    }
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// Answers `GET` and `HEAD`, whatever the path, in the format that `Accept` prefers and compressed where
/// `Accept-Encoding` takes gzip, the feature `gzip` is on and the body is a KiB or longer; other methods with 405.
///
/// Writes the whole exposition before it returns; calls that overlap share one.
pub fn answer(recorder: &Recorder, method: &Method, headers: &HeaderMap) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    if method != Method::GET && method != Method::HEAD {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let format = Format::negotiate(Some(&all(headers, ACCEPT)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
    if method == Method::GET {
        let gzip = expose::takes_gzip(&all(headers, ACCEPT_ENCODING));
        let (body, zipped) = recorder.0.scrapes.body(&recorder.0, format, gzip);
        if zipped {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        *response.body_mut() = body;
    }
    response
}

/// Several headers mean the same as one with commas (RFC 9110, section 5.3).
fn all(headers: &HeaderMap, name: HeaderName) -> String {
    let values: Vec<_> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    values.join(",")
}
