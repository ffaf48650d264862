//! Pushes, as Loki reads them.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use obs_export::http::Endpoint;
use obs_logs::{Format, Loki, Output};
use prost::Message;
use serde_json::{Value, json};
use tracing::{error, info};

use crate::lines::{LONG, NOW, Shipping, inside_a_request, quick};
use crate::receiver::{Receiver, Request};

/// `logproto.PushRequest` of Loki's `push.proto`.
#[derive(Clone, PartialEq, Message)]
struct Push {
    #[prost(message, repeated, tag = "1")]
    streams: Vec<Stream>,
}

#[derive(Clone, PartialEq, Message)]
struct Stream {
    #[prost(string, tag = "1")]
    labels: String,
    #[prost(message, repeated, tag = "2")]
    entries: Vec<Entry>,
}

#[derive(Clone, PartialEq, Message)]
struct Entry {
    #[prost(message, optional, tag = "1")]
    timestamp: Option<Timestamp>,
    #[prost(string, tag = "2")]
    line: String,
    #[prost(message, repeated, tag = "3")]
    metadata: Vec<Pair>,
}

#[derive(Clone, PartialEq, Message)]
struct Timestamp {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Pair {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

/// One stream: labels, and of each line the nanoseconds, the text and what stands beside it.
type Pushed = (String, Vec<(u64, String, BTreeMap<String, String>)>);

fn read(request: &Request) -> Pushed {
    assert_eq!(request.line, "POST /loki/api/v1/push HTTP/1.1");
    match request.header("content-type").unwrap() {
        "application/x-protobuf" => {
            assert_eq!(request.header("content-encoding"), None);
            let push = snap::raw::Decoder::new().decompress_vec(&request.body).unwrap();
            let mut push = Push::decode(&*push).unwrap();
            let stream = push.streams.remove(0);
            assert!(push.streams.is_empty());
            let entry = |entry: Entry| {
                let time = entry.timestamp.unwrap();
                let metadata = entry.metadata.into_iter().map(|pair| (pair.name, pair.value)).collect();
                (time.seconds as u64 * 1_000_000_000 + time.nanos as u64, entry.line, metadata)
            };
            (stream.labels, stream.entries.into_iter().map(entry).collect())
        }
        "application/json" => {
            assert_eq!(request.header("content-encoding"), Some("gzip"));
            let mut text = String::new();
            flate2::read::GzDecoder::new(&*request.body).read_to_string(&mut text).unwrap();
            let push: Value = serde_json::from_str(&text).unwrap();
            let [stream] = push["streams"].as_array().unwrap().as_slice() else { panic!("{push}") };
            let entry = |entry: &Value| {
                let [time, line, metadata] = entry.as_array().unwrap().as_slice() else { panic!("{entry}") };
                let metadata = metadata.as_object().unwrap().iter();
                let metadata =
                    metadata.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
                (
                    time.as_str().unwrap().parse().unwrap(),
                    line.as_str().unwrap().to_owned(),
                    metadata.collect(),
                )
            };
            let labels = stream["stream"].as_object().unwrap().iter();
            let labels: Vec<_> = labels.map(|(name, value)| format!("{name}={value}")).collect();
            (
                format!("{{{}}}", labels.join(", ")),
                stream["values"].as_array().unwrap().iter().map(entry).collect(),
            )
        }
        other => panic!("{other}"),
    }
}

fn loki(receiver: &Receiver) -> Loki {
    Loki::new(Endpoint::parse(&receiver.url).unwrap()).retry(quick())
}

#[test]
fn a_line_is_an_entry_of_one_stream_with_its_ids_beside_it() {
    for json in [false, true] {
        let receiver = Receiver::start(|_| (204, String::new()));
        let loki = loki(&receiver).label("cluster", "eu \"1\"").unwrap().tenant("shop").unwrap();
        let output = Output::from(if json { loki.json() } else { loki });
        let shipping = Shipping::to(output.format(Format::Logfmt));
        shipping.say(|| {
            inside_a_request(|| info!(target: "shop", order = 42, "say \"hi\"\n,[\""));
            error!(target: "shop", "outside");
        });
        let [request] = receiver.requests().try_into().unwrap();
        assert_eq!(request.header("x-scope-orgid"), Some("shop"));
        let (labels, entries) = read(&request);
        assert_eq!(labels, r#"{cluster="eu \"1\"", env="prod", service_name="orders"}"#);
        let beside = |pairs: Value| serde_json::from_value::<BTreeMap<String, String>>(pairs).unwrap();
        let [first, second] = entries.try_into().unwrap();
        assert_eq!((first.0, second.0), (NOW, NOW));
        assert_eq!(
            first.1,
            r#"timestamp=2026-10-03T12:34:56.123456Z level=INFO target=shop message="say \"hi\"\n,[\"" order=42 service=orders trace_id=0af7651916cd43dd8448eb211c80319c span_id=b7ad6b7169203331 request_id=ORD-2024-98765"#
        );
        assert_eq!(
            first.2,
            beside(json!({
                "level": "info", "trace_id": "0af7651916cd43dd8448eb211c80319c",
                "span_id": "b7ad6b7169203331", "request_id": "ORD-2024-98765",
            }))
        );
        assert_eq!(second.2, beside(json!({ "level": "error" })));
        assert_eq!(shipping.books(), (2, 2, vec![]));
    }
}

#[test]
fn what_is_too_large_arrives_in_halves_and_in_order() {
    for json in [false, true] {
        // No more than three lines at once.
        let receiver = Receiver::start(|request| {
            if read(request).1.len() > 3 { (413, String::from("too large")) } else { (204, String::new()) }
        });
        let loki = loki(&receiver);
        let shipping = Shipping::to(if json { loki.json() } else { loki });
        shipping.say(|| (0..10).for_each(|n| info!(n, "a line ,[\"{n}\"")));
        let requests = receiver.requests();
        let taken = requests.iter().map(read).filter(|(_, entries)| entries.len() <= 3);
        let lines: Vec<_> = taken.flat_map(|(_, entries)| entries).map(|(_, line, _)| line).collect();
        let numbers: Vec<_> = lines
            .iter()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["n"].as_u64().unwrap())
            .collect();
        assert_eq!(numbers, (0..10).collect::<Vec<_>>());
        assert_eq!(shipping.books(), (10, 10, vec![]));
    }
}

#[test]
fn what_has_gathered_while_a_receiver_was_away_goes_in_requests_of_a_bounded_size() {
    const BATCH: usize = 8_000;
    for json in [false, true] {
        let (asked, away) = (AtomicBool::new(false), AtomicBool::new(true));
        let state = Arc::new((asked, away));
        let seen = Arc::clone(&state);
        let receiver = Receiver::start(move |_| {
            seen.0.store(true, Ordering::SeqCst);
            (if seen.1.load(Ordering::SeqCst) { 503 } else { 204 }, String::new())
        });
        let loki = loki(&receiver).batch_bytes(BATCH);
        let shipping = Shipping::to(if json { loki.json() } else { loki });
        shipping.begin(|| info!(n = 0));
        while !state.0.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        shipping.begin(|| (1..500).for_each(|n| info!(n, "a line that waits ,[")));
        state.1.store(false, Ordering::SeqCst);
        shipping.logs.flush(LONG).unwrap();
        let requests = receiver.requests();
        let taken: Vec<_> =
            requests.iter().map(|request| read(request).1).skip_while(|lines| lines.len() == 1).collect();
        let bytes = taken.iter().map(|lines| lines.iter().map(|(_, line, _)| line.len()).sum::<usize>());
        let most = bytes.max().unwrap();
        assert!(most > BATCH / 2 && most <= 2 * BATCH, "{most}");
        assert_eq!(taken.iter().map(Vec::len).sum::<usize>(), 499);
        assert_eq!(shipping.books(), (500, 500, vec![]));
    }
}

#[test]
fn answers_mean_what_loki_means_by_them() {
    let lost = |reason: &str| (3, 0, vec![(reason.to_owned(), 3)]);
    for (answers, requests, books) in [
        (&[429, 503, 500, 204][..], 4, (3, 3, vec![])),
        // Final, though some of it may be there.
        (&[400], 1, lost("rejected")),
        (&[401], 1, lost("rejected")),
        // Ingestion is blocked: nothing was kept.
        (&[260], 1, lost("rejected")),
        (&[301], 1, lost("rejected")),
    ] {
        let mut script = answers.iter();
        let receiver = Receiver::start(move |_| (*script.next().unwrap(), String::new()));
        let shipping = Shipping::to(loki(&receiver));
        shipping.say(|| (0..3).for_each(|n| info!(n)));
        assert_eq!(receiver.requests().len(), requests, "{answers:?}");
        assert_eq!(shipping.books(), books, "{answers:?}");
    }
}

#[test]
fn lines_that_are_missing_are_told_in_front_of_those_that_come_next() {
    let mut answers = [400, 204, 204].into_iter();
    let receiver = Receiver::start(move |_| (answers.next().unwrap(), String::new()));
    let shipping = Shipping::to(loki(&receiver));
    shipping.say(|| (0..3).for_each(|n| info!(n, "lost")));
    shipping.say(|| info!("here"));
    let lines: Vec<_> = receiver.requests()[1..].iter().flat_map(|request| read(request).1).collect();
    let said: Vec<Value> = lines.iter().map(|(_, line, _)| serde_json::from_str(line).unwrap()).collect();
    assert_eq!([&said[0]["message"], &said[1]["message"]], ["lost 3 lines", "here"]);
    assert_eq!(said[0]["reason"], "rejected");
    assert_eq!(lines[0].2["level"], "warn");
    assert_eq!(shipping.books(), (4, 1, vec![(String::from("rejected"), 3)]));
}
