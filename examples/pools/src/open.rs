//! The pools, as a service would open them: nothing is connected before the first acquire.

use std::error::Error;
use std::time::Duration;

use deadpool_postgres::Runtime;
use deadpool_postgres::tokio_postgres::{self, NoTls};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::bb8_redis::Redis;

/// How many connections each pool may have.
const CONNECTIONS: u8 = 4;

/// How long an acquire may wait.
const WAIT: Duration = Duration::from_secs(3);

pub(crate) fn sqlx(url: &str, name: &str) -> Result<sqlx::PgPool, sqlx::Error> {
    let options = PgPoolOptions::new().max_connections(CONNECTIONS.into()).acquire_timeout(WAIT);
    Ok(options.connect_lazy_with(url.parse::<PgConnectOptions>()?.application_name(name)))
}

pub(crate) fn deadpool_postgres(url: &str, name: &str) -> Result<deadpool_postgres::Pool, Box<dyn Error>> {
    let mut config: tokio_postgres::Config = url.parse()?;
    config.application_name(name);
    let manager = deadpool_postgres::Manager::new(config, NoTls);
    let builder = deadpool_postgres::Pool::builder(manager).max_size(CONNECTIONS.into());
    Ok(builder.wait_timeout(Some(WAIT)).runtime(Runtime::Tokio1).build()?)
}

pub(crate) fn deadpool_redis(url: &str) -> Result<deadpool_redis::Pool, Box<dyn Error>> {
    let builder = deadpool_redis::Config::from_url(url).builder()?.max_size(CONNECTIONS.into());
    Ok(builder.wait_timeout(Some(WAIT)).runtime(deadpool_redis::Runtime::Tokio1).build()?)
}

pub(crate) async fn bb8_redis(url: &str) -> Result<bb8::Pool<Redis>, Box<dyn Error>> {
    let builder = bb8::Pool::builder().max_size(CONNECTIONS.into()).connection_timeout(WAIT);
    Ok(builder.build(Redis::new(url)?).await?)
}
