//! The orders in the database, on SQLite as on Postgres.

use obs::metrics::Declaration;
use obs::metrics::typed::{Counters, Labels};
use serde::{Deserialize, Serialize};

use crate::pool::Pool;

/// Readers do not wait for the writer so. The mode stays with the file, and waiting for locks is sqlx's default.
const SQLITE_WAL: &str = "PRAGMA journal_mode = WAL";

// The one thing that the two engines do not say in the same way: an id that the database chooses.
const SQLITE_SCHEMA: &str = "CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY AUTOINCREMENT, \
    customer TEXT NOT NULL, item TEXT NOT NULL, quantity BIGINT NOT NULL, state TEXT NOT NULL)";
const POSTGRES_SCHEMA: &str = "CREATE TABLE IF NOT EXISTS orders (id BIGSERIAL PRIMARY KEY, \
    customer TEXT NOT NULL, item TEXT NOT NULL, quantity BIGINT NOT NULL, state TEXT NOT NULL)";

const INSERT: &str =
    "INSERT INTO orders (customer, item, quantity, state) VALUES ($1, $2, $3, 'placed') RETURNING id";

/// What a customer asks for.
#[derive(Debug, Deserialize)]
pub(crate) struct NewOrder {
    pub(crate) user: String,
    pub(crate) item: String,
    pub(crate) quantity: u32,
}

/// An order that was placed.
#[derive(Debug, Serialize)]
pub(crate) struct Order {
    id: i64,
    user: String,
    item: String,
    quantity: i64,
    state: String,
}

/// Orders that were kept.
pub(crate) const CREATED: &str = "app_order_created_total";

/// All orders. Clones share the connections.
#[derive(Clone)]
pub(crate) struct Store {
    pool: Pool,
    created: Counters<Created>,
}

impl Store {
    /// Keeps orders in the database behind `pool`; makes the table unless it is there.
    pub(crate) async fn open(pool: Pool, url: &str, created: Counters<Created>) -> Result<Self, sqlx::Error> {
        // Of no request: past what tells of queries.
        let inner = pool.inner();
        if url.starts_with("sqlite:") {
            sqlx::query(SQLITE_WAL).execute(inner).await?;
            sqlx::query(SQLITE_SCHEMA).execute(inner).await?;
        } else {
            sqlx::query(POSTGRES_SCHEMA).execute(inner).await?;
        }
        Ok(Self { pool, created })
    }

    /// Keeps a new order, counts it, and gives its id.
    #[tracing::instrument(skip_all)]
    pub(crate) async fn insert(&self, order: NewOrder) -> Result<i64, sqlx::Error> {
        let insert =
            sqlx::query_scalar(INSERT).bind(order.user).bind(order.item).bind(i64::from(order.quantity));
        let id = insert.fetch_one(&self.pool).await?;
        self.created.of(Created { service: Counted::Payment }).increment(1);
        Ok(id)
    }

    /// Notes what became of an order.
    #[tracing::instrument(skip(self))]
    pub(crate) async fn set_state(&self, id: i64, state: &'static str) -> Result<(), sqlx::Error> {
        let update = sqlx::query("UPDATE orders SET state = $1 WHERE id = $2").bind(state).bind(id);
        update.execute(&self.pool).await.map(drop)
    }

    /// The order with this id, if there is one.
    #[tracing::instrument(skip(self))]
    pub(crate) async fn find(&self, id: i64) -> Result<Option<Order>, sqlx::Error> {
        let select =
            sqlx::query_as("SELECT customer, item, quantity, state FROM orders WHERE id = $1").bind(id);
        let found = select.fetch_optional(&self.pool).await?;
        Ok(found.map(|(user, item, quantity, state)| Order { id, user, item, quantity, state }))
    }

    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<(), sqlx::Error> {
        sqlx::query("SELECT 1").execute(self.pool.inner()).await.map(drop)
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

obs::metrics::labels! {
    /// What orders are counted by. The label is what rules and boards of this shop ask for: an order counts for the payment it
    /// makes.
    pub(crate) enum Counted { Payment = "payment" }

    /// The labels of an order that was created.
    pub(crate) struct Created { service: Counted }
}

/// What is counted here. It is there from the first scrape: a rate needs the zero before the first order.
pub(crate) fn created_family() -> Declaration {
    Created::declare(Declaration::counter(CREATED).help("Total number of orders created"))
}
