//! Keeps the orders of the shop and has them paid.
//!
//! `ORDERS_ADDR` (default 127.0.0.1:8081) is where it serves, `PAYMENTS_URL` where payments is, `DATABASE_URL` where the orders
//! are kept: a SQLite file or a Postgres, and `REDIS_URL` where prices are, if not in the process.

mod again;
mod api;
mod payments;
mod pool;
mod prices;
mod settling;
mod store;

use obs::health::{Importance, Settings};
use obs::metrics::typed::Counters;

use api::Orders;
use payments::Payments;
use prices::Prices;
use settling::Settling;
use shop::Mistake;
use store::Store;

#[tokio::main]
async fn main() -> Result<obs::Ended, Box<dyn std::error::Error>> {
    let obs = obs::builder("orders").declare(store::created_family()).install()?;
    let url: String = shop::or_default("DATABASE_URL", "sqlite://orders.db?mode=rwc")?;
    let unusable = |error| Mistake::new("DATABASE_URL", error);
    let pool = pool::open(&obs, &url).await?;
    let created = Counters::register(obs.recorder(), store::CREATED)?;
    let store = Store::open(pool, &url, created).await.map_err(unusable)?;
    let redis: String = shop::or_default("REDIS_URL", "")?;
    let prices = Prices::open(&obs, &redis).await.map_err(|error| Mistake::new("REDIS_URL", error))?;
    let url = shop::service("PAYMENTS_URL", "http://127.0.0.1:8082")?;
    let calls = obs.client("payments").grpc_services(shop::payments::METHODS);
    let payments = Payments::new(&url, &calls)?;

    // Without its database the service can do nothing; without payments it still shows what was ordered.
    let asked = store.clone();
    obs.health().check("database", move || {
        let store = asked.clone();
        async move { store.ping().await }
    })?;
    let degraded = Settings::new().importance(Importance::Degraded);
    obs.health().check_with("payments", degraded, move || {
        let url = url.clone();
        async move { shop::reaches(&url).await }
    })?;

    let listener = shop::listen("ORDERS_ADDR", "127.0.0.1:8081")?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    if let Some(admin) = obs.admin_addr() {
        eprintln!("admin on http://{admin}/metrics");
    }
    shop::with_the_starter(obs.shutdown_handle());
    let settling = Settling::new();
    let orders = Orders { store: store.clone(), payments, prices, settling: settling.clone() };
    let ended = obs::axum::serve(obs, listener, api::router(orders)).await;
    // Their customers may be gone, and then no request has waited for them.
    if settling.done().await.is_err() {
        eprintln!("not all orders are settled");
    }
    store.close().await;
    Ok(ended)
}
