//! Pools of bb8.

use ::bb8::{ManageConnection, Pool, PooledConnection, RunError};

use super::{Connections, PoolStats, TimedPool};

/// Waiters are gets that have begun and not ended. bb8 hears of no get that was given up and would have it wait for ever:
/// those that were given up by way of a [`TimedPool`] are taken off, so that the number is right where no get goes past it.
impl<M: ManageConnection> PoolStats for Pool<M> {
    fn connections(&self) -> Connections {
        let state = self.state();
        let gets = &state.statistics;
        // Not by `pending_gets`: a get that ends while the numbers are read would take it below zero.
        let waiters = gets.get_started.saturating_sub(gets.completed_gets());
        Connections::of_open(state.connections.into(), state.idle_connections.into())
            .max(self.config().max_size.into())
            .waiters_and_given_up(waiters)
    }
}

impl<M: ManageConnection> TimedPool<Pool<M>> {
    /// A connection, as bb8's `Pool::get` gives it. The wait is [counted](crate::pools#what-is-counted).
    ///
    /// # Errors
    ///
    /// Those of `Pool::get`; `TimedOut` alone counts as a time-out.
    ///
    /// # Cancel safety
    ///
    /// As `Pool::get`; a drop is counted.
    pub async fn get(&self) -> Result<PooledConnection<'_, M>, RunError<M::Error>> {
        self.timed(self.pool().get(), is_timeout).await
    }

    /// As [`get`](Self::get), a connection that does not borrow the pool.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn get_owned(&self) -> Result<PooledConnection<'static, M>, RunError<M::Error>> {
        self.timed(self.pool().get_owned(), is_timeout).await
    }
}

fn is_timeout<E>(error: &RunError<E>) -> bool {
    matches!(error, RunError::TimedOut)
}
