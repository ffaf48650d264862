//! What the checks look at: the service with its pools, and the servers that know who is connected.

use super::super::postgres::Postgres;
use super::super::redis::Redis;
use super::super::rotel::Rotel;
use crate::Result;
use crate::http::Connection;
use crate::service::Service;

/// A pool, as the service calls it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pool {
    pub(super) name: &'static str,
    server: Server,
    pub(super) counts_waiters: bool,
}

/// Which server it is connected to, and what is its own there.
#[derive(Clone, Copy, Debug)]
enum Server {
    /// By `application_name`.
    Postgres,
    /// By the number of the database.
    Redis(u8),
}

/// All of them. sqlx does not know its waiters.
pub(super) const POOLS: [Pool; 4] = [
    Pool { name: "sqlx", server: Server::Postgres, counts_waiters: false },
    Pool { name: "deadpool-postgres", server: Server::Postgres, counts_waiters: true },
    Pool { name: "deadpool-redis", server: Server::Redis(1), counts_waiters: true },
    Pool { name: "bb8-redis", server: Server::Redis(2), counts_waiters: true },
];

pub(super) struct Seen<'a> {
    pub(super) pools: Service,
    pub(super) postgres: Postgres,
    pub(super) database: String,
    pub(super) redis: Redis<'a>,
    pub(super) rotel: Rotel,
}

impl Seen<'_> {
    /// Has every pool do these things, one after the other.
    pub(super) fn ask(&self, things: &[&str]) -> Result {
        for pool in POOLS {
            for thing in things {
                let target = format!("/{}/{thing}", pool.name);
                let failed = |error| format!("POST {target}: {error}");
                let mut connection = Connection::open(self.pools.service).map_err(failed)?;
                let answer = connection.send("POST", &target, &[("Content-Length", "0")]).map_err(failed)?;
                if answer.status != 200 {
                    return Err(format!("POST {target}: {}: {}", answer.status, answer.text().trim()));
                }
            }
        }
        Ok(())
    }

    /// How many connections of the pool its server has.
    pub(super) fn connected(&self, pool: Pool) -> Result<u64> {
        let count = match pool.server {
            Server::Postgres => {
                let query =
                    format!("SELECT pid FROM pg_stat_activity WHERE application_name = '{}'", pool.name);
                self.postgres.rows(&self.database, &query)?.len()
            }
            Server::Redis(database) => self.redis.clients_of(database)?,
        };
        Ok(count as u64)
    }
}
