//! Names of headers that both sides know.

use http::header::HeaderName;

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const X_TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");
