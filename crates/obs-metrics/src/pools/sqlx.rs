//! Pools of sqlx, for any database.

use ::sqlx::pool::PoolConnection;
use ::sqlx::{Database, Error, Pool};

use super::{Connections, PoolStats, TimedPool};

/// Waiters are unknown: sqlx does not count them.
impl<DB: Database> PoolStats for Pool<DB> {
    fn connections(&self) -> Connections {
        let max = self.options().get_max_connections();
        Connections::of_open(self.size().into(), self.num_idle() as u64).max(max.into())
    }
}

impl<DB: Database> TimedPool<Pool<DB>> {
    /// A connection, as `sqlx::Pool::acquire` gives it: one that is idle, or a new one. The wait is
    /// [counted](crate::pools#what-is-counted).
    ///
    /// # Errors
    ///
    /// Those of `sqlx::Pool::acquire`; `PoolTimedOut` alone counts as a time-out.
    ///
    /// # Cancel safety
    ///
    /// As `sqlx::Pool::acquire`; a drop is counted.
    pub async fn acquire(&self) -> Result<PoolConnection<DB>, Error> {
        self.timed(self.pool().acquire(), |error| matches!(error, Error::PoolTimedOut)).await
    }
}
