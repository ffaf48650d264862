//! A connection whose queries are told of.

use std::fmt;
use std::ops::DerefMut;

use obs_core::conventions::db::Database;
use sqlx::Error;

use super::fault::fault;
use super::guard::Transaction;

/// A connection whose queries are told of, around whatever gives one: `&mut PgConnection`, sqlx's `PoolConnection` or
/// `Transaction`. `&mut` of it is an `Executor`.
pub struct Connection<C> {
    pub(super) database: Database,
    pub(super) inner: C,
}

impl<C> Connection<C> {
    /// Tells of what is asked over `inner` as queries of `database`.
    pub fn new(database: Database, inner: C) -> Self {
        Self { database, inner }
    }

    /// The connection itself. What is asked over it is not told of.
    pub fn inner(&mut self) -> &mut C {
        &mut self.inner
    }

    /// The connection itself, for good.
    pub fn into_inner(self) -> C {
        self.inner
    }
}

impl<C> Connection<C>
where
    C: DerefMut<Target: sqlx::Connection>,
{
    /// Begins a transaction, or within one a savepoint.
    ///
    /// # Errors
    /// Those of sqlx.
    pub async fn begin(
        &mut self,
    ) -> Result<Transaction<'_, <C::Target as sqlx::Connection>::Database>, Error> {
        let begun = self.database.command("BEGIN").run_as(sqlx::Connection::begin(&mut *self.inner), fault);
        let begun = begun.await?;
        Ok(Transaction::over(Connection::new(self.database.clone(), begun)))
    }
}

impl<C> fmt::Debug for Connection<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("database", &self.database).finish_non_exhaustive()
    }
}
