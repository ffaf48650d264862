//! The words of a status.

use http::StatusCode;

/// What a status is called, where it has a name.
pub(super) fn of(status: u16) -> Option<&'static str> {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason())
}
