//! The answer to a request that cannot be served.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A status and what the caller may know of the reason, as `{"error": "..."}`.
///
/// The cause stays in the service's own lines, where the ids of the request lead to it.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    error: &'static str,
}

impl Refusal {
    /// Answers `status` with `error` as its text.
    pub fn new(status: StatusCode, error: &'static str) -> Self {
        Self { status, error }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.error }))).into_response()
    }
}
