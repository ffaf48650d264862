//! A pool whose queries are told of.

use std::fmt;
use std::sync::Arc;

use futures_core::future::BoxFuture;
use obs_core::conventions::db::Database;
use sqlx::Error;

use super::fault::fault;
use super::{Connection, PoolConnection, Transaction};

type Given<DB> = BoxFuture<'static, Result<sqlx::pool::PoolConnection<DB>, Error>>;

/// A pool whose queries are told of, in the place of sqlx's. Clones share it. `&` of it is an `Executor`.
pub struct Pool<DB: sqlx::Database> {
    database: Database,
    inner: sqlx::Pool<DB>,
    /// How a connection is taken from the pool, where not by the pool itself.
    taken_by: Option<Arc<dyn Fn() -> Given<DB> + Send + Sync>>,
}

impl<DB: sqlx::Database> Pool<DB> {
    /// Tells of what is asked of `pool` as queries of `database`.
    pub fn new(database: Database, pool: sqlx::Pool<DB>) -> Self {
        Self { database, inner: pool, taken_by: None }
    }

    /// Takes connections by `take`, such as by a pool that times the wait for them; by default from the pool as it is.
    #[must_use]
    pub fn taken_by<F>(mut self, take: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<sqlx::pool::PoolConnection<DB>, Error>> + Send + 'static,
    {
        self.taken_by = Some(Arc::new(move || Box::pin(take())));
        self
    }

    /// sqlx's pool. What is asked of it is not told of.
    pub fn inner(&self) -> &sqlx::Pool<DB> {
        &self.inner
    }

    /// The database its queries are told of.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// A connection. The wait for it is no query.
    ///
    /// # Errors
    /// Those of sqlx.
    pub async fn acquire(&self) -> Result<PoolConnection<DB>, Error> {
        let given = self.give().await?;
        Ok(PoolConnection::over(Connection::new(self.database.clone(), given)))
    }

    /// Begins a transaction on a connection of its own.
    ///
    /// # Errors
    /// Those of sqlx.
    pub async fn begin(&self) -> Result<Transaction<'static, DB>, Error> {
        let given = self.give().await?;
        let begun = sqlx::Transaction::begin(given, None);
        let begun = self.database.command("BEGIN").run_as(begun, fault).await?;
        Ok(Transaction::over(Connection::new(self.database.clone(), begun)))
    }

    /// Closes it, and waits for connections that are in use.
    pub async fn close(&self) {
        self.inner.close().await;
    }

    pub(super) async fn give(&self) -> Result<sqlx::pool::PoolConnection<DB>, Error> {
        match &self.taken_by {
            Some(take) => take().await,
            None => self.inner.acquire().await,
        }
    }
}

impl<DB: sqlx::Database> Clone for Pool<DB> {
    fn clone(&self) -> Self {
        let Self { database, inner, taken_by } = self;
        Self { database: database.clone(), inner: inner.clone(), taken_by: taken_by.clone() }
    }
}

impl<DB: sqlx::Database> fmt::Debug for Pool<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("database", &self.database).finish_non_exhaustive()
    }
}
