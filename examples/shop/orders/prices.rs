//! What things cost: out of a cache, which is a Redis where `REDIS_URL` says so and this process's own otherwise.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use obs::cache::Cache;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, Client, RedisError};

/// What one piece of anything costs.
const PRICE_CENTS: u64 = 1_250;

/// How long a price is kept, in seconds.
const KEPT: u64 = 60;

/// How many prices are kept in the process; beyond that none is added.
const MOST: usize = 1_000;

/// How long Redis may take: an order does not wait for a cache.
const WAIT: Duration = Duration::from_millis(500);

/// All prices. Clones share the cache.
#[derive(Clone)]
pub(crate) enum Prices {
    /// A connection whose commands are spans and numbers, and its looks hits and misses.
    Redis(obs::redis::Connection<ConnectionManager>),
    Process {
        looks: Cache,
        kept: Arc<Mutex<HashMap<String, u64>>>,
    },
}

impl Prices {
    /// Keeps prices in the Redis at `url`, or without one in the process.
    pub(crate) async fn open(obs: &obs::Obs, url: &str) -> Result<Self, RedisError> {
        let looks = obs.cache("prices");
        if url.is_empty() {
            return Ok(Self::Process { looks, kept: Arc::default() });
        }
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(WAIT))
            .set_response_timeout(Some(WAIT))
            .set_number_of_retries(1);
        let connection = ConnectionManager::new_with_config(Client::open(url)?, config).await?;
        Ok(Self::Redis(obs::redis::Connection::new(obs.db("redis", "prices"), connection).cache(looks)))
    }

    /// What one piece costs, in cents. A cache that cannot be asked is gone without.
    pub(crate) async fn of(&self, item: &str) -> u64 {
        let key = format!("price:{item}");
        match self {
            Self::Redis(connection) => {
                let found = asked(connection.clone(), &key).await;
                found.unwrap_or_else(|error| {
                    tracing::warn!(error = &error as &dyn Error, "the cache cannot be asked");
                    PRICE_CENTS
                })
            }
            Self::Process { looks, kept } => {
                let lock = || kept.lock().unwrap_or_else(PoisonError::into_inner);
                let found = looks.get(&key).run(async { lock().get(&key).copied() }).await;
                found.unwrap_or_else(|| {
                    let mut kept = lock();
                    if kept.len() < MOST {
                        kept.insert(key.clone(), PRICE_CENTS);
                    }
                    PRICE_CENTS
                })
            }
        }
    }
}

async fn asked(
    mut connection: obs::redis::Connection<ConnectionManager>,
    key: &str,
) -> Result<u64, RedisError> {
    if let Some(price) = connection.get(key).await? {
        return Ok(price);
    }
    let () = connection.set_ex(key, PRICE_CENTS, KEPT).await?;
    Ok(PRICE_CENTS)
}
