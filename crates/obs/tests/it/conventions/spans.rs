//! What is told of each, compared whole.

use obs::testing::FinishedStatus;
use obs::traces::Kind;

use super::{Refused, check, counted};

#[tokio::test]
async fn a_query_is_told_without_its_data_and_counted_by_operation_and_table() {
    let obs = obs::testing::start("shop");
    let orders = obs.db("postgresql", "orders").at("db.test", Some(6432));
    let sql = "SELECT total FROM shop.orders WHERE card = '4111 1111' AND id = 7";
    assert_eq!(orders.query(sql).run(async { Ok::<_, Refused>(7) }).await.unwrap(), 7);
    let span = obs.span("SELECT shop.orders");
    assert_eq!((span.kind, &span.status), (Kind::Client, &FinishedStatus::Unset));
    check(
        &span,
        &[
            ("db.system.name", "postgresql"),
            ("db.namespace", "orders"),
            ("db.operation.name", "SELECT"),
            ("db.collection.name", "shop.orders"),
            ("db.query.summary", "SELECT shop.orders"),
            ("db.query.text", "SELECT total FROM shop.orders WHERE card = ? AND id = ?"),
            ("server.address", "db.test"),
            ("server.port", "6432"),
            ("obs.outcome", "success"),
        ],
    );
    let labels = [
        ("system", "postgresql"),
        ("database", "orders"),
        ("operation", "SELECT"),
        ("collection", "shop.orders"),
    ];
    counted(&obs, "db_client_operations_total", &[&labels[..], &[("result", "success")]].concat(), 1.0);
    counted(&obs, "db_client_operation_duration_seconds_count", &labels, 1.0);
    assert_eq!(obs.value("db_client_operation_errors_total", &labels), None);
}

#[tokio::test]
async fn a_query_that_fails_has_the_kind_it_is_given_and_a_text_without_secrets() {
    let obs = obs::testing::start("shop");
    let orders = obs.db("postgresql", "orders");
    let insert = "INSERT INTO orders (id) VALUES (7)";
    orders.query(insert).run_as(async { Err::<(), _>(Refused) }, |_| "unique_violation").await.unwrap_err();
    let span = obs.span("INSERT orders");
    assert_eq!(span.status, FinishedStatus::Error("no entry with password=[redacted]".to_owned()));
    assert!(super::attributes(&span).contains(&("error.type", "unique_violation".to_owned())));
    let labels = [("collection", "orders"), ("kind", "unique_violation")];
    counted(&obs, "db_client_operation_errors_total", &labels, 1.0);
    counted(&obs, "db_client_operations_total", &[("result", "error")], 1.0);

    orders.query("DELETE FROM orders").run(async { Err::<(), _>(Refused) }).await.unwrap_err();
    let span = obs.span("DELETE orders");
    let kind = super::attributes(&span).pop().unwrap();
    assert_eq!(kind, ("error.type", "it::conventions::Refused".to_owned()));
}

#[tokio::test]
async fn a_query_of_several_tables_has_no_one_table_and_a_command_has_what_it_is_given() {
    let obs = obs::testing::start("shop");
    let join = "SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer";
    obs.db("mysql", "shop").query(join).run(async { Ok::<_, Refused>(()) }).await.unwrap();
    let span = obs.span("SELECT orders");
    assert!(!super::attributes(&span).iter().any(|(key, _)| *key == "db.collection.name"));
    counted(&obs, "db_client_operations_total", &[("operation", "SELECT"), ("collection", "")], 1.0);
    let judged = obs.db("mongodb", "shop").command("findAndModify").collection("orders").batch(3).open();
    let answer = judged.run(async { Err::<(), _>(Refused) }, |answer, told| {
        told.rows(0);
        told.code("11000");
        obs::operation::Judged::by(answer, |_| "11000")
    });
    answer.await.unwrap_err();
    check(
        &obs.span("findAndModify orders"),
        &[
            ("db.system.name", "mongodb"),
            ("db.namespace", "shop"),
            ("db.operation.name", "findAndModify"),
            ("db.collection.name", "orders"),
            ("db.operation.batch.size", "3"),
            ("db.response.returned_rows", "0"),
            ("db.response.status_code", "11000"),
            ("obs.outcome", "server_error"),
            ("error.type", "11000"),
        ],
    );
}

