//! The services under test: small enough that what surrounds them shows.

use crate::stack::Caller;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What `GET /users/{id}` answers.
#[derive(Serialize)]
struct User {
    id: u64,
    name: &'static str,
    email: &'static str,
    active: bool,
}

/// `GET /users/{id}` with a JSON body of about 80 bytes.
pub(crate) fn users() -> Router {
    Router::new().route("/users/{id}", get(user))
}

async fn user(Path(id): Path<u64>) -> Json<User> {
    Json(User { id, name: "Ada Lovelace", email: "ada@example.com", active: true })
}

#[derive(Serialize, Deserialize)]
struct Order {
    user: String,
    item: String,
    quantity: u32,
}

#[derive(Serialize, Deserialize)]
struct Placed {
    id: u64,
    state: String,
}

#[derive(Serialize, Deserialize)]
struct Payment {
    order: u64,
    amount_cents: u64,
}

#[derive(Serialize, Deserialize)]
struct Paid {
    payment: String,
}

/// `POST /v1/orders`: hands the order on.
pub(crate) fn gateway(caller: Caller) -> Router {
    async fn place(
        State(caller): State<Caller>,
        Json(order): Json<Order>,
    ) -> Result<Json<Placed>, StatusCode> {
        caller.call(&order).await.map(Json)
    }
    Router::new().route("/v1/orders", post(place)).with_state(caller)
}

/// `POST /v1/orders`: numbers the order, counts it and has it paid. Keeping it costs every stack the same and is left out.
pub(crate) fn orders(caller: Caller) -> Router {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    async fn place(
        State(caller): State<Caller>,
        Json(order): Json<Order>,
    ) -> Result<Json<Placed>, StatusCode> {
        let id = NEXT.fetch_add(1, Relaxed);
        metrics::counter!("app_order_created_total", "service" => "payment").increment(1);
        tracing::info!(order_id = id, item = %order.item, "order placed");
        let amount_cents = u64::from(order.quantity) * 1_250;
        let _: Paid = caller.call(&Payment { order: id, amount_cents }).await?;
        Ok(Json(Placed { id, state: "paid".to_owned() }))
    }
    Router::new().route("/v1/orders", post(place)).with_state(caller)
}

/// `POST /v2/pay`: one span and one line below the request.
pub(crate) fn payments() -> Router {
    async fn pay(Json(payment): Json<Payment>) -> Json<Paid> {
        charge(payment.order, payment.amount_cents).await;
        Json(Paid { payment: format!("p-{}", payment.order) })
    }
    Router::new().route("/v2/pay", post(pay))
}

#[tracing::instrument]
async fn charge(order: u64, amount_cents: u64) {
    tracing::info!("charged");
}
