//! Queries and commands of databases: span, counts, duration and error in one line.
//!
//! ```
//! # async fn fetch(_: &str) -> Result<u32, std::io::Error> { Ok(7) }
//! # async fn example() -> Result<(), std::io::Error> {
//! let sql = "SELECT total FROM orders WHERE id = 7";
//! let total = obs::db::query("postgresql", "orders", sql).run(fetch(sql)).await?;
//! # drop(total);
//! # Ok(())
//! # }
//! ```
//!
//! These are of what is installed; [`Obs::db`](crate::Obs::db) gives a handle of one installation, to be kept.

use obs_core::observe::Target;

pub use obs_core::conventions::db::{Database, Query, Told};

/// A query in SQL, of the database `name` of a product such as `postgresql`, `mysql` or `sqlite`.
pub fn query<'q>(system: impl Into<Target>, name: impl Into<Target>, sql: &'q str) -> Query<'q> {
    Database::new(super::base(), system, name).query(sql)
}

/// A command in a product's own words, such as `HGETALL` of `redis`.
pub fn command(
    system: impl Into<Target>,
    name: impl Into<Target>,
    operation: &'static str,
) -> Query<'static> {
    Database::new(super::base(), system, name).command(operation)
}