#[tokio::test]
async fn a_look_is_a_hit_or_a_miss_of_a_pattern() {
    let obs = obs::testing::start("shop");
    let redis = obs.cache("redis");
    redis.get("user:42").run(async { Ok::<_, Refused>(Some("Ada")) }).await.unwrap();
    redis.get("user:43").run(async { Ok::<_, Refused>(None::<&str>) }).await.unwrap();
    redis.get("user:44").run(async { Err::<Option<&str>, _>(Refused) }).await.unwrap_err();
    let spans = obs.spans();
    let told = |hit: Option<&str>, end: &[(&str, &str)]| {
        let hit = hit.map(|hit| ("cache.hit", hit));
        let begin = [("db.system.name", "redis"), ("db.operation.name", "GET")];
        let mut all: Vec<(String, String)> = Vec::new();
        let list = begin.into_iter().chain(hit).chain([("cache.key", "user:?")]).chain(end.iter().copied());
        all.extend(list.map(|(key, value)| (key.to_owned(), value.to_owned())));
        all
    };
    let expected = [
        told(Some("Bool(true)"), &[("obs.outcome", "success")]),
        told(Some("Bool(false)"), &[("obs.outcome", "success")]),
        told(None, &[("obs.outcome", "server_error"), ("error.type", "it::conventions::Refused")]),
    ];
    for (span, expected) in spans.iter().zip(expected) {
        let attributes = super::attributes(span).into_iter().map(|(key, value)| (key.to_owned(), value));
        assert_eq!(attributes.collect::<Vec<_>>(), expected);
        assert_eq!((span.name.as_str(), span.kind), ("GET redis", Kind::Client));
    }
    for result in ["hit", "miss", "error"] {
        counted(&obs, "cache_requests_total", &[("cache", "redis"), ("result", result)], 1.0);
    }
    counted(&obs, "cache_request_duration_seconds_count", &[("cache", "redis")], 3.0);

    let prices = obs.cache("prices");
    assert_eq!(prices.get("eur").raw_key().run(async { Some(7) }).await, Some(7));
    let span = obs.span("GET prices");
    assert_eq!(span.kind, Kind::Internal, "nobody is asked over a connection");
    check(&span, &[("cache.hit", "Bool(true)"), ("cache.key", "eur"), ("obs.outcome", "success")]);
}

#[tokio::test]
async fn where_nothing_is_installed_work_is_done_all_the_same() {
    let sql = "SELECT 1";
    assert_eq!(obs::db::query("sqlite", "", sql).run(async { Ok::<_, Refused>(1) }).await.unwrap(), 1);
    assert_eq!(obs::cache::get("redis", "a:b").run(async { Some(1) }).await, Some(1));
    let mut headers = Vec::<(String, String)>::new();
    let sent = obs::messaging::publish("kafka", "orders").inject(&mut headers);
    sent.run(async { Ok::<_, Refused>(()) }).await.unwrap();
    assert!(headers.is_empty());
    obs::messaging::process("kafka", "orders").from(&headers).run(async {}).await;
    obs::job::run("nightly", async {}).await;
}

#[tokio::test]
async fn free_functions_go_to_what_is_entered() {
    let obs = obs::testing::start("shop");
    let work = async {
        obs::db::query("sqlite", "main", "SELECT 1").run(async { Ok::<_, Refused>(()) }).await.unwrap();
        obs::db::command("redis", "0", "HGETALL").run(async { Ok::<_, Refused>(()) }).await.unwrap();
        obs::cache::get("redis", "a:b").run(async { Some(1) }).await;
        obs::job::run("nightly", async { tracing::info!("at night") }).await;
    };
    obs.run(work).await;
    let names: Vec<_> = obs.spans().into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["SELECT main", "HGETALL 0", "GET redis", "nightly"]);
    assert_eq!(obs.line("at night").span_id(), Some(obs.span("nightly").ids.span_id));
}
