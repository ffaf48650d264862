//! Handles of one installation.

use std::sync::Arc;

use obs_core::conventions::cache::Cache;
use obs_core::conventions::db::Database;
use obs_core::conventions::job::Job;
use obs_core::conventions::messaging::Destination;
use obs_core::observe::Target;

use crate::Obs;

impl Obs {
    /// The database `name` of a product such as `postgresql`: its queries are told of in one line each. To be kept; clones are
    /// cheap. See [`db`](crate::db).
    ///
    /// ```
    /// # async fn fetch(_: &str) -> Result<u32, std::io::Error> { Ok(7) }
    /// # async fn example(obs: &obs::Obs) -> Result<(), std::io::Error> {
    /// let orders = obs.db("postgresql", "orders").at("db.internal", None);
    /// let sql = "SELECT total FROM orders WHERE id = 7";
    /// let total = orders.query(sql).run(fetch(sql)).await?;
    /// # drop(total);
    /// # Ok(())
    /// # }
    /// ```
    pub fn db(&self, system: impl Into<Target>, name: impl Into<Target>) -> Database {
        Database::new(Some(Arc::clone(self.base())), system, name)
    }

    /// The cache `name`, which may be that of a product, such as `redis`. To be kept; clones are cheap. See
    /// [`cache`](crate::cache).
    pub fn cache(&self, name: impl Into<Target>) -> Cache {
        Cache::new(Some(Arc::clone(self.base())), name)
    }

    /// A topic or queue of a product such as `kafka`. To be kept; clones are cheap. See [`messaging`](crate::messaging).
    pub fn messaging(&self, system: impl Into<Target>, destination: impl Into<Target>) -> Destination {
        let destination = Destination::new(Some(Arc::clone(self.base())), system, destination);
        destination.surrounded(self.around.clone())
    }

    /// A run of the job `name`. See [`job`](crate::job).
    pub fn job(&self, name: impl Into<Target>) -> Job {
        Job::new(Some(Arc::clone(self.base())), name).surrounded(self.around.clone())
    }
}
