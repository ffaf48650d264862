//! What is served, in the idioms a service uses anyway.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::{Json, Router, routing::get};
use serde_json::{Value, json};

pub(crate) fn router() -> Router {
    Router::new()
        .route("/api/hello", get(hello))
        .route("/api/users/{id}", get(user))
        .route("/api/slow", get(slow))
        .route("/api/fail", get(fail))
}

/// What `/readyz` asks: here it always stands; a service would ask its data base.
pub(crate) async fn shelf() -> Result<(), Infallible> {
    Ok(())
}

async fn hello() -> Json<Value> {
    tracing::debug!("shown once the level is debug");
    tracing::info!(greeting = "hello", "said hello");
    Json(json!({ "message": "hello from obs" }))
}

#[tracing::instrument]
async fn user(Path(id): Path<u64>) -> Json<Value> {
    // On every later line of this request, on its access line and on its span.
    obs::current().set("user_id", id);
    metrics::counter!("quickstart_users_read").increment(1);
    tracing::info!("read a user");
    // Goes on after the answer, as part of the same request.
    obs::spawn(async move { tracing::info!("noted who was read") });
    Json(json!({ "id": id }))
}

async fn slow() -> Json<Value> {
    tokio::time::sleep(Duration::from_millis(50)).await;
    Json(json!({ "message": "at last" }))
}

async fn fail() -> (StatusCode, Json<Value>) {
    tracing::error!("the shelf is empty");
    (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": "the shelf is empty" })))
}
