//! Takes payments, and fails in every way a service can: slowly, with an error, and by a panic.
//!
//! It is asked by gRPC, as `payments.proto` says, or by HTTP at the same address.
//!
//! `PAYMENTS_ADDR` (default 127.0.0.1:8082) is where it serves; `PAYMENTS_FAIL_EVERY`, `PAYMENTS_SLOW_EVERY` and
//! `PAYMENTS_PANIC_EVERY` say how often what goes wrong.

mod api;
mod bank;
mod fate;

use fate::Rates;

#[tokio::main]
async fn main() -> Result<obs::Ended, Box<dyn std::error::Error>> {
    let obs = obs::init("payments")?.grpc_services(shop::payments::METHODS);
    let rates = Rates::from_environment()?;
    let listener = shop::listen("PAYMENTS_ADDR", "127.0.0.1:8082")?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    if let Some(admin) = obs.admin_addr() {
        eprintln!("admin on http://{admin}/metrics");
    }
    shop::with_the_starter(obs.shutdown_handle());
    Ok(obs::axum::serve(obs, listener, api::router(rates)).await)
}
