//! Managed pools of deadpool.

use ::deadpool::managed::{Manager, Object, Pool, PoolError, Timeouts};

use super::{Connections, PoolStats, TimedPool};

/// Waiters are acquires that have no connection yet, also those for which one is being made.
impl<M: Manager + 'static, W: From<Object<M>> + 'static> PoolStats for Pool<M, W>
where
    Self: Send + Sync,
{
    fn connections(&self) -> Connections {
        let status = self.status();
        Connections::of_open(status.size as u64, status.available as u64)
            .max(status.max_size as u64)
            .waiters(status.waiting as u64)
    }
}

impl<M: Manager, W: From<Object<M>>> TimedPool<Pool<M, W>> {
    /// An object, as deadpool's `Pool::get` gives it. The wait is [counted](crate::pools#what-is-counted).
    ///
    /// # Errors
    ///
    /// Those of `Pool::get`; `Timeout` counts as a time-out, whether it is for a place, to make a connection or to try one.
    ///
    /// # Cancel safety
    ///
    /// As `Pool::get`; a drop is counted.
    pub async fn get(&self) -> Result<W, PoolError<M::Error>> {
        self.timed(self.pool().get(), is_timeout).await
    }

    /// As [`get`](Self::get), with other time-outs than the pool's.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn timeout_get(&self, timeouts: &Timeouts) -> Result<W, PoolError<M::Error>> {
        self.timed(self.pool().timeout_get(timeouts), is_timeout).await
    }
}

fn is_timeout<E>(error: &PoolError<E>) -> bool {
    matches!(error, PoolError::Timeout(_))
}
