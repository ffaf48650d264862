//! `_bulk`, as Elasticsearch reads it.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::sync::{Arc, Mutex};

use obs_export::http::Endpoint;
use obs_logs::{Elastic, INDEX_TEMPLATE, Output};
use serde_json::{Value, json};
use tracing::info;

use crate::lines::{Shipping, inside_a_request, quick};
use crate::receiver::{Receiver, Request};

/// The ids and documents of a request.
fn read(request: &Request) -> Vec<(String, Value)> {
    assert_eq!(
        request.line,
        "POST /logs-obs-shop/_bulk?filter_path=errors,items.*.status,items.*.error.type HTTP/1.1"
    );
    assert_eq!(request.header("content-type"), Some("application/x-ndjson"));
    let mut text = String::new();
    match request.header("content-encoding") {
        Some("gzip") => flate2::read::GzDecoder::new(&*request.body).read_to_string(&mut text).unwrap(),
        None => (&*request.body).read_to_string(&mut text).unwrap(),
        other => panic!("{other:?}"),
    };
    assert!(text.ends_with('\n'), "no newline at the end");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let pair = |pair: &[Value]| {
        let action = pair[0].as_object().unwrap();
        assert_eq!(action.keys().collect::<Vec<_>>(), ["create"], "data streams take nothing else");
        assert!(pair[1]["@timestamp"].is_string(), "{}", pair[1]);
        (action["create"]["_id"].as_str().unwrap().to_owned(), pair[1].clone())
    };
    lines.chunks(2).map(pair).collect()
}

/// A data stream: what is in it, by id, and how it answers.
fn index(
    stored: &Arc<Mutex<BTreeMap<String, Value>>>,
    mut judge: impl FnMut(&Value) -> u16 + Send + 'static,
) -> Receiver {
    let stored = Arc::clone(stored);
    Receiver::start(move |request| {
        let mut stored = stored.lock().unwrap();
        let items = read(request).into_iter().map(|(id, document)| {
            let status = if stored.contains_key(&id) { 409 } else { judge(&document) };
            if status == 201 {
                stored.insert(id, document);
            }
            status
        });
        let items: Vec<_> = items.collect();
        let errors = items.iter().any(|status| *status >= 300);
        let items: Vec<_> = items.iter().map(|status| json!({ "create": { "status": status } })).collect();
        (200, json!({ "errors": errors, "items": items }).to_string())
    })
}

fn elastic(receiver: &Receiver) -> Elastic {
    Elastic::new(Endpoint::parse(&receiver.url).unwrap(), "logs-obs-shop").retry(quick())
}

