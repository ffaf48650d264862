//! Names of headers that both sides know, and headers as what context travels in.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use obs_core::propagate::{Extractor, Header, Injector, b3, jaeger, w3c};

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const X_TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");

/// Headers that context is read from; those of a call of gRPC are its metadata.
#[derive(Debug)]
pub struct Headers<'a>(pub &'a HeaderMap);

impl Extractor for Headers<'_> {
    fn values(&self, header: Header) -> impl Iterator<Item = &[u8]> {
        self.0.get_all(name(header)).into_iter().map(HeaderValue::as_bytes)
    }
}

/// Headers that context is written to. A map that can take no more is left as it is.
#[derive(Debug)]
pub struct HeadersMut<'a>(pub &'a mut HeaderMap);

impl Injector for HeadersMut<'_> {
    fn set(&mut self, header: Header, value: &str) {
        match HeaderValue::from_str(value) {
            Ok(value) => drop(self.0.try_insert(name(header), value)),
            // All that we write has been checked when it was read.
            Err(_) => self.erase(header),
        }
    }

    fn erase(&mut self, header: Header) {
        self.0.remove(name(header));
    }
}

fn name(header: Header) -> HeaderName {
    const TRACEPARENT: HeaderName = HeaderName::from_static(w3c::TRACEPARENT);
    const TRACESTATE: HeaderName = HeaderName::from_static(w3c::TRACESTATE);
    const BAGGAGE: HeaderName = HeaderName::from_static(obs_core::propagate::BAGGAGE);
    const B3: HeaderName = HeaderName::from_static(b3::B3);
    const B3_TRACE_ID: HeaderName = HeaderName::from_static(b3::X_B3_TRACE_ID);
    const B3_SPAN_ID: HeaderName = HeaderName::from_static(b3::X_B3_SPAN_ID);
    const B3_PARENT: HeaderName = HeaderName::from_static(b3::X_B3_PARENT_SPAN_ID);
    const B3_SAMPLED: HeaderName = HeaderName::from_static(b3::X_B3_SAMPLED);
    const B3_FLAGS: HeaderName = HeaderName::from_static(b3::X_B3_FLAGS);
    const UBER: HeaderName = HeaderName::from_static(jaeger::UBER_TRACE_ID);
    match header {
        Header::Traceparent => TRACEPARENT,
        Header::Tracestate => TRACESTATE,
        Header::Baggage => BAGGAGE,
        Header::B3 => B3,
        Header::B3TraceId => B3_TRACE_ID,
        Header::B3SpanId => B3_SPAN_ID,
        Header::B3ParentSpanId => B3_PARENT,
        Header::B3Sampled => B3_SAMPLED,
        Header::B3Flags => B3_FLAGS,
        Header::UberTraceId => UBER,
        Header::TraceId => X_TRACE_ID,
        Header::RequestId => X_REQUEST_ID,
        // One that this crate does not know yet.
        other => HeaderName::from_static(other.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_header_has_the_name_it_travels_under() {
        for header in Header::ALL {
            assert_eq!(name(header).as_str(), header.as_str());
        }
    }
}
