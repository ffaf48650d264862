//! What payments serves.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Json, Router, routing::post};
use serde::Deserialize;
use serde_json::{Value, json};
use shop::Refusal;

use crate::bank;
use crate::fate::Rates;

struct Payments {
    rates: Rates,
    begun: AtomicU64,
}

pub(crate) fn router(rates: Rates) -> Router {
    let payments = Payments { rates, begun: AtomicU64::new(0) };
    Router::new().route("/v2/pay", post(pay)).with_state(Arc::new(payments))
}

#[derive(Deserialize)]
struct Payment {
    order: i64,
    amount_cents: u64,
}

async fn pay(
    State(payments): State<Arc<Payments>>,
    Json(payment): Json<Payment>,
) -> Result<Json<Value>, Refusal> {
    obs::current().set("order_id", payment.order);
    let number = payments.begun.fetch_add(1, Ordering::Relaxed) + 1;
    let fate = payments.rates.fate(number);
    match bank::charge(payment.order, payment.amount_cents, fate).await {
        Ok(receipt) => {
            tracing::info!(amount_cents = payment.amount_cents, "took a payment");
            Ok(Json(json!({ "payment": receipt })))
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn Error, "cannot take a payment");
            Err(Refusal::new(StatusCode::BAD_GATEWAY, "the bank is not reachable"))
        }
    }
}
