//! Old names of attributes, as a collector gets them.

use std::convert::Infallible;

use axum::http::{Request, Response};
use opentelemetry_proto::tonic::trace::v1::Span;
use tower::{Layer, ServiceExt};

use super::Refused;
use crate::collector::{Answer, Collector};
use crate::service::LONG;

/// One call and one query, under these words.
async fn sent(words: &[&str]) -> Vec<Span> {
    let collector = Collector::start(Answer::Ok);
    let builder = obs::builder("shop").no_config_file().admin(obs::Admin::Off).no_otlp_probe();
    let builder = words.iter().fold(builder, |builder, word| builder.semconv(*word));
    let obs = builder.otlp_endpoint(collector.url()).build().unwrap();
    let answers = tower::service_fn(async |_: Request<String>| {
        Ok::<_, Infallible>(Response::builder().status(204).body(String::new()).unwrap())
    });
    let call = Request::get("http://payments.test/v2/pay").body(String::new()).unwrap();
    obs.client("payments").layer(answers).oneshot(call).await.unwrap();
    let query = "SELECT total FROM orders WHERE id = 7";
    obs.db("postgresql", "orders").query(query).run(async { Ok::<_, Refused>(()) }).await.unwrap();
    assert!(obs.flush(LONG));
    collector.spans()
}

fn has(span: &Span, names: &[&str], expected: bool) {
    for name in names {
        let found = span.attributes.iter().any(|attribute| attribute.key == *name);
        assert_eq!(found, expected, "{name} on {span:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stable_names_alone_are_sent_unless_others_are_chosen() {
    let http = ["http.request.method", "url.full", "server.address", "service.peer.name"];
    let old_http = ["http.method", "http.url", "net.peer.name", "peer.service"];
    let db = ["db.system.name", "db.namespace", "db.query.text", "db.operation.name", "db.collection.name"];
    let old_db = ["db.system", "db.name", "db.statement", "db.operation", "db.sql.table"];
    for (words, [stable_http, old_http_too, stable_db, old_db_too]) in [
        (&[][..], [true, false, true, false]),
        (&["http", "database"][..], [true, false, true, false]),
        (&["http/dup"][..], [true, true, true, false]),
        (&["http/old", "database/dup"][..], [false, true, true, true]),
        (&["database/old"][..], [true, false, false, true]),
    ] {
        let spans = sent(words).await;
        let [call, query] = &spans[..] else { panic!("{spans:?}") };
        has(call, &http, stable_http);
        has(call, &old_http, old_http_too);
        has(query, &db, stable_db);
        has(query, &old_db, old_db_too);
    }
}
