//! Looks into caches: span, hits and misses, duration and error in one line.
//!
//! ```
//! # async fn get(_: &str) -> Result<Option<u32>, std::io::Error> { Ok(None) }
//! # async fn example() -> Result<(), std::io::Error> {
//! let user = obs::cache::get("redis", "user:42").run(get("user:42")).await?;
//! # drop(user);
//! # Ok(())
//! # }
//! ```
//!
//! These are of what is installed; [`Obs::cache`](crate::Obs::cache) gives a handle of one installation, to be kept.

use obs_core::observe::Target;

pub use obs_core::conventions::cache::{Cache, Found, Look, Told};

/// A look for `key` into the cache `name`, which may be that of a product, such as `redis`.
pub fn get<'k>(name: impl Into<Target>, key: &'k str) -> Look<'k> {
    Cache::new(super::base(), name).get(key)
}
