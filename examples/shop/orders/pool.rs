//! The connections to the database, how much they are in demand, and what is asked over them.

use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{Any, AnyConnection, AnyPool, Connection};

use shop::Mistake;

/// How many connections there are at most.
const CONNECTIONS: u32 = 8;

/// How long a request waits for one of them: what waits longer is better told so.
const WAIT: Duration = Duration::from_secs(2);

/// A pool whose queries are spans and numbers, and that tells what it has and how long one waits for a connection. Clones share it.
pub(crate) type Pool = obs::sqlx::Pool<Any>;

/// Connects once, so that a database that is not there is known at the start.
pub(crate) async fn open(obs: &obs::Obs, url: &str) -> Result<Pool, Box<dyn std::error::Error>> {
    let connected = connect(url).await.map_err(|error| Mistake::new("DATABASE_URL", error))?;
    let timed = obs.recorder().pool("orders", connected.clone())?;
    let system = if url.starts_with("sqlite:") { "sqlite" } else { "postgresql" };
    let pool = Pool::new(obs.db(system, "orders"), connected);
    Ok(pool.taken_by(move || {
        let timed = timed.clone();
        async move { timed.acquire().await }
    }))
}

async fn connect(url: &str) -> Result<AnyPool, sqlx::Error> {
    sqlx::any::install_default_drivers();
    // Of a database that is not there a pool says only that its time has run out; a single connection says why.
    AnyConnection::connect(url).await?.close().await?;
    AnyPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(WAIT).connect(url).await
}
