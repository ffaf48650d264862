//! Pools of bb8: what they say of themselves, and which of their errors are time-outs.

use std::pin::pin;
use std::time::Duration;

use bb8::{ManageConnection, Pool, RunError};

use super::pools::{gauges, poll, samples};
use super::recorder;

/// Makes connections of nothing.
struct Nothing;

impl ManageConnection for Nothing {
    type Connection = ();
    type Error = &'static str;

    async fn connect(&self) -> Result<(), &'static str> {
        Ok(())
    }

    async fn is_valid(&self, (): &mut ()) -> Result<(), &'static str> {
        Ok(())
    }

    fn has_broken(&self, (): &mut ()) -> bool {
        false
    }
}

#[tokio::test(start_paused = true)]
async fn a_pool_of_bb8_tells_all_and_gets_that_were_given_up_wait_no_more() {
    let recorder = recorder();
    let pool = Pool::builder().max_size(2).connection_timeout(Duration::from_secs(5)).build(Nothing).await;
    let pool = recorder.pool("orders", pool.unwrap()).unwrap();
    let gauges = || gauges(&recorder);
    assert_eq!(gauges(), [0.0, 0.0, 2.0, 0.0]);
    let (one, two) = (pool.get().await.unwrap(), pool.get_owned().await.unwrap());
    assert_eq!(gauges(), [2.0, 0.0, 2.0, 0.0]);

    // One waits on, one gives up.
    let mut stays = pin!(pool.get());
    assert!(poll(stays.as_mut()).is_pending());
    {
        let mut goes = pin!(pool.get());
        assert!(poll(goes.as_mut()).is_pending());
        assert_eq!(gauges(), [2.0, 0.0, 2.0, 2.0]);
    }
    assert_eq!(pool.pool().state().statistics.pending_gets(), 2, "bb8 has not heard of it");
    assert_eq!(gauges(), [2.0, 0.0, 2.0, 1.0]);
    drop(one);
    let one = stays.await.unwrap();
    // The clock moves by itself where everybody waits for it.
    assert!(matches!(pool.get().await, Err(RunError::TimedOut)));
    assert_eq!(gauges(), [2.0, 0.0, 2.0, 0.0]);
    drop((one, two));
    assert_eq!(gauges(), [0.0, 2.0, 2.0, 0.0]);

    let counted = samples(&recorder);
    for expected in ["cancelled_total{@} 1", "errors_total{@} 0", "timeouts_total{@} 1", "seconds_count{@} 5"]
    {
        let expected = expected.replace('@', "pool=\"orders\"");
        assert!(counted.contains(&format!("{expected}\n")), "{expected}\n{counted}");
    }
}
