//! Who may come in.

use axum::Json;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use shop::Refusal;

/// No `Debug`: what cannot be printed cannot get into a line.
#[derive(Deserialize)]
pub(crate) struct Login {
    user: String,
    password: String,
}

pub(crate) async fn log_in(Json(login): Json<Login>) -> Result<Json<Value>, Refusal> {
    obs::current().set("user", login.user.as_str());
    if login.password != "open sesame" {
        tracing::warn!("wrong password");
        return Err(Refusal::new(StatusCode::UNAUTHORIZED, "wrong password"));
    }
    tracing::info!("logged in");
    // The shop asks for no token; one that counts would be random or signed.
    Ok(Json(json!({ "token": format!("token-of-{}", login.user) })))
}
