//! The ways in which a call ends.

use std::time::Duration;

use tonic::Code;

use super::service::{self, Items, rest};
use super::{Told, check};

fn well(method: &'static str, messages: (f64, f64)) -> Told {
    Told { method, code: "OK", outcome: "success", level: "INFO", error: None, messages }
}

fn texts(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| number.to_string())
}

/// The layer, with the methods named: an error that anybody may answer with makes none known.
fn layer(obs: &obs::testing::Testing) -> obs::Layer {
    obs.layer().grpc_services(["Place", "List", "Gather", "Chat"].map(|name| format!("shop.Orders/{name}")))
}

#[tokio::test]
async fn a_unary_call_is_one_message_each_way() {
    let obs = obs::testing::start("shop");
    let (mut client, _) = service::start(obs.layer()).await;
    assert_eq!(client.unary("/shop.Orders/Place", "a cup").await.unwrap(), "placed a cup");
    obs.requests_ended(1).await;
    check(&obs, &well("Place", (1.0, 1.0)));
    // Five bytes of prefix, and the text.
    assert_eq!(obs.value("rpc_server_request_bytes_total", &[]), Some(10.0));
    assert_eq!(obs.value("rpc_server_response_bytes_total", &[]), Some(17.0));
}

#[tokio::test]
async fn a_server_stream_ends_at_the_end_of_its_body() {
    let obs = obs::testing::start("shop");
    let (mut client, _) = service::start(obs.layer()).await;
    let (items, status) = rest(client.list("300").await.unwrap()).await;
    assert_eq!((items.len(), status.map(|status| status.code())), (300, None));
    obs.requests_ended(1).await;
    check(&obs, &well("List", (1.0, 300.0)));
}

#[tokio::test]
async fn a_client_stream_counts_what_came() {
    let obs = obs::testing::start("shop");
    let (mut client, _) = service::start(obs.layer()).await;
    assert_eq!(client.gather(Items::new(texts(200))).await.unwrap(), "gathered 200");
    obs.requests_ended(1).await;
    check(&obs, &well("Gather", (200.0, 1.0)));
}

#[tokio::test]
async fn a_stream_both_ways_counts_both() {
    let obs = obs::testing::start("shop");
    let (mut client, _) = service::start(obs.layer()).await;
    let (items, status) = rest(client.chat(Items::new(texts(5))).await.unwrap()).await;
    assert_eq!((items.len(), status.map(|status| status.code())), (5, None));
    obs.requests_ended(1).await;
    check(&obs, &well("Chat", (5.0, 5.0)));
}

#[tokio::test]
async fn an_error_in_the_headers_is_read_there() {
    let obs = obs::testing::start("shop");
    let (mut client, _) = service::start(layer(&obs)).await;
    let status = client.unary("/shop.Orders/Place", "broken").await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    obs.requests_ended(1).await;
    check(
        &obs,
        &Told {
            method: "Place",
            code: "INTERNAL",
            outcome: "server_error",
            level: "ERROR",
            error: Some("the shelf, 100% broken"),
            messages: (1.0, 0.0),
        },
    );
}

#[tokio::test]
async fn an_error_of_the_callers_is_none_of_the_services() {
    let obs = obs::testing::start("shop");
    let (mut client, _) = service::start(obs.layer()).await;
    let status = client.unary("/shop.Orders/Place", "nothing").await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    obs.requests_ended(1).await;
    check(
        &obs,
        &Told {
            method: "Place",
            code: "NOT_FOUND",
            outcome: "client_error",
            level: "INFO",
            error: None,
            messages: (1.0, 0.0),
        },
    );
}

#[tokio::test]
async fn an_error_in_the_trailers_is_read_there() {
    let obs = obs::testing::start("shop");
    let (mut client, _) = service::start(obs.layer()).await;
    let (items, status) = rest(client.list("two and broken").await.unwrap()).await;
    let status = status.unwrap();
    assert_eq!((items.len(), status.code(), status.message()), (2, Code::Unavailable, "the shelf is gone"));
    obs.requests_ended(1).await;
    check(
        &obs,
        &Told {
            method: "List",
            code: "UNAVAILABLE",
            outcome: "server_error",
            level: "ERROR",
            error: Some("the shelf is gone"),
            messages: (1.0, 2.0),
        },
    );
}

