//! A service with a pool of each kind, whose connections are taken and given back by request.
//!
//! README.md beside it says what it answers to, and by which variables it is told where its servers are.

mod api;
mod bb8_redis;
mod desk;
mod open;

use std::error::Error;

use api::Desks;
use desk::Desk;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<obs::Ended, Box<dyn Error>> {
    let obs = obs::init("pools")?;
    let database = or_default("DATABASE_URL", "postgres://127.0.0.1/postgres");
    let redis = or_default("REDIS_URL", "redis://127.0.0.1");

    let sqlx = obs.recorder().pool("sqlx", open::sqlx(&database, "sqlx")?)?;
    let postgres =
        obs.recorder().pool("deadpool-postgres", open::deadpool_postgres(&database, "deadpool-postgres")?)?;
    let deadpool = obs.recorder().pool("deadpool-redis", open::deadpool_redis(&format!("{redis}/1"))?)?;
    let bb8 = obs.recorder().pool("bb8-redis", open::bb8_redis(&format!("{redis}/2")).await?)?;
    let desks = Desks::new([
        ("sqlx", Desk::new(sqlx, |pool| async move { pool.acquire().await })),
        ("deadpool-postgres", Desk::new(postgres, |pool| async move { pool.get().await })),
        ("deadpool-redis", Desk::new(deadpool, |pool| async move { pool.get().await })),
        ("bb8-redis", Desk::new(bb8, |pool| async move { pool.get_owned().await })),
    ]);

    let listener = TcpListener::bind(or_default("POOLS_ADDR", "127.0.0.1:8080")).await?;
    if std::env::var_os("POOLS_EXIT_ON_STDIN_EOF").is_some_and(|value| value == "1") {
        let handle = obs.shutdown_handle();
        // A thread of its own: the runtime waits for its blocking threads, and this one may read for ever.
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            handle.shut_down();
        });
    }
    Ok(obs::axum::serve(obs, listener, api::router(desks)).await)
}

fn or_default(variable: &str, default: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| default.to_owned())
}
