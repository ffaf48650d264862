//! Queries and commands of databases.
//!
//! ```
//! use obs_core::conventions::db::Database;
//! use obs_core::{Base, Resource};
//!
//! # async fn fetch(_: &str) -> Result<u32, std::io::Error> { Ok(7) }
//! # async fn example() -> Result<(), std::io::Error> {
//! let orders = Database::new(Some(Base::new(Resource::new("shop"))), "postgresql", "orders");
//! let sql = "SELECT total FROM orders WHERE id = 7";
//! let total = orders.query(sql).run(fetch(sql)).await?; // `SELECT orders`, told as `SELECT total FROM orders WHERE id = ?`
//! # drop(total);
//! # Ok(())
//! # }
//! ```
//!
//! The span is named by the query's first word and its table, and has the query with `?` in the place of all data. A table that
//! is not the only one of its query is neither in `db.collection.name` nor in the label `collection`. What a query says of
//! itself is kept for each thread, so that the same text is parsed once.

mod known;

use std::fmt::{self, Display};
use std::sync::Arc;

use super::Text;
use super::sql::{self, Dialect};
use crate::Base;
use crate::keys::{attribute, metric};
use crate::observe::work::{Attributes, Describe, Failure, Judged, Opened};
use crate::observe::{Collection, Measures, OperationKind, Target};
use known::Known;

/// A database that is asked: what its queries have in common. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database {
    base: Option<Arc<Base>>,
    place: Place,
}

/// Which database, and where it is.
#[derive(Clone, Debug)]
struct Place {
    system: Target,
    name: Target,
    server: Option<(Arc<str>, Option<u16>)>,
}

impl Database {
    /// The database `name` of a product, by the name the conventions have for it, such as `postgresql`, `mysql`, `sqlite` or
    /// `redis`. Without a base its queries are only run.
    pub fn new(base: Option<Arc<Base>>, system: impl Into<Target>, name: impl Into<Target>) -> Self {
        Self { base, place: Place { system: system.into(), name: name.into(), server: None } }
    }

    /// Where it is: `server.address` and `server.port`. The port may be left out where it is the product's own.
    #[must_use]
    pub fn at(mut self, address: &str, port: Option<u16>) -> Self {
        self.place.server = Some((address.into(), port));
        self
    }

    /// A query in SQL.
    pub fn query<'q>(&self, sql: &'q str) -> Query<'q> {
        let dialect = Dialect::of(self.place.system.as_str());
        Query::of(self, sql, dialect, Known::of(sql, dialect))
    }

    /// A command in words of the product's own, such as `GET`.
    pub fn command(&self, operation: &'static str) -> Query<'static> {
        let known = Known { operation, collection: Collection::NONE, is_joined: false };
        Query::of(self, "", Dialect::STANDARD, known)
    }
}

/// One query or command, before it is run.
#[derive(Debug)]
#[must_use = "it is told of when it is run"]
pub struct Query<'q> {
    base: Option<Arc<Base>>,
    told: Told<'q>,
}

/// What is told of a query. Handed to whoever judges its answer.
#[derive(Debug)]
pub struct Told<'q> {
    place: Place,
    sql: &'q str,
    dialect: Dialect,
    known: Known,
    batch: Option<usize>,
    rows: Option<u64>,
    code: Text<16>,
    // Made where it is recorded.
    text: String,
    summary: String,
}

impl<'q> Query<'q> {
    fn of(database: &Database, sql: &'q str, dialect: Dialect, known: Known) -> Self {
        let told = Told {
            place: database.place.clone(),
            sql,
            dialect,
            known,
            batch: None,
            rows: None,
            code: Text::default(),
            text: String::new(),
            summary: String::new(),
        };
        Self { base: database.base.clone(), told }
    }

    /// The table, or what else holds the data, where the query does not say it. Takes a lock.
    pub fn collection(mut self, name: &str) -> Self {
        self.told.known.collection = Collection::new(name);
        self.told.known.is_joined = false;
        self
    }

