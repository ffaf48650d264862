//! Serves `/wait/{id}`, whose answer takes as long as the service lives, and is asked by its admin listener meanwhile: see
//! `cargo xtask e2e --only admin`.
//!
//! Its argument is where it serves; it ends when its input does.

use std::error::Error;
use std::io::Read;

use axum::Router;
use axum::routing::get;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<obs::Ended, Box<dyn Error>> {
    let obs = obs::init("admin-example")?;
    let listener = std::net::TcpListener::bind(std::env::args().nth(1).ok_or("where to serve is missing")?)?;
    listener.set_nonblocking(true)?;
    let shutdown = obs.shutdown_handle();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        shutdown.shut_down();
    });
    let waits = || async { std::future::pending::<()>().await };
    let router = Router::new().route("/wait/{id}", get(waits));
    Ok(obs::axum::serve(obs, tokio::net::TcpListener::from_std(listener)?, router).await)
}
