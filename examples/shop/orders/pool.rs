//! The connections to the database, and how much they are in demand.

use std::time::Duration;

use obs::metrics::TimedPool;
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyConnection, AnyPool, Connection};

/// How many connections there are at most.
const CONNECTIONS: u32 = 8;

/// How long a request waits for one of them: what waits longer is better told so.
const WAIT: Duration = Duration::from_secs(2);

/// A pool that tells what it has, and how long one waits for a connection. Clones share it.
pub(crate) type Pool = TimedPool<AnyPool>;

/// Connects once, so that a database that is not there is known at the start.
pub(crate) async fn open(url: &str) -> Result<AnyPool, sqlx::Error> {
    sqlx::any::install_default_drivers();
    // Of a database that is not there a pool says only that its time has run out; a single connection says why.
    AnyConnection::connect(url).await?.close().await?;
    AnyPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(WAIT).connect(url).await
}
