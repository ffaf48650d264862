//! What is kept for the auditors.

use axum::http::Uri;

pub(crate) async fn login(uri: Uri) -> &'static str {
    let query = uri.query().unwrap_or_default();
    // `module` is what routes take for one: this line is for the auditors, whatever file it stands in.
    tracing::info!(
        module = "audit",
        session_id = "s-1815",
        password = "hunter2",
        iban = "DE02120300000000202051",
        card = "4111 1111 1111 1111",
        query,
        "logged in"
    );
    "welcome"
}
