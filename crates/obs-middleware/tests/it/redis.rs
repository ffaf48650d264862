//! Commands to Redis over a connection that answers as it is told, and what observers of operations are told of them.

use std::sync::{Arc, Mutex};

use obs_core::conventions::cache::Cache;
use obs_core::conventions::db::Database;
use obs_core::observe::{Candidate, Operation, OperationEnd, OperationObserver};
use obs_core::{Base, Context, Resource};
use obs_middleware::client::redis::Connection;
use redis::aio::ConnectionLike;
use redis::{AsyncCommands, Cmd, ErrorKind, Pipeline, RedisError, RedisFuture, ServerError, Value};

/// Answers one after the other.
struct Fake(Vec<Result<Value, RedisError>>);

impl ConnectionLike for Fake {
    fn req_packed_command<'a>(&'a mut self, _: &'a Cmd) -> RedisFuture<'a, Value> {
        let answer = self.0.remove(0);
        Box::pin(async { answer })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        _: &'a Pipeline,
        _: usize,
        _: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        let answers = self.0.drain(..).collect::<Result<Vec<_>, _>>();
        Box::pin(async { answers })
    }

    fn get_db(&self) -> i64 {
        0
    }
}

/// What is told of an operation, a line each: its name, labels, attributes, and how it ended.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl OperationObserver for Told {
    fn sample(&self, _: &Candidate<'_>) -> Option<bool> {
        Some(true)
    }

    fn finish(&self, _: &Context, operation: &Operation<'_>, end: &OperationEnd<'_>) {
        let (first, second) = operation.name;
        let pairs: Vec<_> =
            operation.attributes.iter().map(|(key, value)| format!("{key}={value:?}")).collect();
        let count = operation.measures.map(|measures| measures.count.name).unwrap_or_default();
        self.0.lock().unwrap().push(format!(
            "{:?} {first} {} | {count} {:?} {:?} {:?} | {}",
            operation.kind,
            second.unwrap_or_default(),
            operation.labels,
            end.result,
            end.fault,
            pairs.join(" ")
        ));
    }
}

fn connection(answers: Vec<Result<Value, RedisError>>, is_cache: bool) -> (Connection<Fake>, Arc<Told>) {
    let base = Base::new(Resource::new("shop"));
    let told = Arc::<Told>::default();
    base.operations.register(Arc::<Told>::clone(&told));
    let connection =
        Connection::new(Database::new(Some(Arc::clone(&base)), "redis", "sessions"), Fake(answers));
    (if is_cache { connection.cache(Cache::new(Some(base), "prices")) } else { connection }, told)
}

fn lines(told: &Told) -> Vec<String> {
    std::mem::take(&mut *told.0.lock().unwrap())
}

fn text(text: &str) -> Value {
    Value::BulkString(text.as_bytes().to_vec())
}

#[tokio::test]
async fn a_command_is_told_by_its_name_without_keys_and_values() {
    let (mut connection, told) =
        connection(vec![Ok(Value::Okay), Ok(text("1250")), Ok(Value::Int(1))], false);
    let () = connection.set("user:secret", "value-secret").await.unwrap();
    let price: u64 = connection.get("price:17").await.unwrap();
    assert_eq!(price, 1250);
    let mut own = redis::cmd("JSON.SET");
    own.arg("user:secret").arg("value-secret");
    let _: u64 = own.query_async(&mut connection).await.unwrap();
    let attributes = "db.system.name=Str(\"redis\") db.namespace=Str(\"sessions\")";
    let expected = [
        ("SET sessions", "SET", " db.operation.name=Str(\"SET\")"),
        ("GET sessions", "GET", " db.operation.name=Str(\"GET\")"),
        ("redis sessions", "", ""),
    ];
    let expected = expected.map(|(name, label, more)| {
        format!(
            "Client {name} | db_client_operations_total [\"redis\", \"sessions\", {label:?}, \"\"] None None | \
             {attributes}{more} obs.outcome=Str(\"success\")"
        )
    });
    assert_eq!(lines(&told), expected);
}

