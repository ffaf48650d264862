//! Queries, looks, messages and jobs: each way to end, and all that can be said of them.

use std::future::pending;
use std::pin::{Pin, pin};
use std::task::{Context, Waker};

use obs::Obs;
use obs::operation::Judged;

type Sent = Result<(), &'static str>;

/// Begins it, sees it wait, and gives it up.
fn give_up(work: Pin<&mut impl Future>) {
    assert!(work.poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

async fn well() -> Sent {
    Ok(())
}

async fn badly() -> Sent {
    Err("a bad end")
}

pub(super) async fn all(obs: &Obs) {
    queries(obs).await;
    looks(obs).await;
    messages(obs).await;
    obs.job("nightly").run(well()).await.unwrap();
    obs.job("nightly").run_as(badly(), |_| "bad_end").await.unwrap_err();
    give_up(pin!(obs.job("nightly").run(pending::<()>())));
}

async fn queries(obs: &Obs) {
    let orders = obs.db("postgresql", "orders").at("db.test", Some(6432));
    let sql = "SELECT total FROM orders WHERE card = '4111'";
    orders.query(sql).batch(2).run(well()).await.unwrap();
    let judge = |answer: &Sent| answer.is_err().then_some("23505");
    let failing = orders.query(sql).open().run(badly(), |answer, told| {
        told.rows(1);
        told.code(judge(answer).unwrap_or_default());
        Judged::by(answer, |_| "23505")
    });
    failing.await.unwrap_err();
    give_up(pin!(orders.query(sql).run(pending::<Sent>())));
}

async fn looks(obs: &Obs) {
    let users = obs.cache("redis");
    users.get("user:42").run(async { Some(1) }).await;
    let failing = users.get("user:42").open().run(badly(), |answer, _| Judged::by(answer, |_| "timeout"));
    failing.await.unwrap_err();
    give_up(pin!(users.get("user:42").run(pending::<Option<()>>())));
}

async fn messages(obs: &Obs) {
    let placed = obs.messaging("kafka", "placed").at("broker.test", Some(9092));
    let mut headers = Vec::<(String, String)>::new();
    let publish =
        || placed.publish().message_id("m-1").conversation("c-1").partition(3).body_bytes(12).batch(2);
    publish().inject(&mut headers).run(well()).await.unwrap();
    publish().begin().run_as(badly(), |_| "broker_gone").await.unwrap_err();
    give_up(pin!(publish().run(pending::<Sent>())));
    let process = || placed.process().from(&headers).consumer_group("packers");
    process().run(well()).await.unwrap();
    let mut failing = process().open();
    // What RabbitMQ alone has.
    failing.describe().full_name("shop:placed:orders");
    failing.describe().routing_key("placed");
    failing.describe().delivery_tag(7);
    failing.run(badly(), |answer, _| Judged::by(answer, |_| "bad_end")).await.unwrap_err();
    give_up(pin!(process().run(pending::<()>())));
}
