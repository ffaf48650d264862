//! Pools of deadpool: what they say of themselves, and which of their errors are time-outs.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, Pool, PoolError, RecycleError, RecycleResult, Timeouts};

use super::pools::{gauges, now, poll, samples};
use super::recorder;

/// Makes connections of nothing, while its database is there.
struct Nothing {
    is_there: AtomicBool,
}

impl Manager for Nothing {
    type Type = ();
    type Error = &'static str;

    async fn create(&self) -> Result<(), &'static str> {
        if self.is_there.load(Ordering::Relaxed) { Ok(()) } else { Err("no database") }
    }

    async fn recycle(&self, _: &mut (), _: &Metrics) -> RecycleResult<&'static str> {
        if self.is_there.load(Ordering::Relaxed) { Ok(()) } else { Err(RecycleError::Backend("gone")) }
    }
}

#[test]
fn a_pool_of_deadpool_tells_all_and_its_time_outs_are_time_outs() {
    let recorder = recorder();
    let pool: Pool<Nothing> =
        Pool::builder(Nothing { is_there: AtomicBool::new(true) }).max_size(2).build().unwrap();
    let pool = recorder.pool("orders", pool).unwrap();
    let gauges = || gauges(&recorder);
    assert_eq!(gauges(), [0.0, 0.0, 2.0, 0.0]);
    let (one, two) = (now(pool.get()).unwrap(), now(pool.get()).unwrap());
    assert_eq!(gauges(), [2.0, 0.0, 2.0, 0.0]);

    // One waits on, one gives up.
    let mut stays = pin!(pool.get());
    assert!(poll(stays.as_mut()).is_pending());
    {
        let mut goes = pin!(pool.get());
        assert!(poll(goes.as_mut()).is_pending());
        assert_eq!(gauges(), [2.0, 0.0, 2.0, 2.0]);
    }
    assert_eq!(gauges(), [2.0, 0.0, 2.0, 1.0]);
    // Not at all: needs no runtime.
    let at_once = Timeouts { wait: Some(Duration::ZERO), ..Timeouts::new() };
    assert!(matches!(now(pool.timeout_get(&at_once)), Err(PoolError::Timeout(_))));
    drop(one);
    let one = now(stays).unwrap();
    drop((one, two));
    assert_eq!(gauges(), [0.0, 2.0, 2.0, 0.0]);

    pool.pool().manager().is_there.store(false, Ordering::Relaxed);
    assert!(matches!(now(pool.get()), Err(PoolError::Backend("no database"))));
    pool.pool().close();
    assert!(matches!(now(pool.get()), Err(PoolError::Closed)));

    let counted = samples(&recorder);
    for expected in ["cancelled_total{@} 1", "errors_total{@} 2", "timeouts_total{@} 1", "seconds_count{@} 7"]
    {
        let expected = expected.replace('@', "pool=\"orders\"");
        assert!(counted.contains(&format!("{expected}\n")), "{expected}\n{counted}");
    }
}
