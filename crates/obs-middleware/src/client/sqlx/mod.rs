//! Queries made by sqlx: a span, counts and a duration for each, with no change where they are made.
//!
//! [`Pool`] stands in the place of `sqlx::Pool`, [`PoolConnection`] and [`Transaction`] in those of sqlx's own. All of sqlx's
//! functions and macros take them as they take the others: `&pool`, `&mut *connection`, `&mut *transaction`.
//!
//! ```no_run
//! use obs_core::conventions::db::Database;
//! use obs_middleware::client::sqlx::Pool;
//!
//! # async fn example(base: std::sync::Arc<obs_core::Base>, pool: sqlx::AnyPool) -> Result<(), sqlx::Error> {
//! // The line that changes; `obs.db("postgresql", "shop")` is the same `Database`.
//! let pool = Pool::new(Database::new(Some(base), "postgresql", "shop"), pool);
//!
//! sqlx::query("UPDATE orders SET state = $1 WHERE id = $2").bind("paid").bind(17).execute(&pool).await?;
//!
//! let mut transaction = pool.begin().await?;
//! let total: i64 = sqlx::query_scalar("SELECT total FROM orders WHERE id = 17").fetch_one(&mut *transaction).await?;
//! transaction.commit().await?;
//! # drop(total);
//! # Ok(())
//! # }
//! ```
//!
//! # What is told
//! Each query is a CLIENT span, `UPDATE orders`, with the query's text without its data, and is counted in
//! `db_client_operations_total` and its kin: see [`conventions::db`](obs_core::conventions::db). It ends with the last of its rows.
//! An error is called by what it is: `unique_violation`, `foreign_key_violation`, `not_null_violation`, `check_violation`,
//! `exclusion_violation`, `database` for what else the database refuses, `io`, `tls`, `protocol`, `decode`, `encode`,
//! `pool_timed_out`, `pool_closed` and few others; the database's own code, such as a SQLSTATE, is `db.response.status_code`. That there
//! is no row for `fetch_one` is no failure of the query. `BEGIN`, `COMMIT` and `ROLLBACK` are told of as queries are.
//!
//! A query of the pool itself begins when it is first polled and includes the wait for its connection, so that a pool that is
//! exhausted is seen as failed queries.
//!
//! # What is not
//! - Values that are bound are never read.
//! - A transaction that is dropped is rolled back by sqlx later, and not told of.
//! - Rows that are not read to their end leave a query that was cancelled.
//! - What is prepared or described ahead, `COPY`, listeners and migrations go past these types: give them [`Pool::inner`], or a
//!   connection by [`Connection::inner`]. So does what asks for `sqlx::Acquire`.
//! - Of several statements in one text, the first names the span.

mod connection;
mod executor;
mod fault;
mod guard;
mod pool;
mod rows;
mod stated;

pub use connection::Connection;
pub use guard::{Guard, PoolConnection, Transaction};
pub use pool::Pool;
