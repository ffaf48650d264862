//! The ids that correlate signals: trace, span and request, and the source that makes new ones.

mod hex;
mod request_id;
mod source;
mod span_id;
mod trace_id;

pub(crate) use hex::{decode as decode_hex, encode as encode_hex};
pub use request_id::{RequestId, RequestIdError};
pub use source::IdSource;
pub use span_id::SpanId;
pub use trace_id::TraceId;