#[tokio::test]
async fn an_answer_without_a_status_is_unknown() {
    let obs = obs::testing::start("shop");
    let (mut client, _) = service::start(obs.layer()).await;
    client.unary("/shop.Orders/Silent", "").await.unwrap_err();
    obs.requests_ended(1).await;
    let told = Told {
        method: "Silent",
        code: "UNKNOWN",
        outcome: "server_error",
        level: "ERROR",
        error: None,
        // Nobody has read the request.
        messages: (0.0, 1.0),
    };
    check(&obs, &told);
}

fn gone(method: &'static str, messages: (f64, f64)) -> Told {
    Told { code: "CANCELLED", outcome: "cancelled", ..well(method, messages) }
}

#[tokio::test]
async fn a_caller_that_goes_before_the_answer_has_cancelled() {
    let obs = obs::testing::start("shop");
    let (mut client, orders) = service::start(layer(&obs)).await;
    tokio::select! {
        answer = client.unary("/shop.Orders/Place", "wait") => panic!("{answer:?}"),
        () = orders.waits.notified() => {}
    }
    obs.requests_ended(1).await;
    check(&obs, &gone("Place", (1.0, 0.0)));
}

#[tokio::test]
async fn a_stream_that_is_reset_is_cancelled_with_what_it_sent() {
    let obs = obs::testing::start("shop");
    let (mut client, _) = service::start(obs.layer()).await;
    let mut stream = client.list("one and more").await.unwrap();
    assert_eq!(stream.message().await.unwrap().as_deref(), Some("order 0"));
    drop(stream);
    obs.requests_ended(1).await;
    check(&obs, &gone("List", (1.0, 1.0)));
}

#[tokio::test]
async fn a_request_that_breaks_off_is_cancelled_whatever_the_service_makes_of_it() {
    let obs = obs::testing::start("shop");
    let (mut client, orders) = service::start(layer(&obs)).await;
    tokio::select! {
        answer = client.gather(Items::endless(texts(2))) => panic!("{answer:?}"),
        () = orders.waits.notified() => {}
    }
    obs.requests_ended(1).await;
    check(&obs, &gone("Gather", (2.0, 0.0)));
}

#[tokio::test]
async fn a_deadline_that_has_passed_is_no_cancellation() {
    let obs = obs::testing::start("shop");
    let (mut client, _) = service::start(layer(&obs)).await;
    let patience = Some(Duration::from_millis(500));
    let status = client.within("/shop.Orders/Place", "wait", patience).await.unwrap_err();
    assert!([Code::Cancelled, Code::DeadlineExceeded].contains(&status.code()), "{status}");
    obs.requests_ended(1).await;
    check(
        &obs,
        &Told {
            method: "Place",
            code: "DEADLINE_EXCEEDED",
            outcome: "timed_out",
            level: "ERROR",
            error: None,
            messages: (1.0, 0.0),
        },
    );
}

#[tokio::test]
async fn a_panic_is_a_panic_and_the_caller_sees_an_internal_error_or_a_reset() {
    let obs = obs::testing::start("shop");
    let (mut client, _) = service::start(layer(&obs)).await;
    let status = client.unary("/shop.Orders/Place", "panic").await.unwrap_err();
    assert!([Code::Internal, Code::Unknown, Code::Cancelled].contains(&status.code()), "{status:?}");
    obs.requests_ended(1).await;
    check(
        &obs,
        &Told {
            method: "Place",
            code: "INTERNAL",
            outcome: "panicked",
            level: "ERROR",
            error: Some("no shelf"),
            messages: (1.0, 0.0),
        },
    );
}

#[tokio::test]
async fn a_panic_that_is_answered_is_an_internal_error() {
    let obs = obs::testing::start("shop");
    let (mut client, _) = service::start(layer(&obs).answer_panics()).await;
    let status = client.unary("/shop.Orders/Place", "panic").await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Internal, ""));
    obs.requests_ended(1).await;
    check(
        &obs,
        &Told {
            method: "Place",
            code: "INTERNAL",
            outcome: "panicked",
            level: "ERROR",
            error: Some("no shelf"),
            messages: (1.0, 0.0),
        },
    );
    // The connection has survived it.
    assert_eq!(client.unary("/shop.Orders/Place", "a cup").await.unwrap(), "placed a cup");
}
