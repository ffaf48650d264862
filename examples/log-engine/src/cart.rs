//! What people look for at night.

use axum::extract::Path;
use axum::http::StatusCode;

#[tracing::instrument(skip_all, fields(%tenant))]
pub(crate) async fn show(Path(tenant): Path<String>) -> &'static str {
    tracing::debug!(rows = 3, "looked into the cart");
    tracing::info!("cart shown");
    "three things"
}

pub(crate) async fn pay(Path(tenant): Path<String>) -> StatusCode {
    tracing::trace!("not even held");
    tracing::debug!(tenant, "asking the bank");
    if tenant != "acme-west" {
        tracing::debug!(tenant, "the bank has agreed");
        return StatusCode::OK;
    }
    let error = std::io::Error::new(std::io::ErrorKind::TimedOut, "the bank did not answer");
    tracing::error!(error = &error as &dyn std::error::Error, tenant, "not paid");
    StatusCode::BAD_GATEWAY
}

pub(crate) async fn busy() -> &'static str {
    for n in 0..300 {
        tracing::info!(target: "log_engine::stock", n, "counting the stock");
    }
    "done"
}
