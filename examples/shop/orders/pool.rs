//! The connections to the database, and how much they are in demand.

use std::time::{Duration, Instant};

use obs::metrics::Declaration;
use sqlx::any::AnyPoolOptions;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Connection};

/// How many connections there are at most.
const CONNECTIONS: u32 = 8;

/// How long a request waits for one of them: what waits longer is better told so.
const WAIT: Duration = Duration::from_secs(2);

/// How often the gauges are set.
const PERIOD: Duration = Duration::from_millis(500);

const WAITED: &str = "db_pool_wait_duration_seconds";

/// What the pool tells, there from the first scrape.
pub(crate) fn families() -> [Declaration; 4] {
    let gauge = |name, help| Declaration::gauge(name).help(help).label_of("pool", ["orders"]);
    [
        gauge("db_pool_active_connections", "Connections in use."),
        gauge("db_pool_idle_connections", "Connections that wait for use."),
        gauge("db_pool_max_connections", "Connections there may be."),
        Declaration::histogram(WAITED)
            .help("Seconds until a connection was given, or until none was.")
            .unit("seconds")
            .label_of("pool", ["orders"])
            // From a connection that is at hand to one that is never given; the usual bounds, for requests, begin far above.
            .buckets([0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0]),
    ]
}

/// A pool that tells how long one waits for a connection. Clones share it.
#[derive(Clone)]
pub(crate) struct Pool(AnyPool);

impl Pool {
    pub(crate) async fn open(url: &str) -> Result<Self, sqlx::Error> {
        sqlx::any::install_default_drivers();
        // Of a database that is not there a pool says only that its time has run out; a single connection says why.
        AnyConnection::connect(url).await?.close().await?;
        let pool =
            AnyPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(WAIT).connect(url).await?;
        // A task of the service, and of no request.
        tokio::spawn(tell(pool.clone()));
        Ok(Self(pool))
    }

    /// A connection; how long it took is told, also where none was given in time.
    pub(crate) async fn acquire(&self) -> Result<PoolConnection<Any>, sqlx::Error> {
        let begun = Instant::now();
        let given = self.0.acquire().await;
        metrics::histogram!(WAITED, "pool" => "orders").record(begun.elapsed());
        given
    }

    pub(crate) async fn close(&self) {
        self.0.close().await;
    }
}

/// Sets the gauges as long as the pool is open. A connection goes back some time after its last use, so there is no
/// better moment than every moment.
async fn tell(pool: AnyPool) {
    let active = metrics::gauge!("db_pool_active_connections", "pool" => "orders");
    let idle = metrics::gauge!("db_pool_idle_connections", "pool" => "orders");
    metrics::gauge!("db_pool_max_connections", "pool" => "orders").set(CONNECTIONS);
    let mut period = tokio::time::interval(PERIOD);
    while !pool.is_closed() {
        period.tick().await;
        let (open, waiting) = (pool.size(), u32::try_from(pool.num_idle()).unwrap_or(u32::MAX));
        active.set(open.saturating_sub(waiting));
        idle.set(waiting);
    }
}
