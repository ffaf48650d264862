//! What payments serves: gRPC, and the same over HTTP for whoever has none.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Json, Router, routing::post};
use serde::Deserialize;
use serde_json::{Value, json};
use shop::Refusal;
use shop::payments::{self, PayReply, PayRequest, PaymentsServer};
use tonic::{Request, Response, Status};

use crate::bank::{self, ChargeError};
use crate::fate::Rates;

/// What both ways answer where the bank does not; why stays in the service's own lines.
const NO_BANK: &str = "the bank is not reachable";

struct Payments {
    rates: Rates,
    begun: AtomicU64,
}

pub(crate) fn router(rates: Rates) -> Router {
    let payments = Arc::new(Payments { rates, begun: AtomicU64::new(0) });
    Router::new()
        .route_service("/shop.v2.Payments/{method}", PaymentsServer::new(Arc::clone(&payments)))
        .route("/v2/pay", post(pay))
        .with_state(payments)
}

impl Payments {
    async fn take(&self, order: i64, amount_cents: u64) -> Result<String, ChargeError> {
        obs::current().set("order_id", order);
        let number = self.begun.fetch_add(1, Ordering::Relaxed) + 1;
        let charged = bank::charge(order, amount_cents, self.rates.fate(number)).await;
        match &charged {
            Ok(_) => tracing::info!(amount_cents, "took a payment"),
            Err(error) => tracing::error!(error = error as &dyn Error, "cannot take a payment"),
        }
        charged
    }
}

impl payments::Payments for Payments {
    async fn pay(&self, request: Request<PayRequest>) -> Result<Response<PayReply>, Status> {
        let PayRequest { order, amount_cents } = request.into_inner();
        let payment = self.take(order, amount_cents).await.map_err(|_| Status::unavailable(NO_BANK))?;
        Ok(Response::new(PayReply { payment }))
    }
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
    let receipt = payments.take(payment.order, payment.amount_cents).await;
    let receipt = receipt.map_err(|_| Refusal::new(StatusCode::BAD_GATEWAY, NO_BANK))?;
    Ok(Json(json!({ "payment": receipt })))
}
