//! The service under test: small enough that what surrounds it shows.

use axum::extract::Path;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

/// What `GET /users/{id}` answers.
#[derive(Serialize)]
struct User {
    id: u64,
    name: &'static str,
    email: &'static str,
    active: bool,
}

/// `GET /users/{id}` with a JSON body of about 80 bytes.
pub(crate) fn router() -> Router {
    Router::new().route("/users/{id}", get(user))
}

async fn user(Path(id): Path<u64>) -> Json<User> {
    Json(User { id, name: "Ada Lovelace", email: "ada@example.com", active: true })
}
