//! Connections to a Redis for bb8, which brings none.

use bb8::ManageConnection;
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{Client, RedisError, cmd};

#[derive(Debug)]
pub(crate) struct Redis(Client);

impl Redis {
    pub(crate) fn new(url: &str) -> Result<Self, RedisError> {
        Client::open(url).map(Self)
    }
}

impl ManageConnection for Redis {
    type Connection = MultiplexedConnection;
    type Error = RedisError;

    async fn connect(&self) -> Result<MultiplexedConnection, RedisError> {
        self.0.get_multiplexed_async_connection().await
    }

    async fn is_valid(&self, connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
        cmd("PING").query_async(connection).await
    }

    fn has_broken(&self, _: &mut MultiplexedConnection) -> bool {
        false
    }
}
