//! What an order answers, and what it leaves behind in each of the three.

use serde_json::{Value, json};

use crate::shop::{Shop, check};

const NEVER: [&str; 3] = ["0", "0", "0"];

fn with_target<'a>(lines: &'a [Value], target: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["target"] == target).collect()
}

fn with_message<'a>(lines: &'a [Value], message: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["message"] == message).collect()
}

#[tokio::test]
async fn an_order_is_one_trace_and_one_request_in_all_three() {
    let shop = Shop::open("an_order_is_one_trace", NEVER).await;
    let order = shop
        .order(2)
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .header("x-request-id", "order-of-ada")
        .header("x-customer-region", "us-west");
    check(order, 201, json!({ "id": 1, "state": "paid" })).await;

    let logged = shop.close().await;
    for (lines, service) in logged.iter().zip(["gateway", "orders", "payments"]) {
        let access = with_target(lines, "obs::access");
        assert_eq!(access.len(), 1, "{access:?}");
        assert_eq!(access[0]["service"], service);
        assert_eq!(access[0]["trace_id"], "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(access[0]["request_id"], "order-of-ada");
    }
    let [gateway, orders, payments] = logged.each_ref().map(|lines| with_target(lines, "obs::access")[0]);
    assert_eq!((&gateway["user"], &gateway["customer_region"]), (&json!("ada"), &json!("us-west")));
    assert_eq!((&orders["order_id"], &payments["order_id"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn each_order_placed_is_counted_once_and_can_be_read() {
    // The second one fails, and was placed all the same.
    let shop = Shop::open("each_order_placed", ["2", "0", "0"]).await;
    check(shop.order(1), 201, json!({ "id": 1, "state": "paid" })).await;
    let unpaid = json!({ "id": 2, "state": "unpaid", "error": "the payment failed" });
    check(shop.order(1), 502, unpaid).await;
    check(shop.order(3), 201, json!({ "id": 3, "state": "paid" })).await;
    let refused = json!({ "error": "the quantity must be 1 or more" });
    check(shop.order(0), 422, refused).await;

    let read = json!({ "id": 2, "user": "ada", "item": "teapot", "quantity": 1, "state": "unpaid" });
    check(shop.get("/v1/orders/2"), 200, read).await;
    check(shop.get("/v1/orders/4"), 404, json!({ "error": "there is no such order" })).await;

    let numbers = shop.numbers().await;
    for expected in [
        "# HELP app_order_created_total Total number of orders created\n",
        "app_order_created_total{service=\"payment\"} 3\n",
        "db_pool_connections_max{pool=\"orders\"} 8.0\n",
        "db_pool_connections_active{pool=\"orders\"} ",
        "db_pool_connections_idle{pool=\"orders\"} ",
        "db_pool_timeouts_total{pool=\"orders\"} 0\n",
        "db_pool_errors_total{pool=\"orders\"} 0\n",
        "db_pool_wait_duration_seconds_bucket{pool=\"orders\",le=\"0.0001\"} ",
        "rpc_client_requests_total{target=\"payments\",service=\"shop.v2.Payments\",method=\"Pay\",code=\"OK\"} 2\n",
    ] {
        assert!(numbers.contains(expected), "no {expected:?} in\n{numbers}");
    }
    shop.close().await;
}

#[tokio::test]
async fn a_failed_payment_leaves_its_cause_in_the_lines() {
    let shop = Shop::open("a_failed_payment", ["1", "0", "0"]).await;
    check(shop.order(1), 502, json!({ "id": 1, "state": "unpaid", "error": "the payment failed" })).await;

    let [_, orders, payments] = shop.close().await;
    let told = with_message(&payments, "cannot take a payment");
    let chain =
        "cannot charge the card: the bank refused the connection: connection refused by 192.0.2.7:443";
    assert_eq!((told.len(), &told[0]["error"]), (1, &json!(chain)));
    let told = with_message(&orders, "the order is not paid");
    assert_eq!(
        (told.len(), &told[0]["error"]),
        (1, &json!("payments answered Unavailable: the bank is not reachable"))
    );
}

#[tokio::test]
async fn a_panic_in_payments_leaves_an_unpaid_order_and_a_service_that_goes_on() {
    let shop = Shop::open("a_panic_in_payments", ["0", "0", "1"]).await;
    for id in [1, 2] {
        let unpaid = json!({ "id": id, "state": "unpaid", "error": "the payment failed" });
        check(shop.order(1), 502, unpaid).await;
    }
    let [_, _, payments] = shop.close().await;
    let told = with_target(&payments, "obs::panic");
    assert_eq!((told.len(), &told[0]["message"]), (2, &json!("the ledger is out of balance")));
}

#[tokio::test]
async fn a_password_is_checked_and_in_no_line() {
    let shop = Shop::open("a_password_is_checked", NEVER).await;
    let login = |password| shop.post("/v1/login", &json!({ "user": "ada", "password": password }));
    check(login("open sesame"), 200, json!({ "token": "token-of-ada" })).await;
    check(login("let me in"), 401, json!({ "error": "wrong password" })).await;
    let [gateway, _, _] = shop.close().await;
    let text = format!("{gateway:?}");
    assert!(text.contains("ada") && !text.contains("open sesame") && !text.contains("let me in"), "{text}");
}

#[tokio::test]
async fn an_order_is_settled_also_when_the_customer_goes_away() {
    const ORDERS: u64 = 60;
    let shop = Shop::open("an_order_is_settled", NEVER).await;
    for order in 0..ORDERS {
        // From before it is placed to after it is paid.
        let patience = std::time::Duration::from_micros(1_000 + 150 * order);
        let _ = tokio::time::timeout(patience, shop.order(1).send()).await;
    }
    let mut states = std::collections::BTreeMap::<String, u64>::new();
    // A payment takes no time here; what is not settled after this long never is.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        states.clear();
        for id in 1..=ORDERS {
            let answer = shop.get(&format!("/v1/orders/{id}")).send().await.unwrap();
            if answer.status().is_success() {
                let order: Value = answer.json().await.unwrap();
                *states.entry(order["state"].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
        let settled = states.get("paid").copied().unwrap_or_default();
        if settled > 0 && states.len() == 1 || std::time::Instant::now() > deadline {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let [_, _, payments] = shop.close().await;
    let taken = with_message(&payments, "took a payment").len() as u64;
    assert_eq!(states, [("paid".to_owned(), taken)].into(), "as many as payments took");
}
