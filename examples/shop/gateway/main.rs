//! The door of the shop: knows the customers, and hands their orders on.
//!
//! `GATEWAY_ADDR` (default 127.0.0.1:8080) is where it serves, `ORDERS_URL` where orders is.

mod api;
mod customer;
mod login;
mod orders;

use obs::health::{Importance, Settings};

use orders::Orders;

#[tokio::main]
async fn main() -> Result<obs::Ended, Box<dyn std::error::Error>> {
    let obs = obs::init("gateway")?;
    let url = shop::service("ORDERS_URL", "http://127.0.0.1:8081")?;
    let orders = Orders::new(&url, obs.client("orders"))?;

    // Customers can log in without orders, so that the gateway stays ready when orders is gone.
    let degraded = Settings::new().importance(Importance::Degraded);
    obs.health().check_with("orders", degraded, move || {
        let url = url.clone();
        async move { shop::reaches(&url).await }
    })?;

    let listener = shop::listen("GATEWAY_ADDR", "127.0.0.1:8080")?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    if let Some(admin) = obs.admin_addr() {
        eprintln!("admin on http://{admin}/metrics");
    }
    shop::with_the_starter(obs.shutdown_handle());
    Ok(obs::axum::serve(obs, listener, api::router(orders)).await)
}
