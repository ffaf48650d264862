//! Checks of what a connection of the crate redis reaches.

use std::fmt;

use redis::Client;
use redis::aio::ConnectionLike;

use crate::check::Check;
use crate::error::CheckError;

/// Passes where Redis answers `PING` on a connection that the service uses anyway. It has to find back by itself where Redis
/// went away, as a `ConnectionManager` does; where there is none, there is [`Connect`].
///
/// ```
/// # async fn check<M>(health: obs_health::Health, manager: M) -> Result<(), obs_health::RegisterError>
/// # where M: redis::aio::ConnectionLike + Clone + Send + Sync + 'static {
/// health.check("redis", obs_health::redis::Ping::new(manager.clone()))?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Ping<C>(C);

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Ping<C> {
    /// On clones of this connection.
    pub const fn new(connection: C) -> Self {
        Self(connection)
    }
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Check for Ping<C> {
    async fn check(&self) -> Result<(), CheckError> {
        ping(&mut self.0.clone()).await
    }
}

/// Passes where Redis takes a connection and answers `PING` on it: one for each run, which is closed again.
///
/// ```
/// # async fn check(health: obs_health::Health) -> Result<(), Box<dyn std::error::Error>> {
/// let client = redis::Client::open("redis://cache:6379")?;
/// health.check("redis", obs_health::redis::Connect::new(client))?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Connect(Client);

impl Connect {
    /// To where this client connects to, as the user and to the database that it was given.
    pub const fn new(client: Client) -> Self {
        Self(client)
    }
}

impl Check for Connect {
    async fn check(&self) -> Result<(), CheckError> {
        let opened = self.0.get_multiplexed_async_connection().await;
        let failed = |error| CheckError::new(format_args!("no connection: {}", CheckError::of(&error)));
        ping(&mut opened.map_err(failed)?).await
    }
}

async fn ping(connection: &mut (impl ConnectionLike + Send)) -> Result<(), CheckError> {
    let answer: Result<String, _> = redis::cmd("PING").query_async(connection).await;
    match answer {
        Ok(answer) if answer == "PONG" => Ok(()),
        Ok(answer) => Err(CheckError::new(format_args!("PING is answered with `{answer}`"))),
        Err(error) => Err(CheckError::new(format_args!("no answer: {}", CheckError::of(&error)))),
    }
}

impl<C> fmt::Debug for Ping<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ping").finish_non_exhaustive()
    }
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The client's own has the password.
        f.debug_struct("Connect").finish_non_exhaustive()
    }
}
