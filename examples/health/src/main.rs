//! A service with two dependencies and nothing else to do than to say how they are.
//!
//! README.md beside it says how it is asked, and by which variables it is told where its servers are.

use std::error::Error;

use obs::health::redis::Connect;
use obs::health::sqlx::Ping;
use obs::health::tonic::HealthService;
use sqlx::postgres::PgPoolOptions;
use tokio::net::TcpListener;
use tonic::service::Routes;

#[tokio::main]
async fn main() -> Result<obs::Ended, Box<dyn Error>> {
    let obs = obs::init("health")?;
    let database = or_default("DATABASE_URL", "postgres://127.0.0.1/postgres");
    let database = PgPoolOptions::new().max_connections(4).connect_lazy(&database)?;
    let cache = redis::Client::open(or_default("REDIS_URL", "redis://127.0.0.1"))?;

    let health = obs.health();
    health.check("postgres", Ping::new(database))?;
    health.check("redis", Connect::new(cache))?;
    health.group("checkout", ["postgres"])?;
    health.group("search", ["redis"])?;
    let service = HealthService::new(health).service("shop.Orders")?;
    let service = service.service_of_group("shop.Payments", "checkout")?;

    let listener = TcpListener::bind(or_default("HEALTH_ADDR", "127.0.0.1:8080")).await?;
    if std::env::var_os("HEALTH_EXIT_ON_STDIN_EOF").is_some_and(|value| value == "1") {
        let handle = obs.shutdown_handle();
        // A thread of its own: the runtime waits for its blocking threads, and this one may read for ever.
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            handle.shut_down();
        });
    }
    Ok(obs::axum::serve(obs, listener, Routes::new(service).into_axum_router()).await)
}

fn or_default(variable: &str, default: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| default.to_owned())
}
