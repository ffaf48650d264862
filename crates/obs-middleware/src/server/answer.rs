//! What a caller is answered whose request panicked: never with the panic's text.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use obs_core::Context;
use obs_core::observe::Method;

/// A body of `application/problem+json` (RFC 9457) with the ids of the request.
pub(super) fn problem(context: &Context, method: Method) -> Response<Bytes> {
    let mut text = String::from(r#"{"title":"Internal Server Error","status":500"#);
    if let Some(id) = context.request_id() {
        // Whatever a request's id may hold needs no escape in JSON.
        text.push_str(r#","request_id":""#);
        text.push_str(id.as_str());
        text.push('"');
    }
    text.push_str(r#","trace_id":""#);
    text.push_str(&context.trace_id().to_string());
    text.push_str("\"}");
    let body = if method == Method::Head { Bytes::new() } else { Bytes::from(text) };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

/// `INTERNAL` in the head, as gRPC has it where there is nothing else ("gRPC over HTTP2", Trailers-Only).
pub(super) fn of_rpc() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", HeaderValue::from_static("13"));
    response
}