fn numbers(stored: &Mutex<BTreeMap<String, Value>>) -> Vec<u64> {
    let mut numbers: Vec<_> =
        stored.lock().unwrap().values().map(|document| document["n"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn a_line_is_a_document_of_the_common_schema_with_an_id_of_its_own() {
    for plain in [false, true] {
        let stored = Arc::default();
        let receiver = index(&stored, |_| 201);
        let elastic = elastic(&receiver);
        let shipping = Shipping::to(Output::from(if plain { elastic.uncompressed() } else { elastic }));
        shipping.say(|| inside_a_request(|| (0..50).for_each(|n| info!(n, "a line"))));
        let stored = stored.lock().unwrap();
        assert_eq!(stored.len(), 50);
        let document = stored.values().next().unwrap();
        assert_eq!(
            [&document["message"], &document["trace.id"], &document["service.name"]],
            ["a line", "0af7651916cd43dd8448eb211c80319c", "orders"]
        );
        assert_eq!(shipping.books(), (50, 50, vec![]));
    }
}

#[test]
fn no_two_outputs_give_the_same_id() {
    let stored = Arc::default();
    let receiver = index(&stored, |_| 201);
    for _ in 0..2 {
        Shipping::to(elastic(&receiver)).say(|| (0..20).for_each(|n| info!(n)));
    }
    let ids: HashSet<_> = stored.lock().unwrap().keys().cloned().collect();
    assert_eq!(ids.len(), 40);
}

#[test]
fn of_each_document_is_done_what_is_said_of_it() {
    let stored = Arc::default();
    let mut busy = HashSet::from([3, 4]);
    // 3 and 4 are turned away the first time, 5 can never be mapped.
    let receiver = index(&stored, move |document| match document["n"].as_u64().unwrap() {
        n if busy.remove(&n) => [429, 503][n as usize - 3],
        5 => 400,
        _ => 201,
    });
    let shipping = Shipping::to(elastic(&receiver));
    shipping.say(|| (0..8).for_each(|n| info!(n)));
    assert_eq!(numbers(&stored), [0, 1, 2, 3, 4, 6, 7]);
    let sent: Vec<_> = receiver.requests().iter().map(|request| read(request).len()).collect();
    assert_eq!(sent, [8, 2]);
    assert_eq!(shipping.books(), (8, 7, vec![(String::from("rejected"), 1)]));
}

#[test]
fn a_request_whose_answer_is_lost_makes_nothing_twice() {
    let stored = Arc::default();
    let inner = index(&stored, |_| 201);
    // Hands on what it gets, and says of the first that it failed.
    let (url, mut first) = (inner.url.clone(), true);
    let outer = Receiver::start(move |request| {
        let mut stream = std::net::TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
        let head = format!(
            "{}\r\ncontent-type: application/x-ndjson\r\ncontent-encoding: gzip\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            request.line,
            request.body.len()
        );
        std::io::Write::write_all(&mut stream, &[head.as_bytes(), &request.body].concat()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1.to_owned();
        if std::mem::take(&mut first) { (502, String::new()) } else { (200, body) }
    });
    let shipping = Shipping::to(elastic(&outer));
    shipping.say(|| (0..10).for_each(|n| info!(n)));
    assert_eq!(numbers(&stored), (0..10).collect::<Vec<_>>());
    assert_eq!((inner.requests().len(), shipping.books()), (2, (10, 10, vec![])));
}

#[test]
fn an_answer_that_says_nothing_of_documents_is_taken_for_none() {
    for body in ["", "<html>welcome</html>", "{}", r#"{"errors":true}"#, r#"{"errors":true,"items":[]}"#] {
        let receiver = Receiver::start(|_| (200, body.to_owned()));
        let shipping = Shipping::to(elastic(&receiver));
        shipping.say(|| (0..3).for_each(|n| info!(n)));
        assert_eq!(shipping.books(), (3, 0, vec![(String::from("rejected"), 3)]), "{body}");
    }
}

#[test]
fn what_is_too_large_arrives_in_halves() {
    let stored: Arc<Mutex<BTreeMap<String, Value>>> = Arc::default();
    let kept = Arc::clone(&stored);
    let receiver = Receiver::start(move |request| {
        let documents = read(request);
        if documents.len() > 4 {
            return (413, String::new());
        }
        let items: Vec<_> = documents.iter().map(|_| json!({ "create": { "status": 201 } })).collect();
        kept.lock().unwrap().extend(documents);
        (200, json!({ "errors": false, "items": items }).to_string())
    });
    let shipping = Shipping::to(elastic(&receiver));
    shipping.say(|| (0..10).for_each(|n| info!(n)));
    assert_eq!(numbers(&stored), (0..10).collect::<Vec<_>>());
    assert_eq!(shipping.books(), (10, 10, vec![]));
}

#[test]
fn the_template_is_json_and_matches_the_streams_it_is_for() {
    let template: Value = serde_json::from_str(INDEX_TEMPLATE).unwrap();
    assert_eq!(template["index_patterns"], json!(["logs-obs-*"]));
    assert!(template["data_stream"].is_object());
    assert_eq!(template["template"]["mappings"]["properties"]["@timestamp"]["type"], "date_nanos");
}
