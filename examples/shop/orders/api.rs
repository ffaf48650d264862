//! What orders serves.

use std::error::Error;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Json, Router, routing::get, routing::post};
use serde_json::{Value, json};
use shop::Refusal;

use crate::payments::Payments;
use crate::prices::Prices;
use crate::settling::Settling;
use crate::store::{NewOrder, Order, Store};

#[derive(Clone)]
pub(crate) struct Orders {
    pub(crate) store: Store,
    pub(crate) payments: Payments,
    pub(crate) prices: Prices,
    pub(crate) settling: Settling,
}

pub(crate) fn router(orders: Orders) -> Router {
    Router::new().route("/v1/orders", post(place)).route("/v1/orders/{id}", get(find)).with_state(orders)
}

async fn place(
    State(orders): State<Orders>,
    Json(order): Json<NewOrder>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    if order.quantity == 0 {
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "the quantity must be 1 or more"));
    }
    // In a task that goes on when the customer goes away: what is paid is noted.
    let settling = orders.settling.clone();
    settling.spawn(settle(orders, order)).await.map_err(|error| {
        tracing::error!(error = &error as &dyn Error, "an order was broken off");
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the order was broken off")
    })?
}

/// Keeps an order, has it paid, and notes what became of it.
async fn settle(orders: Orders, order: NewOrder) -> Result<(StatusCode, Json<Value>), Refusal> {
    let (item, quantity) = (order.item.clone(), order.quantity);
    let price_cents = orders.prices.of(&item).await;
    let id = orders.store.insert(order).await.map_err(database_failed)?;
    // On every later line of this request, on its access line and on its span.
    obs::current().set("order_id", id);
    tracing::info!(item, quantity, "placed an order");

    let amount_cents = u64::from(quantity) * price_cents;
    tracing::debug!(amount_cents, "asking for the payment");
    // No connection is held meanwhile: a slow payment must not keep the database from others.
    let paid = orders.payments.pay(id, amount_cents).await;
    let (state, answer) = match paid {
        Ok(()) => ("paid", (StatusCode::CREATED, Json(json!({ "id": id, "state": "paid" })))),
        Err(error) => {
            tracing::error!(error = &error as &dyn Error, "the order is not paid");
            let body = json!({ "id": id, "state": "unpaid", "error": "the payment failed" });
            ("unpaid", (StatusCode::BAD_GATEWAY, Json(body)))
        }
    };
    // The customer has paid or has not, whatever the database does now.
    if let Err(error) = orders.store.set_state(id, state).await {
        tracing::error!(error = &error as &dyn Error, state, "the state of the order is not kept");
    }
    Ok(answer)
}

async fn find(State(orders): State<Orders>, Path(id): Path<i64>) -> Result<Json<Order>, Refusal> {
    obs::current().set("order_id", id);
    let found = orders.store.find(id).await.map_err(database_failed)?;
    found.map(Json).ok_or(Refusal::new(StatusCode::NOT_FOUND, "there is no such order"))
}

fn database_failed(error: sqlx::Error) -> Refusal {
    tracing::error!(error = &error as &dyn Error, "the database cannot be used");
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the database cannot be used")
}
