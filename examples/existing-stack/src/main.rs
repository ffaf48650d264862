//! A service that had its stack before obs came: request ids and traces by tower-http, a subscriber layer of its own,
//! and axum's own way to serve. It keeps all of them.
//!
//! `EXISTING_STACK_ADDR` (default 127.0.0.1:8080) is where it serves.

mod app;
mod open_spans;

use tracing_subscriber::layer::SubscriberExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let obs = obs::builder("existing-stack").compose(|ours| ours.with(open_spans::OpenSpans)).install()?;
    let addr = std::env::var("EXISTING_STACK_ADDR").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let listener = tokio::net::TcpListener::bind(&addr).await.map_err(|error| format!("{addr}: {error}"))?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    // Whoever serves by other means than `obs.serve` says when the start-up is over.
    obs.ready();
    let asked = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    axum::serve(listener, app::app(&obs)).with_graceful_shutdown(asked).await?;
    Ok(())
}
