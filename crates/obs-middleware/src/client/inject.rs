//! Writes the context of a call onto its headers.

use http::header::HeaderMap;
use obs_core::context::Context;
use obs_core::propagate::{Header, Injector, Propagation};

use crate::header::{HeadersMut, X_TRACE_ID};

/// Which headers a layer writes beside those that all calls have.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Headers {
    pub(super) trace_id: bool,
}

impl Headers {
    pub(super) fn write(self, propagation: &Propagation, context: &Context, headers: &mut HeaderMap) {
        propagation.write(context, &mut HeadersMut(headers));
        let own = context.trace_id().to_hex();
        if self.trace_id {
            if let Ok(own) = str::from_utf8(&own) {
                HeadersMut(headers).set(Header::TraceId, own);
            }
        } else if headers.contains_key(X_TRACE_ID)
            && headers.get_all(X_TRACE_ID).iter().any(|value| value.as_bytes() != own)
        {
            headers.remove(X_TRACE_ID);
        }
    }
}
