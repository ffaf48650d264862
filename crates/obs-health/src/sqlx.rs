//! A check of what a pool of sqlx reaches.

use std::fmt;

use sqlx::{Connection, Database, Pool};

use crate::check::Check;
use crate::error::CheckError;

/// Passes where the pool gives a connection and the database answers a ping on it: of PostgreSQL and of any other that sqlx
/// has.
///
/// ```no_run
/// # async fn check(health: obs_health::Health, pool: sqlx::Pool<sqlx::Any>) -> Result<(), obs_health::RegisterError> {
/// health.check("postgres", obs_health::sqlx::Ping::new(pool.clone()))?;
/// # Ok(())
/// # }
/// ```
///
/// It takes a connection of the pool's own, for that is what the service will do: where all are in use for as long as a run
/// may take, it fails. A run that is cut gives its connection back.
pub struct Ping<DB: Database>(Pool<DB>);

impl<DB: Database> Ping<DB> {
    /// By this pool; clones of it are the same.
    pub const fn new(pool: Pool<DB>) -> Self {
        Self(pool)
    }
}

impl<DB: Database> Check for Ping<DB> {
    async fn check(&self) -> Result<(), CheckError> {
        let failed = |what: &str, error: &sqlx::Error| {
            CheckError::new(format_args!("{what}: {}", CheckError::of(error)))
        };
        let mut connection = match self.0.acquire().await {
            Ok(connection) => connection,
            Err(error) => return Err(failed("no connection", &error)),
        };
        connection.ping().await.map_err(|error| failed("no answer", &error))
    }
}

impl<DB: Database> fmt::Debug for Ping<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Options of the pool have the password.
        f.debug_struct("Ping").field("connections", &self.0.size()).finish_non_exhaustive()
    }
}
