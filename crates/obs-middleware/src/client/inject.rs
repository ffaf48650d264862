//! Writes the context of a call onto its headers.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use obs_core::context::Context;
use obs_core::propagate::{TraceState, w3c};

use crate::header::{X_REQUEST_ID, X_TRACE_ID};

const TRACEPARENT: HeaderName = HeaderName::from_static(w3c::TRACEPARENT);
const TRACESTATE: HeaderName = HeaderName::from_static(w3c::TRACESTATE);

/// Which headers a layer writes beside those it always does.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Headers {
    pub(super) trace_id: bool,
}

impl Headers {
    pub(super) fn write(self, context: &Context, headers: &mut HeaderMap) {
        replace(headers, TRACEPARENT, Some(&w3c::traceparent(context.ids())));
        let state = context.local().trace_state().map(TraceState::as_str);
        replace(headers, TRACESTATE, state.map(str::as_bytes));
        if let Some(request_id) = context.request_id() {
            replace(headers, X_REQUEST_ID, Some(request_id.as_bytes()));
        }
        if self.trace_id {
            replace(headers, X_TRACE_ID, Some(&context.trace_id().to_hex()));
        } else if headers.contains_key(X_TRACE_ID) {
            let own = context.trace_id().to_hex();
            if headers.get_all(X_TRACE_ID).iter().any(|value| value.as_bytes() != own) {
                headers.remove(X_TRACE_ID);
            }
        }
    }
}

/// All that we write has been checked when it was read, so that it is a value. A map that can take no more is left as it is.
fn replace(headers: &mut HeaderMap, name: HeaderName, value: Option<&[u8]>) {
    match value.and_then(|value| HeaderValue::from_bytes(value).ok()) {
        Some(value) => drop(headers.try_insert(name, value)),
        None => drop(headers.remove(name)),
    }
}
