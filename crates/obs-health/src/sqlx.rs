//! A check of what a pool of sqlx reaches.

use std::fmt;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Connection, Database, Pool};

use crate::check::Check;
use crate::error::CheckError;

/// How long one waits for a connection without asking why there is none.
const PATIENCE: Duration = Duration::from_millis(200);

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
/// It takes a connection of the pool's own, for that is what the service will do: where all are in use, it fails. A run that
/// is cut gives its connection back. A pool tries again and again while a database refuses connections, and does not say
/// so: where none came within 200 ms, the check asks the database itself, and has its error.
pub struct Ping<DB: Database>(Pool<DB>);

impl<DB: Database> Ping<DB> {
    /// By this pool; clones of it are the same.
    pub const fn new(pool: Pool<DB>) -> Self {
        Self(pool)
    }

    async fn connection(&self) -> Result<PoolConnection<DB>, CheckError> {
        let (mut acquire, mut why) = (pin!(self.0.acquire()), pin!(self.why_there_is_none()));
        poll_fn(|task| match acquire.as_mut().poll(task) {
            Poll::Ready(Ok(connection)) => Poll::Ready(Ok(connection)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(failed("no connection", &error))),
            Poll::Pending => why.as_mut().poll(task).map(Err),
        })
        .await
    }

    /// Never ends where nothing speaks against a connection to come.
    async fn why_there_is_none(&self) -> CheckError {
        tokio::time::sleep(PATIENCE).await;
        let options = self.0.connect_options();
        match DB::Connection::connect_with(&options).await {
            Err(error) => return failed("no connection", &error),
            // It is gone where the answer to that fails, too.
            Ok(connection) => drop(connection.close().await),
        }
        let (open, most) = (self.0.size(), self.0.options().get_max_connections());
        if open < most {
            return pending().await;
        }
        let idle = self.0.num_idle();
        CheckError::new(format_args!(
            "the database takes connections, but the pool has none: {open} of {most} are open, {idle} of them idle"
        ))
    }
}

impl<DB: Database> Check for Ping<DB> {
    async fn check(&self) -> Result<(), CheckError> {
        let mut connection = self.connection().await?;
        connection.ping().await.map_err(|error| failed("no answer", &error))
    }
}

fn failed(what: &str, error: &sqlx::Error) -> CheckError {
    CheckError::new(format_args!("{what}: {}", CheckError::of(error)))
}

impl<DB: Database> fmt::Debug for Ping<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Options of the pool have the password.
        f.debug_struct("Ping").field("connections", &self.0.size()).finish_non_exhaustive()
    }
}
