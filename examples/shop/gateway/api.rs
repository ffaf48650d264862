//! What the gateway serves.

use axum::extract::{Path, State};
use axum::middleware::from_fn;
use axum::response::Response;
use axum::{Json, Router, routing::get, routing::post};
use shop::Refusal;

use crate::customer::note_region;
use crate::login::log_in;
use crate::orders::{Order, Orders};

pub(crate) fn router(orders: Orders) -> Router {
    Router::new()
        .route("/v1/login", post(log_in))
        .route("/v1/orders", post(place))
        .route("/v1/orders/{id}", get(find))
        .layer(from_fn(note_region))
        .with_state(orders)
}

async fn place(State(orders): State<Orders>, Json(order): Json<Order>) -> Result<Response, Refusal> {
    // On every later line of this request, on its access line and on its span.
    obs::current().set("user", order.user.as_str());
    orders.place(&order).await
}

async fn find(State(orders): State<Orders>, Path(id): Path<u64>) -> Result<Response, Refusal> {
    obs::current().set("order_id", id);
    orders.find(id).await
}
