//! What a pool says on `/metrics`, and what its server says.

use super::super::eventually::eventually;
use super::CONNECTIONS;
use super::seen::{POOLS, Pool, Seen};
use crate::Result;
use crate::exposition::{Scrape, label};
use crate::service::TEXT;

/// The numbers of one pool at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Numbers {
    pub(super) active: u64,
    pub(super) idle: u64,
    pub(super) waiters: u64,
    pub(super) acquires: u64,
    pub(super) timeouts: u64,
    pub(super) errors: u64,
    pub(super) cancelled: u64,
}

impl Numbers {
    pub(super) const ZERO: Self =
        Self { active: 0, idle: 0, waiters: 0, acquires: 0, timeouts: 0, errors: 0, cancelled: 0 };
}

/// Whether the pools are still in use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Has {
    Pools,
    Nothing,
}

/// That every pool comes to these numbers, and its server to as many connections. The numbers of connections are of no pool
/// that is done with; counts stay.
pub(super) fn are(seen: &Seen<'_>, has: Has, expected: Numbers) -> Result<String> {
    eventually(|| {
        let scrape = seen.pools.scrape(TEXT)?;
        for pool in POOLS {
            let told = told(&scrape, pool, has).map_err(|error| format!("{}: {error}", pool.name))?;
            let own = Numbers { waiters: if pool.counts_waiters { expected.waiters } else { 0 }, ..expected };
            let own = match has {
                Has::Pools => own,
                Has::Nothing => Numbers { active: 0, idle: 0, waiters: 0, ..own },
            };
            if told != own {
                return Err(format!("{}: {told:?}, not {own:?}", pool.name));
            }
            let connected = seen.connected(pool)?;
            if connected != told.active + told.idle {
                return Err(format!("{}: the server has {connected} connections, not {told:?}", pool.name));
            }
        }
        let Numbers { active, idle, acquires, timeouts, .. } = expected;
        Ok(format!(
            "{active} active, {idle} idle, {acquires} acquires, {timeouts} time-outs, each of 4 pools"
        ))
    })
}

fn told(scrape: &Scrape, pool: Pool, has: Has) -> Result<Numbers> {
    let found = |name: &str| {
        let own = scrape.named(name).filter(|sample| label(&sample.labels, "pool") == pool.name);
        own.map(|sample| sample.value as u64).collect::<Vec<_>>()
    };
    let of = |name: &str| match found(name)[..] {
        [value] => Ok(value),
        ref other => Err(format!("{name} should be one series: {other:?}")),
    };
    let gauge = |name: &str, is_known: bool| match found(name)[..] {
        [value] if is_known && has == Has::Pools => Ok(value),
        [] if !is_known || has == Has::Nothing => Ok(0),
        ref other => Err(format!("{name} is {other:?}")),
    };
    let max = gauge("db_pool_connections_max", true)?;
    if has == Has::Pools && max != CONNECTIONS {
        return Err(format!("{max} connections at most, not {CONNECTIONS}"));
    }
    Ok(Numbers {
        active: gauge("db_pool_connections_active", true)?,
        idle: gauge("db_pool_connections_idle", true)?,
        waiters: gauge("db_pool_waiters", pool.counts_waiters)?,
        acquires: of("db_pool_wait_duration_seconds_count")?,
        timeouts: of("db_pool_timeouts_total")?,
        errors: of("db_pool_errors_total")?,
        cancelled: of("db_pool_cancelled_total")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_that_is_missing_or_too_many_is_told() {
        let [sqlx, deadpool, ..] = POOLS;
        let text = |pool: Pool, waiters: &str| {
            let samples = [
                "connections_max{@} 4",
                "connections_active{@} 3",
                "connections_idle{@} 1",
                "wait_duration_seconds_count{@} 9",
                "timeouts_total{@} 2",
                "errors_total{@} 0",
                "cancelled_total{@} 1",
                waiters,
            ];
            let lines = samples.iter().filter(|sample| !sample.is_empty());
            let text: String = lines.map(|sample| format!("db_pool_{sample}\n")).collect();
            Scrape::parse(&text.replace('@', &format!("pool=\"{}\"", pool.name))).unwrap()
        };
        let numbers = Numbers { active: 3, idle: 1, acquires: 9, timeouts: 2, cancelled: 1, ..Numbers::ZERO };
        assert_eq!(told(&text(sqlx, ""), sqlx, Has::Pools), Ok(numbers));
        assert!(told(&text(sqlx, "waiters{@} 5"), sqlx, Has::Pools).is_err());
        let with_waiters = Numbers { waiters: 5, ..numbers };
        assert_eq!(told(&text(deadpool, "waiters{@} 5"), deadpool, Has::Pools), Ok(with_waiters));
        assert!(told(&text(deadpool, ""), deadpool, Has::Pools).is_err());
        assert!(told(&text(deadpool, ""), sqlx, Has::Pools).is_err());
        assert!(told(&text(sqlx, ""), sqlx, Has::Nothing).is_err());
    }
}
