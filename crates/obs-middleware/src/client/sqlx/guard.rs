//! What holds a connection for a while. It dereferences to it, as sqlx's own types do, so that `&mut *connection` is what a query
//! takes.

use std::fmt;
use std::ops::{Deref, DerefMut};

use sqlx::{Database, Error};

use super::Connection;
use super::fault::fault;

/// A [`Connection`] that is held, and given back when this is dropped.
pub struct Guard<C>(Connection<C>);

/// A connection out of a pool; back in it once this is dropped.
pub type PoolConnection<DB> = Guard<sqlx::pool::PoolConnection<DB>>;

/// A transaction; rolled back where it is dropped before its [`commit`](Guard::commit).
pub type Transaction<'c, DB> = Guard<sqlx::Transaction<'c, DB>>;

impl<C> Guard<C> {
    pub(super) fn over(connection: Connection<C>) -> Self {
        Self(connection)
    }

    /// sqlx's own. What is asked over it is not told of.
    pub fn into_inner(self) -> C {
        self.0.into_inner()
    }
}

impl<DB: Database> Guard<sqlx::Transaction<'_, DB>> {
    /// Commits it.
    ///
    /// # Errors
    /// Those of sqlx.
    pub async fn commit(self) -> Result<(), Error> {
        let Connection { database, inner } = self.0;
        database.command("COMMIT").run_as(inner.commit(), fault).await
    }

    /// Rolls it back.
    ///
    /// # Errors
    /// Those of sqlx.
    pub async fn rollback(self) -> Result<(), Error> {
        let Connection { database, inner } = self.0;
        database.command("ROLLBACK").run_as(inner.rollback(), fault).await
    }
}

impl<C> Deref for Guard<C> {
    type Target = Connection<C>;

    fn deref(&self) -> &Connection<C> {
        &self.0
    }
}

impl<C> DerefMut for Guard<C> {
    fn deref_mut(&mut self) -> &mut Connection<C> {
        &mut self.0
    }
}

impl<C> fmt::Debug for Guard<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