    /// How many operations are sent as one.
    pub fn batch(mut self, operations: usize) -> Self {
        self.told.batch = Some(operations);
        self
    }

    /// Runs it. An error is called by the path of its type.
    ///
    /// # Errors
    /// Those of `future`, as they are.
    ///
    /// # Cancel safety
    /// As `future` itself; a drop is told as cancelled.
    pub async fn run<T, E: Display>(self, future: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        self.open().run(future, |answer, _| Judged::of(answer)).await
    }

    /// As [`Query::run`], with errors called as `kind` says: one of few different names, such as `unique_violation`.
    ///
    /// # Errors
    /// Those of `future`, as they are.
    pub async fn run_as<T, E: Display, F: Into<Failure>>(
        self,
        future: impl Future<Output = Result<T, E>>,
        kind: impl FnOnce(&E) -> F,
    ) -> Result<T, E> {
        self.open().run(future, |answer, _| Judged::by(answer, kind)).await
    }

    /// Begins it, for whoever runs and judges it in a way of their own.
    pub fn open(self) -> Opened<Told<'q>> {
        Opened::here(self.base.as_ref(), self.told)
    }
}

impl Told<'_> {
    /// How many rows came back.
    pub fn rows(&mut self, rows: u64) {
        self.rows = Some(rows);
    }

    /// The database's own code for how it ended, such as a SQLSTATE; at most 16 bytes.
    pub fn code(&mut self, code: &str) {
        self.code = Text::new(code);
    }

    /// The one table.
    fn collection(&self) -> &'static str {
        if self.known.is_joined { "" } else { self.known.collection.as_str() }
    }
}

impl Describe for Told<'_> {
    fn kind(&self) -> OperationKind {
        OperationKind::Client
    }

    fn name(&self) -> (&str, Option<&str>) {
        let Known { operation, collection, .. } = self.known;
        let target =
            if collection == Collection::NONE { self.place.name.as_str() } else { collection.as_str() };
        let first = if operation.is_empty() { self.place.system.as_str() } else { operation };
        (first, Some(target).filter(|target| !target.is_empty()))
    }

    fn measures(&self) -> Option<&'static Measures> {
        Some(&metric::DB_CLIENT)
    }

    fn labels(&self) -> impl AsRef<[&'static str]> {
        [self.place.system.as_str(), self.place.name.as_str(), self.known.operation, self.collection()]
    }

    fn prepare(&mut self) {
        if !self.sql.is_empty() {
            self.text = sql::sanitized(self.sql, self.dialect);
            let Known { operation, collection, .. } = self.known;
            let parts = [operation, collection.as_str()];
            self.summary = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        }
    }

    fn attributes<'a>(&'a self, list: &mut Attributes<'a>) {
        list.text(attribute::DB_SYSTEM_NAME, self.place.system.as_str());
        list.text(attribute::DB_NAMESPACE, self.place.name.as_str());
        list.text(attribute::DB_OPERATION_NAME, self.known.operation);
        list.text(attribute::DB_COLLECTION_NAME, self.collection());
        list.text(attribute::DB_QUERY_SUMMARY, &self.summary);
        list.text(attribute::DB_QUERY_TEXT, &self.text);
        // A batch of one is no batch.
        if let Some(batch) = self.batch.filter(|batch| *batch != 1) {
            list.number(attribute::DB_OPERATION_BATCH_SIZE, i64::try_from(batch).unwrap_or(i64::MAX));
        }
        if let Some(rows) = self.rows {
            list.number(attribute::DB_RESPONSE_RETURNED_ROWS, i64::try_from(rows).unwrap_or(i64::MAX));
        }
        list.text(attribute::DB_RESPONSE_STATUS_CODE, self.code.as_str());
        if let Some((address, port)) = &self.place.server {
            list.text(attribute::SERVER_ADDRESS, address);
            if let Some(port) = port {
                list.number(attribute::SERVER_PORT, i64::from(*port));
            }
        }
    }
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = self.name();
        match second {
            Some(second) => write!(f, "{first} {second}"),
            None => f.write_str(first),
        }
    }
}
