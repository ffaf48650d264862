//! Reads what the caller's headers say: its span, and the request's id.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use obs_core::propagate::{Caller, Propagation, Remote, w3c};
use obs_core::{IdSource, RequestId, TraceId};

use crate::header::Headers;

const TRACESTATE: HeaderName = HeaderName::from_static(w3c::TRACESTATE);

/// The headers of a request that matter here, found in one walk.
#[derive(Default)]
pub(super) struct Found<'a> {
    traceparent: Seen<'a>,
    request_id: Seen<'a>,
    trace_id: Seen<'a>,
    pub(super) host: Option<&'a HeaderValue>,
    pub(super) user_agent: Option<&'a HeaderValue>,
    content_type: Seen<'a>,
    pub(super) upgrade: Option<&'a HeaderValue>,
}

/// A header that may be there once.
#[derive(Clone, Copy, Default)]
enum Seen<'a> {
    #[default]
    Never,
    Once(&'a HeaderValue),
    Often,
}

impl<'a> Seen<'a> {
    fn note(&mut self, value: &'a HeaderValue) {
        *self = if let Self::Never = self { Self::Once(value) } else { Self::Often };
    }
}

impl<'a> Found<'a> {
    pub(super) fn of(headers: &'a HeaderMap) -> Self {
        let mut found = Self::default();
        for (name, value) in headers {
            match name.as_str() {
                w3c::TRACEPARENT => found.traceparent.note(value),
                "x-request-id" => found.request_id.note(value),
                "x-trace-id" => found.trace_id.note(value),
                "host" => found.host = found.host.or(Some(value)),
                "content-type" => found.content_type.note(value),
                "upgrade" => found.upgrade = Some(value),
                "user-agent" => found.user_agent = found.user_agent.or(Some(value)),
                _ => {}
            }
        }
        found
    }

    /// What the body is, where that is said once: of several nobody knows which one the service takes.
    #[inline]
    pub(super) fn content_type(&self) -> Option<&'a HeaderValue> {
        if let Seen::Once(value) = self.content_type { Some(value) } else { None }
    }

    /// What the caller says of a trace. Malformed headers are as good as none.
    #[inline]
    pub(super) fn caller(&self, headers: &HeaderMap, propagation: &Propagation) -> Option<Caller> {
        if !propagation.reads_the_default() {
            return others(headers, propagation);
        }
        let span = self.remote(headers).map(Caller::Span);
        span.or_else(|| self.trace_id().map(Caller::Trace))
    }

    /// The caller's span.
    fn remote(&self, headers: &HeaderMap) -> Option<Remote> {
        let Seen::Once(traceparent) = self.traceparent else { return None };
        let tracestates = headers.get_all(TRACESTATE).into_iter().map(HeaderValue::as_bytes);
        w3c::extract([traceparent.as_bytes()], tracestates)
    }

    /// The trace a caller names that knows no `traceparent`: it has no span there.
    fn trace_id(&self) -> Option<TraceId> {
        let Seen::Once(value) = self.trace_id else { return None };
        TraceId::parse_lenient(value.as_bytes())
    }

    /// The caller's request id and the header to echo, or new ones when it sent none, several, or a malformed one.
    pub(super) fn request_id(&self, ids: &IdSource) -> (RequestId, Option<HeaderValue>) {
        if let Seen::Once(value) = self.request_id
            && let Ok(id) = RequestId::parse(value.as_bytes())
        {
            return (id, Some(value.clone()));
        }
        let id = ids.request_id();
        (id, HeaderValue::from_bytes(id.as_bytes()).ok())
    }
}

#[cold]
fn others(headers: &HeaderMap, propagation: &Propagation) -> Option<Caller> {
    propagation.read(&Headers(headers))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::X_REQUEST_ID;

    const TRACEPARENT: HeaderName = HeaderName::from_static(w3c::TRACEPARENT);
    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn appended(list: &[(HeaderName, &[u8])]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in list {
            map.append(name, HeaderValue::from_bytes(value).unwrap());
        }
        map
    }

    fn request_id(headers: &HeaderMap, ids: &IdSource) -> (RequestId, Option<HeaderValue>) {
        Found::of(headers).request_id(ids)
    }

    fn remote(headers: &HeaderMap) -> Option<Remote> {
        Found::of(headers).remote(headers)
    }

    #[test]
    fn one_well_formed_request_id_is_echoed_and_anything_else_replaced() {
        let ids = IdSource::seeded(1);
        let (id, echo) = request_id(&appended(&[(X_REQUEST_ID, b"ORD-2024-98765")]), &ids);
        assert_eq!(
            (id.as_str(), echo.unwrap()),
            ("ORD-2024-98765", HeaderValue::from_static("ORD-2024-98765"))
        );
        let long = [b'a'; 8192];
        for bad in [
            appended(&[]),
            appended(&[(X_REQUEST_ID, b"a"), (X_REQUEST_ID, b"b")]),
            appended(&[(X_REQUEST_ID, b"two words")]),
            appended(&[(X_REQUEST_ID, b"\xff\xfe")]),
            appended(&[(X_REQUEST_ID, b"")]),
            appended(&[(X_REQUEST_ID, &long)]),
        ] {
            let (id, echo) = request_id(&bad, &ids);
            assert_eq!(id.as_str().len(), 32, "{bad:?}");
            assert_eq!(echo.unwrap(), id.as_str());
        }
    }

    #[test]
    fn the_callers_span_is_read_strictly() {
        let good = GOOD.as_bytes();
        let read =
            remote(&appended(&[(TRACEPARENT, good), (TRACESTATE, b"a=1"), (TRACESTATE, b"b=2")])).unwrap();
        assert_eq!(read.trace_id.to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(read.trace_state.unwrap().as_str(), "a=1,b=2");
        for bad in [
            appended(&[(TRACESTATE, b"a=1")]),
            appended(&[(TRACEPARENT, good), (TRACEPARENT, good)]),
            appended(&[(TRACEPARENT, b"00-zz")]),
            appended(&[(TRACEPARENT, b"\xff\xfe")]),
        ] {
            assert_eq!(remote(&bad), None, "{bad:?}");
        }
    }
}
