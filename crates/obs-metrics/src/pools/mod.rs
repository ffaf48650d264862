//! Pools of connections: how many are in use, and how long one waits for another.
//!
//! ```
//! use obs_core::{Base, Resource};
//! use obs_metrics::pools::Connections;
//! use obs_metrics::{Format, Recorder};
//!
//! # async fn connect() -> Result<(), std::io::Error> { Ok(()) }
//! let recorder = Recorder::builder(Base::new(Resource::new("orders"))).build()?;
//! // Any pool that can say what it has; here one connection of three is in use.
//! let pool = recorder.pool("orders", || Connections::of_open(3, 2).max(8))?;
//!
//! // What takes a connection is timed.
//! let given = pool.timed(connect(), |error| error.kind() == std::io::ErrorKind::TimedOut);
//! # drop(given);
//! let text = String::from_utf8(recorder.render(Format::Text))?;
//! assert!(text.contains("db_pool_connections_active{pool=\"orders\"} 1.0\n"));
//! assert!(text.contains("db_pool_wait_duration_seconds_count{pool=\"orders\"} 0\n"));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Recorder::pool`](crate::Recorder::pool) takes a [`PoolStats`] and gives a [`TimedPool`] around it, to be used in the
//! place of the pool. The pool is asked at each scrape, and told of as long as the `TimedPool` or a clone of it lives.
//!
//! # What is counted
//!
//! Every acquire through the [`TimedPool`] is in `db_pool_wait_duration_seconds`, from its first poll to its end, however
//! it ends, and in one of these besides unless it got its connection:
//! - `db_pool_timeouts_total`: the pool's own time was over;
//! - `db_pool_errors_total`: any other error, such as a database that takes no connections, or a panic;
//! - `db_pool_cancelled_total`: the future was dropped before it ended. Its wait counts up to the drop: callers go away
//!   most where the wait is longest, and without them an exhausted pool would look quick.
//!
//! A future that was never polled has not begun to wait and is not counted. What takes a connection from the pool itself,
//! past the `TimedPool`, is in the numbers of connections and in no other.
//!
//! # What is traced
//!
//! While a sampled span is open, a wait leaves an exemplar, and a span of its own under the one that is open: `acquire
//! {pool}`, of kind INTERNAL. A wait that gave a connection within [`SPAN_AFTER`] leaves none: it would say only that all is
//! well, as often as there are queries. What is done while it waits, such as to connect, is a part of the span around it.
//!
//! # Pools
//!
//! | feature | pools | waiters |
//! |---|---|---|
//! | `pool-sqlx` | `sqlx::Pool` of sqlx 0.9, for any database | unknown |
//! | `pool-deadpool` | `deadpool::managed::Pool` of deadpool 0.13, as in deadpool-postgres and deadpool-redis | those without a connection, also while it is made |
//! | `pool-bb8` | `bb8::Pool` of bb8 0.9 | gets that have begun and not ended; see `PoolStats` of it |
//!
//! sqlx 0.9 asks for Rust 1.94. No feature brings a runtime, a driver or TLS: those are what the service has chosen.

mod connections;
mod registry;
mod timed;

#[cfg(feature = "pool-bb8")]
mod bb8;
#[cfg(feature = "pool-deadpool")]
mod deadpool;
#[cfg(feature = "pool-sqlx")]
mod sqlx;

pub use connections::Connections;
pub(crate) use registry::Pools;
pub use timed::{SPAN_AFTER, TimedPool};

use std::sync::Arc;

/// Says how many connections a pool has. Asked on the thread that serves a scrape, and not for each acquire; it must not
/// block for long. What panics is left out of the scrape.
///
/// Closures are pools too.
pub trait PoolStats: Send + Sync + 'static {
    /// As they are right now.
    fn connections(&self) -> Connections;
}

impl<F: Fn() -> Connections + Send + Sync + 'static> PoolStats for F {
    fn connections(&self) -> Connections {
        self()
    }
}

impl<P: PoolStats + ?Sized> PoolStats for Arc<P> {
    fn connections(&self) -> Connections {
        (**self).connections()
    }
}
