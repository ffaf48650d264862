//! Queries of sqlx through `obs::sqlx`, on a SQLite in memory: what is told of them, and that nothing else about them is another.

use obs::testing::{FinishedSpan, FinishedStatus, Scalar, Testing};
use obs::traces::Kind;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{Executor, Row, Sqlite};

type Pool = obs::sqlx::Pool<Sqlite>;

/// A database of its own with one table, all on one connection.
async fn open(obs: &Testing) -> Pool {
    let pool =
        SqlitePoolOptions::new().max_connections(1).acquire_timeout(std::time::Duration::from_millis(50));
    let pool = pool.connect("sqlite::memory:").await.unwrap();
    let table =
        "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, cents INTEGER NOT NULL)";
    pool.execute(table).await.unwrap();
    Pool::new(obs.db("sqlite", "shop"), pool)
}

fn attribute(span: &FinishedSpan, name: &str) -> Option<String> {
    let found = span.attributes.iter().find(|(key, _)| *key == name);
    found.map(|(_, value)| match value {
        Scalar::Str(text) => text.clone(),
        Scalar::I64(number) => number.to_string(),
        other => format!("{other:?}"),
    })
}

/// `name status rows` of each query so far, in the order in which they ended.
#[track_caller]
fn told(obs: &Testing, expected: &[&str]) {
    let spans = obs.spans();
    let queries = spans.iter().filter(|span| span.kind == Kind::Client);
    let seen: Vec<_> = queries
        .map(|span| {
            let told = [
                Some(span.name.to_string()),
                attribute(span, "error.type"),
                attribute(span, "db.response.returned_rows"),
            ];
            told.into_iter().flatten().collect::<Vec<_>>().join(" ")
        })
        .collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn every_way_to_ask_is_one_query_with_its_rows() {
    let obs = obs::testing::start("shop");
    let pool = open(&obs).await;
    let insert = "INSERT INTO items (name, cents) VALUES ($1, $2)";
    for (name, cents) in [("pot", 7), ("cup", 5)] {
        let done = sqlx::query(insert).bind(name).bind(cents).execute(&pool).await.unwrap();
        assert_eq!(done.rows_affected(), 1);
    }
    let all = sqlx::query("SELECT name FROM items ORDER BY id").fetch_all(&pool).await.unwrap();
    assert_eq!(all.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>(), ["pot", "cup"]);
    let cents: i64 =
        sqlx::query_scalar("SELECT cents FROM items WHERE name = 'cup'").fetch_one(&pool).await.unwrap();
    assert_eq!(cents, 5);
    let none: Option<(i64,)> =
        sqlx::query_as("SELECT cents FROM items WHERE id = 9").fetch_optional(&pool).await.unwrap();
    assert_eq!(none, None);
    let missing = sqlx::query("SELECT cents FROM items WHERE id = 9").fetch_one(&pool).await;
    assert!(matches!(missing, Err(sqlx::Error::RowNotFound)));
    let mut connection = pool.acquire().await.unwrap();
    sqlx::raw_sql("DELETE FROM items").execute(&mut *connection).await.unwrap();
    drop(connection);
    told(
        &obs,
        &[
            "INSERT items",
            "INSERT items",
            "SELECT items 2",
            "SELECT items 1",
            "SELECT items 0",
            "SELECT items 0",
            "DELETE items",
        ],
    );
    let labels =
        [("system", "sqlite"), ("database", "shop"), ("operation", "SELECT"), ("collection", "items")];
    assert_eq!(
        obs.value("db_client_operations_total", &[&labels[..], &[("result", "success")]].concat()),
        Some(4.0)
    );
    let spans = obs.spans();
    let text = attribute(&spans[3], "db.query.text");
    assert_eq!(text.as_deref(), Some("SELECT cents FROM items WHERE name = ?"));
    assert!(!format!("{spans:?}").contains("cup"), "neither bound values nor literals are told");
}

#[tokio::test]
async fn a_query_is_a_part_of_what_is_open_and_one_that_is_refused_is_an_error() {
    let obs = obs::testing::start("shop");
    let pool = open(&obs).await;
    let insert = "INSERT INTO items (id, name, cents) VALUES (1, 'pot', 7)";
    obs.run(async {
        let span = tracing::info_span!("restock");
        let work = async {
            sqlx::query(insert).execute(&pool).await.unwrap();
            sqlx::query(insert).execute(&pool).await.unwrap_err()
        };
        let refused = tracing::Instrument::instrument(work, span).await;
        assert!(refused.as_database_error().is_some_and(|error| error.is_unique_violation()));
    })
    .await;
    assert_eq!(obs.tree("restock").to_string(), "restock\n  INSERT items\n  INSERT items\n");
    told(&obs, &["INSERT items", "INSERT items unique_violation"]);
    let failed = obs.spans().into_iter().find(|span| attribute(span, "error.type").is_some()).unwrap();
    assert_eq!(attribute(&failed, "db.response.status_code").as_deref(), Some("1555"));
    assert!(
        matches!(&failed.status, FinishedStatus::Error(text) if text.contains("UNIQUE constraint failed"))
    );
    let kind = [("operation", "INSERT"), ("kind", "unique_violation")];
    assert_eq!(obs.value("db_client_operation_errors_total", &kind), Some(1.0));
}

#[tokio::test]
async fn a_transaction_is_told_from_its_beginning_to_its_end() {
    let obs = obs::testing::start("shop");
    let pool = open(&obs).await;
    let insert = "INSERT INTO items (name, cents) VALUES ('pot', 7)";
    for is_kept in [false, true] {
        let mut transaction = pool.begin().await.unwrap();
        sqlx::query(insert).execute(&mut *transaction).await.unwrap();
        if is_kept { transaction.commit().await.unwrap() } else { transaction.rollback().await.unwrap() }
    }
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM items").fetch_one(&pool).await.unwrap();
    assert_eq!(count, 1);
    told(
        &obs,
        &[
            "BEGIN shop",
            "INSERT items",
            "ROLLBACK shop",
            "BEGIN shop",
            "INSERT items",
            "COMMIT shop",
            "SELECT items 1",
        ],
    );
}

#[tokio::test]
async fn a_pool_that_is_exhausted_is_a_failed_query_and_what_is_never_polled_is_none() {
    let obs = obs::testing::start("shop");
    let pool = open(&obs).await;
    let held = pool.acquire().await.unwrap();
    let waited = sqlx::query("SELECT id FROM items").fetch_all(&pool).await;
    assert!(matches!(waited, Err(sqlx::Error::PoolTimedOut)));
    drop(held);
    told(&obs, &["SELECT items pool_timed_out"]);
    let outcome = |at: usize| attribute(&obs.spans()[at], "obs.outcome").unwrap();
    assert_eq!(outcome(0), "timed_out");
    drop(sqlx::query("SELECT id FROM items").fetch(&pool));
    assert_eq!(obs.spans().len(), 1, "what was never polled was never asked");
}
