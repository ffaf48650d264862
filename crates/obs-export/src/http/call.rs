//! One request as data: what is asked of whom, with which headers and body.

use std::fmt;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request};
use http_body_util::Full;

use super::Endpoint;
use super::client::Payload;
use bytes::Buf;

/// A request that can be sent any number of times. Prints without the values of its headers and without its body.
#[derive(Clone)]
#[must_use = "nothing is sent before somebody sends it"]
pub struct Call {
    pub(super) method: Method,
    pub(super) endpoint: Endpoint,
    pub(super) headers: HeaderMap,
    /// What stands before the body, the body, and what stands after it.
    pub(super) parts: [Bytes; 3],
}

impl Call {
    /// Without headers of its own and without a body.
    pub fn new(method: Method, endpoint: Endpoint) -> Self {
        Self { method, endpoint, headers: HeaderMap::new(), parts: Default::default() }
    }

    /// A `POST`, else as [`Call::new`].
    pub fn post(endpoint: Endpoint) -> Self {
        Self::new(Method::POST, endpoint)
    }

    /// The same to another place.
    pub fn to(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// The body, and what it is.
    pub fn body(mut self, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.parts = [Bytes::new(), body.into(), Bytes::new()];
        self
    }

    /// A header of this request, over one of the same name in the client's settings.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// How many bytes the body has.
    pub(super) fn body_len(&self) -> usize {
        self.parts.iter().map(Bytes::len).sum()
    }

    pub(super) fn request(&self, always: &HeaderMap) -> Request<Full<Payload>> {
        let [head, body, tail] = self.parts.clone();
        let mut request = Request::new(Full::new(head.chain(body).chain(tail)));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.endpoint.uri().clone();
        *request.headers_mut() = always.clone();
        for (name, value) in &self.headers {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        // Without it a receiver may wait for a body, or ask for the length (RFC 9110, section 8.6).
        if self.body_len() == 0 && matches!(self.method, Method::POST | Method::PUT | Method::PATCH) {
            request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        request
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}
