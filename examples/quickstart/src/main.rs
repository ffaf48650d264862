//! A service whose every request leaves a line, a span, a metric and an exemplar that share one trace id.
//!
//! `QUICKSTART_ADDR` (default 127.0.0.1:8080) is where it serves, `OBS_ADMIN_ADDR` (default 127.0.0.1:9464) where
//! `/metrics` is.

mod shutdown;

use std::time::Duration;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::{Json, Router, routing::get};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let obs = obs::init("quickstart")?;
    metrics::describe_counter!("quickstart_users_read", "Users read.");
    let app = Router::new()
        .route("/api/hello", get(hello))
        .route("/api/users/{id}", get(user))
        .route("/api/slow", get(slow))
        .route("/api/fail", get(fail))
        .layer(obs.layer());
    let addr = std::env::var("QUICKSTART_ADDR").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let listener = tokio::net::TcpListener::bind(&addr).await.map_err(|error| format!("{addr}: {error}"))?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    if let Some(admin) = obs.admin_addr() {
        eprintln!("admin on http://{admin}/metrics");
    }
    axum::serve(listener, app).with_graceful_shutdown(shutdown::asked()).await?;
    Ok(())
}

async fn hello() -> Json<Value> {
    tracing::info!(greeting = "hello", "said hello");
    Json(json!({ "message": "hello from obs" }))
}

#[tracing::instrument]
async fn user(Path(id): Path<u64>) -> Json<Value> {
    metrics::counter!("quickstart_users_read").increment(1);
    tracing::info!("read a user");
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
