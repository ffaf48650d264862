//! A service whose every request leaves a line, a span, a metric and an exemplar that share one trace id.
//!
//! `QUICKSTART_ADDR` (default 127.0.0.1:8080) is where it serves, `OBS_ADMIN_ADDR` (default 127.0.0.1:9464) where
//! `/metrics` and the probes are. It ends on SIGTERM and SIGINT, with every request answered. `obs.yaml` beside it is
//! what an operator chooses: `OBS_CONFIG=examples/quickstart/obs.yaml cargo run -p quickstart`.

mod api;
mod listen;
mod shutdown;

#[tokio::main]
async fn main() -> Result<obs::Ended, Box<dyn std::error::Error>> {
    let obs = obs::init("quickstart")?;
    metrics::describe_counter!("quickstart_users_read", "Users read.");
    obs.health().check("shelf", api::shelf)?;
    let listener = listen::listen()?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    if let Some(admin) = obs.admin_addr() {
        eprintln!("admin on http://{admin}/metrics");
    }
    shutdown::with_the_starter(obs.shutdown_handle());
    Ok(obs::axum::serve(obs, listener, api::router()).await)
}