#[tokio::test]
async fn of_a_cache_looks_are_hits_and_misses_and_other_commands_are_commands() {
    let refused = RedisError::from((ErrorKind::Parse, "no answer"));
    let answers = vec![Ok(text("1250")), Ok(Value::Nil), Err(refused), Ok(Value::Okay)];
    let (mut connection, told) = connection(answers, true);
    let found: [Option<u64>; 2] =
        [connection.get("price:17").await.unwrap(), connection.hget("price:18", "cents").await.unwrap()];
    assert_eq!(found, [Some(1250), None]);
    connection.get::<_, Option<u64>>("price:19").await.unwrap_err();
    let () = connection.set_ex("price:18", 7, 60).await.unwrap();
    let seen = lines(&told);
    let look = |name: &str, result: &str, fault: &str, end: &str| {
        format!(
            "Client {name} prices | cache_requests_total [\"prices\"] {result} {fault} | db.system.name=Str(\"redis\") \
             db.operation.name=Str(\"{name}\"){end}"
        )
    };
    let key = "cache.key=Str(\"price:?\")";
    let hit = format!(" cache.hit=Bool(true) {key} obs.outcome=Str(\"success\")");
    let miss = format!(" cache.hit=Bool(false) {key} obs.outcome=Str(\"success\")");
    let failed = format!(" {key} obs.outcome=Str(\"server_error\") error.type=Str(\"protocol\")");
    assert_eq!(seen[0], look("GET", "Some(\"hit\")", "None", &hit));
    assert_eq!(seen[1], look("HGET", "Some(\"miss\")", "None", &miss));
    assert_eq!(seen[2], look("GET", "None", "Some(\"protocol\")", &failed));
    assert!(seen[3].starts_with("Client SETEX sessions | db_client_operations_total"), "{}", seen[3]);
}

#[tokio::test]
async fn a_pipeline_is_one_and_fails_by_the_first_that_is_refused() {
    let wrong = redis::parse_redis_value(b"-WRONGTYPE Operation against a key\r\n").unwrap();
    assert!(matches!(wrong, Value::ServerError(ServerError { .. })));
    for (is_transaction, name) in [(false, "PIPELINE"), (true, "MULTI")] {
        let (mut connection, told) = connection(vec![Ok(Value::Okay), Ok(wrong.clone())], false);
        let mut pipeline = redis::pipe();
        pipeline.set("a", 1).incr("b", 1);
        if is_transaction {
            pipeline.atomic();
        }
        let _ = connection.req_packed_commands(&pipeline, 0, 2).await.unwrap();
        let seen = lines(&told).remove(0);
        for part in [
            &*format!("Client {name} sessions | "),
            "Some(\"server\") | ",
            "db.operation.batch.size=I64(2)",
            "db.response.status_code=Str(\"WRONGTYPE\")",
            "error.type=Str(\"server\")",
        ] {
            assert!(seen.contains(part), "no {part} in {seen}");
        }
    }
}

#[tokio::test]
async fn an_error_is_called_by_what_it_is_and_has_the_servers_code() {
    let io = |kind: std::io::ErrorKind| RedisError::from(std::io::Error::from(kind));
    let code = |text: &str| redis::parse_redis_value(format!("-{text}\r\n").as_bytes()).unwrap();
    for (answer, fault, status) in [
        (Err(io(std::io::ErrorKind::ConnectionRefused)), "connect", ""),
        (Err(io(std::io::ErrorKind::TimedOut)), "timeout", ""),
        (Err(io(std::io::ErrorKind::BrokenPipe)), "reset", ""),
        (Ok(code("NOAUTH Authentication required.")), "server", "NOAUTH"),
        (Err(RedisError::from((ErrorKind::Parse, "no answer"))), "protocol", ""),
    ] {
        let (mut connection, told) = connection(vec![answer], false);
        connection.incr::<_, _, u64>("a", 1).await.unwrap_err();
        let seen = lines(&told).remove(0);
        assert!(seen.contains(&format!("Some({fault:?}) |")), "{fault}: {seen}");
        assert_eq!(seen.contains("db.response.status_code"), !status.is_empty(), "{seen}");
        assert!(seen.contains(status), "{seen}");
    }
}

#[tokio::test]
async fn a_command_nobody_waits_for_was_cancelled() {
    struct Silent;
    impl ConnectionLike for Silent {
        fn req_packed_command<'a>(&'a mut self, _: &'a Cmd) -> RedisFuture<'a, Value> {
            Box::pin(std::future::pending())
        }
        fn req_packed_commands<'a>(
            &'a mut self,
            _: &'a Pipeline,
            _: usize,
            _: usize,
        ) -> RedisFuture<'a, Vec<Value>> {
            Box::pin(std::future::pending())
        }
        fn get_db(&self) -> i64 {
            0
        }
    }
    let base = Base::new(Resource::new("shop"));
    let told = Arc::<Told>::default();
    base.operations.register(Arc::<Told>::clone(&told));
    let mut connection = Connection::new(Database::new(Some(base), "redis", "sessions"), Silent);
    let asked = connection.get::<_, Option<u64>>("a");
    let _ = tokio::time::timeout(std::time::Duration::ZERO, asked).await.unwrap_err();
    assert!(lines(&told)[0].contains("obs.outcome=Str(\"cancelled\")"));
}
