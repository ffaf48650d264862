//! Commands to Redis: a span, counts and a duration for each, with no change where they are made.
//!
//! [`Connection`] stands in the place of a `MultiplexedConnection`, a `ConnectionManager` or any other connection of the crate
//! `redis`: its commands, pipelines and `AsyncCommands` take it as they take the others.
//!
//! ```no_run
//! use obs_core::conventions::{cache::Cache, db::Database};
//! use obs_middleware::client::redis::Connection;
//! use redis::AsyncCommands;
//!
//! # async fn example<C>(base: std::sync::Arc<obs_core::Base>, connection: C) -> redis::RedisResult<()>
//! # where C: redis::aio::ConnectionLike + Send + Sync {
//! let base = Some(base);
//! // The line that changes; `obs.db("redis", "sessions")` is the same `Database`, `obs.cache("prices")` the same `Cache`.
//! let connection = Connection::new(Database::new(base.clone(), "redis", "sessions"), connection);
//! // Where it is a cache, its looks are told as hits and misses.
//! let mut connection = connection.cache(Cache::new(base, "prices"));
//!
//! let price: Option<u64> = connection.get("price:17").await?; // `GET prices`, with `cache.hit` and `price:?`
//! let () = connection.set_ex("price:17", 1_250, 60).await?; // `SETEX sessions`
//! # drop(price);
//! # Ok(())
//! # }
//! ```
//!
//! # What is told
//! Each command is a CLIENT span by its name and the database's, with `db.system.name`, and is counted in
//! `db_client_operations_total` and its kin; a pipeline is one, called `PIPELINE`, or `MULTI` where it is a transaction, with the number
//! of its commands. With a [cache](Connection::cache), `GET`, `GETEX` and `HGET` are looks instead: counted as hits and misses in
//! `cache_requests_total` and its kin, with the key's pattern. An error is called `connect`, `timeout`, `reset`, `io`, `server` for what
//! Redis refuses, with its code, such as `WRONGTYPE`, as `db.response.status_code`, `auth`, `protocol`, or `_OTHER`.
//!
//! # What is not
//! - Keys, values and other arguments are never told, but for the pattern of a key that is looked for.
//! - `MGET` and looks within pipelines say of several keys at once, and are commands as all others.
//! - A command that is not one of Redis' own, as of a module, has no name.
//! - Subscriptions, monitors and what goes to the connection inside are not told of.
//! - That an answer is not of the type that was asked for is found out later, by the crate, and is no failure of the command.

mod commands;
mod connection;
mod fault;

pub use connection::Connection;
