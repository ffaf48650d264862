//! A service that only says what happens. Which of its lines are written, where to, in what form, and what becomes of
//! them when there is no room is in `obs.yaml` beside it.
//!
//! `LOG_ENGINE_ADDR` (default 127.0.0.1:8080) is where it serves. Its files are put into the folder it is started in:
//! `OBS_CONFIG=examples/log-engine/obs.yaml cargo run -p log-engine`.

mod account;
mod cart;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<obs::Ended, Box<dyn std::error::Error>> {
    let obs = obs::init("log-engine")?;
    let addr = std::env::var("LOG_ENGINE_ADDR").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&addr).await.map_err(|error| format!("{addr}: {error}"))?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    let router = Router::new()
        .route("/health", get(async || "here"))
        .route("/login", get(account::login))
        .route("/carts/{tenant}", get(cart::show))
        .route("/carts/{tenant}/pay", get(cart::pay))
        .route("/busy", get(cart::busy));
    Ok(obs::axum::serve(obs, listener, router).await)
}
