//! A check of health for what the metrics know of a pool.

use obs_health::Fill;
use obs_metrics::pools::{PoolStats, TimedPool};

/// A check that fails while too much of a pool is in use: more than 90 % by default, or the
/// [share](Fill::percent) that is chosen. A pool that does not know how many connections it may have always passes.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use obs::health::{Importance, Settings};
/// use obs::metrics::pools::Connections;
///
/// # let obs = obs::builder("orders").admin(obs::Admin::Off).build()?;
/// let pool = obs.recorder().pool("orders", || Connections::new(7, 1).max(8))?;
/// // Exhausted now and then it does its work; for three runs in a row there is something wrong.
/// let patient = Settings::new().importance(Importance::Degraded).failure_threshold(3);
/// obs.health().check_with("orders_pool", patient, obs::pool_fill(&pool).percent(95))?;
/// # Ok(())
/// # }
/// ```
///
/// The check has a clone of `pool`, which is told of for as long as there is the check.
pub fn pool_fill<P: PoolStats>(
    pool: &TimedPool<P>,
) -> Fill<impl Fn() -> (u64, u64) + Clone + Send + Sync + 'static> {
    let pool = pool.clone();
    Fill::new(move || {
        let connections = pool.pool().connections();
        connections.most().map_or((0, 0), |most| (connections.in_use(), most))
    })
}

#[cfg(test)]
mod tests {
    use obs_core::{Base, Resource};
    use obs_health::Check;
    use obs_metrics::Recorder;
    use obs_metrics::pools::Connections;

    use super::*;

    async fn error(connections: Connections) -> Option<String> {
        let recorder = Recorder::builder(Base::new(Resource::new("orders"))).build().unwrap();
        let pool = recorder.pool("orders", move || connections).unwrap();
        pool_fill(&pool).check().await.err().map(|error| error.as_str().to_owned())
    }

    #[tokio::test]
    async fn a_pool_is_full_by_what_is_in_use_and_not_by_what_is_idle() {
        assert_eq!(error(Connections::new(9, 1).max(10)).await, None);
        let told = error(Connections::new(10, 0).max(10)).await;
        assert_eq!(told.as_deref(), Some("10 of 10 are used, and at most 90 % may be"));
        assert_eq!(error(Connections::new(1_000, 0)).await, None, "nobody knows of how many");
    }
}
