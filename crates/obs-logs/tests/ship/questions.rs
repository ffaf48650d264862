//! The question whether a receiver is there, as the receiver reads it; and receivers that take nothing.

use std::io::Read;

use obs_export::http::{ClientSettings, Endpoint, Trouble};
use obs_logs::{Elastic, Loki, Output};
use tracing::info;

use crate::lines::{Shipping, quick};
use crate::receiver::{Receiver, Request};

fn endpoint(receiver: &Receiver) -> Endpoint {
    Endpoint::parse(&receiver.url).unwrap()
}

fn loki(receiver: &Receiver) -> Loki {
    Loki::new(endpoint(receiver)).retry(quick()).tenant("shop").unwrap()
}

fn elastic(receiver: &Receiver) -> Elastic {
    let client = ClientSettings::new().basic_auth("ada", "hunter2").unwrap();
    Elastic::new(endpoint(receiver), "logs-obs-orders").client(client).retry(quick())
}

/// What a receiver that always answers so is asked, and what is found of it.
fn asked(output: impl Fn(&Receiver) -> Output, status: u16) -> (Request, Vec<String>) {
    let receiver = Receiver::start(move |_| (status, String::new()));
    let shipping = Shipping::to(output(&receiver));
    let found = shipping.ask();
    assert_eq!(shipping.books(), (0, 0, vec![]), "no book has it");
    let [request] = receiver.requests().try_into().unwrap();
    (request, found)
}

#[test]
fn loki_is_asked_by_a_push_that_has_no_stream() {
    // 422 since Loki 3, 204 before; a gateway may find it no request at all.
    for status in [422, 204, 400] {
        let (request, found) = asked(|receiver| loki(receiver).into(), status);
        assert_eq!((request.line.as_str(), found), ("POST /loki/api/v1/push HTTP/1.1", vec![]));
        assert_eq!(request.header("x-scope-orgid"), Some("shop"));
        assert_eq!(request.header("content-type"), Some("application/x-protobuf"));
        // A message without fields has no bytes.
        assert_eq!(snap::raw::Decoder::new().decompress_vec(&request.body).unwrap(), b"");

        let (request, _) = asked(|receiver| loki(receiver).json().into(), status);
        let mut text = String::new();
        flate2::read::GzDecoder::new(&*request.body).read_to_string(&mut text).unwrap();
        assert_eq!(text, r#"{"streams":[]}"#);
        assert_eq!(request.header("content-type"), Some("application/json"));
    }
    for (status, told) in
        [(401, "401 Unauthorized"), (404, "404 Not Found"), (503, "503 Service Unavailable")]
    {
        assert_eq!(asked(|receiver| loki(receiver).into(), status).1, [told]);
    }
}

#[test]
fn elasticsearch_is_asked_what_its_own_clients_ask_first() {
    // Who may write only is told 403, and what is no Elasticsearch may have nothing there.
    for status in [200, 403, 404] {
        let (request, found) = asked(|receiver| elastic(receiver).into(), status);
        assert_eq!((request.line.as_str(), found), ("GET / HTTP/1.1", vec![]));
        assert_eq!(request.header("authorization"), Some("Basic YWRhOmh1bnRlcjI="));
    }
    assert_eq!(asked(|receiver| elastic(receiver).into(), 401).1, ["401 Unauthorized"]);
}

/// As VictoriaLogs takes `_bulk`, which knows no index, and what its users put behind a URL.
#[test]
fn a_url_that_ends_in_bulk_is_taken_as_it_is_with_its_query_and_asked_above() {
    let receiver = Receiver::start(|_| (200, String::from(r#"{"errors":false}"#)));
    let url = format!("{}/insert/elasticsearch/_bulk?_msg_field=message", receiver.url);
    let elastic = Elastic::new(Endpoint::parse(&url).unwrap(), "logs-obs-orders");
    let shipping = Shipping::to(elastic.retry(quick()));
    assert!(shipping.ask().is_empty());
    shipping.say(|| info!("a line"));
    assert_eq!(shipping.books(), (1, 1, vec![]));
    let lines: Vec<String> = receiver.requests().into_iter().map(|request| request.line).collect();
    assert_eq!(
        lines,
        [
            "GET /insert/elasticsearch/?_msg_field=message HTTP/1.1",
            "POST /insert/elasticsearch/_bulk?filter_path=errors,items.*.status,items.*.error.type&_msg_field=message HTTP/1.1",
        ]
    );
}

#[test]
fn each_place_is_asked() {
    let [first, second] = [401, 204].map(|status| Receiver::start(move |_| (status, String::new())));
    let shipping = Shipping::to(loki(&first).or_at(endpoint(&second)));
    assert_eq!(shipping.ask(), ["401 Unauthorized"]);
    assert_eq!((first.requests().len(), second.requests().len()), (1, 1));
}

#[test]
fn a_tenant_that_is_refused_and_credentials_that_are_wrong_lose_lines_and_are_no_reason_to_try_again() {
    // Of Loki without a tenant, of a tenant whose ingestion is blocked, of a gateway.
    for (status, trouble) in
        [(401, Trouble::Status(401)), (260, Trouble::TurnedAway), (403, Trouble::Status(403))]
    {
        let receiver = Receiver::start(move |_| (status, String::from("no")));
        let shipping = Shipping::to(loki(&receiver));
        for _ in 0..3 {
            shipping.say(|| info!("lost"));
        }
        assert_eq!(shipping.books(), (3, 0, vec![(String::from("rejected"), 3)]), "{status}");
        assert_eq!(shipping.trouble(), Some(trouble));
    }
}
