//! Messages from one service to another, each with an installation of its own.

use obs::config::SamplerChoice;
use obs::traces::Kind;

use super::{Refused, check, counted};

type Headers = Vec<(String, String)>;

#[tokio::test]
async fn one_message_takes_the_trace_along_and_is_processed_as_a_part_of_it() {
    let (shop, store) = (obs::testing::start("shop"), obs::testing::start("store"));
    let (placed, taken) = (shop.messaging("kafka", "placed"), store.messaging("kafka", "placed"));
    let mut headers = Headers::new();
    shop.job("checkout")
        .run(async {
            let sent = placed.publish().message_id("m-1").body_bytes(12).partition(3).inject(&mut headers);
            sent.run(async { Ok::<_, Refused>(()) }).await
        })
        .await
        .unwrap();
    let process = taken.process().from(&headers).message_id("m-1").consumer_group("packers");
    process.run(async { tracing::info!("packing") }).await;

    let (sent, processed) = (shop.span("publish placed"), store.span("process placed"));
    assert_eq!((sent.kind, processed.kind), (Kind::Producer, Kind::Consumer));
    assert_eq!(sent.parent.unwrap().span_id, shop.span("checkout").ids.span_id);
    let parent = processed.parent.unwrap();
    assert_eq!((parent.span_id, parent.remote), (sent.ids.span_id, true));
    assert_eq!(processed.ids.trace_id, sent.ids.trace_id);
    let [link] = &processed.links[..] else { panic!("{:?}", processed.links) };
    assert_eq!((link.ids.span_id, link.remote), (sent.ids.span_id, true));
    assert_eq!(store.line("packing").trace_id(), Some(sent.ids.trace_id));
    check(
        &sent,
        &[
            ("messaging.system", "kafka"),
            ("messaging.destination.name", "placed"),
            ("messaging.operation.name", "publish"),
            ("messaging.operation.type", "send"),
            ("messaging.message.id", "m-1"),
            ("messaging.destination.partition.id", "3"),
            ("messaging.message.body.size", "12"),
            ("obs.outcome", "success"),
        ],
    );
    check(
        &processed,
        &[
            ("messaging.system", "kafka"),
            ("messaging.destination.name", "placed"),
            ("messaging.operation.name", "process"),
            ("messaging.operation.type", "process"),
            ("messaging.message.id", "m-1"),
            ("messaging.consumer.group.name", "packers"),
            ("obs.outcome", "success"),
        ],
    );
    let labels = [("system", "kafka"), ("destination", "placed")];
    let sends = [&labels[..], &[("operation", "publish"), ("result", "success")]].concat();
    counted(&shop, "messaging_client_operations_total", &sends, 1.0);
    counted(&store, "messaging_processed_total", &[&labels[..], &[("result", "success")]].concat(), 1.0);
    counted(&store, "messaging_process_duration_seconds_count", &labels, 1.0);
}

#[tokio::test]
async fn the_senders_decision_is_followed() {
    let shop = obs::testing::builder("shop").sampler(SamplerChoice::AlwaysOff).start();
    let store = obs::testing::start("store");
    let mut headers = Headers::new();
    let sent = shop.messaging("kafka", "placed").publish().inject(&mut headers);
    sent.run(async { Ok::<_, Refused>(()) }).await.unwrap();
    assert!(headers[0].1.ends_with("-00") || headers[0].1.ends_with("-02"), "{headers:?}");
    store.messaging("kafka", "placed").process().from(&headers).run(async {}).await;
    assert!(store.spans().is_empty());
    counted(&store, "messaging_processed_total", &[], 1.0);
}

#[tokio::test]
async fn a_batch_is_a_root_with_a_link_to_each_message() {
    let (shop, store) = (obs::testing::start("shop"), obs::testing::start("store"));
    let mut batch = Vec::new();
    for _ in 0..3 {
        let mut headers = Headers::new();
        let sent = shop.messaging("kafka", "placed").publish().operation("send").inject(&mut headers);
        sent.run(async { Ok::<_, Refused>(()) }).await.unwrap();
        batch.push(headers);
    }
    batch.push(vec![("traceparent".to_owned(), "malformed".to_owned())]);
    let processed = store.messaging("kafka", "placed").process().batch(&batch);
    processed.run(async { Err::<(), _>(Refused) }).await.unwrap_err();
    let span = store.span("process placed");
    assert_eq!(span.parent, None);
    let linked: Vec<_> = span.links.iter().map(|link| link.ids.span_id).collect();
    let sent: Vec<_> = shop.spans().iter().map(|span| span.ids.span_id).collect();
    assert_eq!(linked, sent);
    assert!(super::attributes(&span).contains(&("messaging.batch.message_count", "4".to_owned())));
    let errors = [("destination", "placed"), ("kind", "it::conventions::Refused")];
    counted(&store, "messaging_process_errors_total", &errors, 1.0);
}

#[tokio::test]
async fn inside_of_something_else_a_message_is_a_part_of_that_and_linked() {
    let (shop, store) = (obs::testing::start("shop"), obs::testing::start("store"));
    let mut headers = Headers::new();
    let sent = shop.messaging("aws_sqs", "placed").publish().inject(&mut headers);
    sent.run(async { Ok::<_, Refused>(()) }).await.unwrap();
    let taken = store.messaging("aws_sqs", "placed");
    store.job("poll").run(taken.process().from(&headers).run(async {})).await;
    let (poll, processed) = (store.span("poll"), store.span("process placed"));
    assert_eq!(processed.parent.unwrap().span_id, poll.ids.span_id);
    assert_eq!(processed.links[0].ids.span_id, shop.span("publish placed").ids.span_id);
}

#[tokio::test]
async fn what_carries_nothing_is_sent_by_a_client_and_begins_a_trace() {
    let obs = obs::testing::start("shop");
    let placed = obs.messaging("mqtt", "placed");
    placed.publish().batch(2).conversation("c-1").run(async { Ok::<_, Refused>(()) }).await.unwrap();
    placed.process().from(&Headers::new()).run(async {}).await;
    assert_eq!(obs.span("publish placed").kind, Kind::Client);
    let processed = obs.span("process placed");
    assert_eq!((processed.parent, processed.links.len()), (None, 0));
    assert_ne!(processed.ids.trace_id, obs.span("publish placed").ids.trace_id);
}
