//! What the end of orders waits for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use reqwest::Client;
use serde_json::json;
use shop::payments::{PayReply, PayRequest, Payments, PaymentsServer};
use sqlx::{Connection, SqliteConnection};
use tokio::sync::Notify;
use tonic::{Request, Response, Status};

use crate::service::Service;
use crate::shop::{ORDERS, database, folder, source};

/// Takes a payment when it is told to.
#[derive(Default)]
struct Bank {
    asked: Notify,
    takes: Notify,
}

impl Payments for Bank {
    async fn pay(&self, _: Request<PayRequest>) -> Result<Response<PayReply>, Status> {
        self.asked.notify_one();
        self.takes.notified().await;
        Ok(Response::new(PayReply { payment: "p-1".to_owned() }))
    }
}

#[tokio::test]
async fn an_order_whose_customer_is_gone_is_settled_before_the_end() {
    let bank = Arc::<Bank>::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let payments = format!("http://{}", listener.local_addr().unwrap());
    let router =
        Router::new().route_service("/shop.v2.Payments/{method}", PaymentsServer::new(Arc::clone(&bank)));
    tokio::spawn(axum::serve(listener, router).into_future());

    let folder = folder("an_order_whose_customer_is_gone");
    let database = database(&folder);
    let variables =
        [("ORDERS_ADDR", "127.0.0.1:0"), ("PAYMENTS_URL", &payments), ("DATABASE_URL", &database)];
    let orders = Service::start(ORDERS, &source("orders/obs.yaml"), &folder, &variables).await;
    let order = json!({ "user": "ada", "item": "teapot", "quantity": 1 });
    let client = Client::builder().no_proxy().build().unwrap();
    let order = client.post(format!("http://{}/v1/orders", orders.addr)).json(&order);
    tokio::select! {
        answer = order.send() => panic!("{answer:?}"),
        () = bank.asked.notified() => {}
    }

    let lines = orders.lines.clone();
    tokio::join!(orders.end(), async {
        let begun = Instant::now();
        // No request is left, and so nobody but the order itself waits for its payment.
        while !std::fs::read_to_string(&lines).unwrap().contains("requests have ended") {
            assert!(begun.elapsed() < Duration::from_secs(60), "orders does not end");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bank.takes.notify_one();
    });
    let mut database = SqliteConnection::connect(&database).await.unwrap();
    let state = sqlx::query_scalar("SELECT state FROM orders").fetch_one(&mut database).await;
    assert_eq!(state.ok(), Some("paid".to_owned()));
}
