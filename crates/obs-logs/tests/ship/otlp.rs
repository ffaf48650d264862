//! Log records, as the official types read them, over both ways to send them.

use std::collections::BTreeMap;
use std::io::Read;
use std::time::Duration;

use obs_core::Outcome;
use obs_core::observe::{self, End, Method};
use obs_export::http::{Encoding, Endpoint};
use obs_logs::{Otlp, Output};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use prost::Message;
use tracing::{debug, error, info, info_span, trace, warn};

use crate::called::{Called, Say};
use crate::lines::{NOW, Shipping, inside_a_request, quick};
use crate::receiver::{Receiver, Request};

fn value(value: Option<AnyValue>) -> Value {
    value.and_then(|any| any.value).expect("a value")
}

fn pairs(pairs: Vec<KeyValue>) -> Vec<(String, Value)> {
    let read: Vec<_> = pairs.into_iter().map(|pair| (pair.key, value(pair.value))).collect();
    let names: BTreeMap<_, _> = read.iter().map(|(key, _)| (key, ())).collect();
    assert_eq!(names.len(), read.len(), "a name stands twice: {read:?}");
    read
}

fn text(text: &str) -> Value {
    Value::StringValue(text.to_owned())
}

/// Checks all that stands around the records.
fn read(message: &[u8]) -> Vec<LogRecord> {
    let request = ExportLogsServiceRequest::decode(message).unwrap();
    let [resource_logs] = request.resource_logs.try_into().unwrap();
    let resource = pairs(resource_logs.resource.unwrap().attributes);
    assert!(resource.contains(&("service.name".into(), text("orders"))), "{resource:?}");
    assert!(resource.contains(&("deployment.environment.name".into(), text("prod"))), "{resource:?}");
    let [scope_logs] = resource_logs.scope_logs.try_into().unwrap();
    assert_eq!(scope_logs.scope.unwrap().name, "obs");
    assert!(!scope_logs.log_records.is_empty(), "no empty envelopes");
    for record in &scope_logs.log_records {
        assert_eq!((record.time_unix_nano, record.observed_time_unix_nano), (NOW, NOW));
        assert!(matches!(record.trace_id.len(), 0 | 16) && matches!(record.span_id.len(), 0 | 8));
    }
    scope_logs.log_records
}

fn posted(request: &Request) -> Vec<LogRecord> {
    assert_eq!(request.line, "POST /v1/logs HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("application/x-protobuf"));
    match request.header("content-encoding") {
        None => read(&request.body),
        Some(encoding) => {
            assert_eq!(encoding, "gzip");
            read(&gunzipped(&request.body))
        }
    }
}

fn gunzipped(bytes: &[u8]) -> Vec<u8> {
    let mut read = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut read).unwrap();
    read
}

fn to(url: &str) -> Otlp {
    Otlp::new(Endpoint::parse(url).unwrap()).retry(quick())
}

/// What `work` says to an output by http/protobuf.
fn records(change: impl FnOnce(Output) -> Output, work: impl FnOnce()) -> Vec<LogRecord> {
    let receiver = Receiver::start(|_| (200, String::new()));
    let shipping = Shipping::to(change(to(&receiver.url).into()));
    shipping.say(work);
    let records: Vec<_> = receiver.requests().iter().flat_map(posted).collect();
    assert_eq!(shipping.books(), (records.len() as u64, records.len() as u64, vec![]));
    records
}

fn body(record: &LogRecord) -> Value {
    value(record.body.clone())
}

fn said(records: &[LogRecord]) -> Vec<Value> {
    records.iter().map(body).collect()
}

#[test]
fn a_line_is_a_record_whose_fields_keep_their_types() {
    let [record] = records(
        |output| output,
        || {
            let span = info_span!("checkout", cart = 7, shop = "eu");
            let _open = span.enter();
            info!(
                target: "shop", order = 42, least = i64::MIN, most = u64::MAX, wide = i128::MAX, ratio = 0.1,
                nan = f64::NAN, yes = true, no = false, name = "Ada \"L\"\n\u{0}é", shown = ?Some(1), target = "mine",
                password = "hunter2", "ordered"
            );
        },
    )
    .try_into()
    .unwrap();
    assert_eq!(body(&record), text("ordered"));
    assert_eq!((record.severity_number, record.severity_text.as_str()), (9, "INFO"));
    assert!(record.trace_id.is_empty() && record.span_id.is_empty() && record.flags == 0);
    let mut attributes = pairs(record.attributes);
    let nan = attributes.remove(attributes.iter().position(|(key, _)| key == "nan").unwrap());
    assert!(matches!(nan.1, Value::DoubleValue(value) if value.is_nan()));
    let expected = [
        ("target", text("shop")),
        ("order", Value::IntValue(42)),
        ("least", Value::IntValue(i64::MIN)),
        // The protocol has none that large.
        ("most", text("18446744073709551615")),
        ("wide", text("170141183460469231731687303715884105727")),
        ("ratio", Value::DoubleValue(0.1)),
        ("yes", Value::BoolValue(true)),
        ("no", Value::BoolValue(false)),
        ("name", text("Ada \"L\"\n\u{0}é")),
        ("shown", text("Some(1)")),
        ("field.target", text("mine")),
        ("password", text("[redacted]")),
        ("cart", Value::IntValue(7)),
        ("shop", text("eu")),
    ];
    assert_eq!(attributes, expected.map(|(key, value)| (key.to_owned(), value)));
}

#[test]
fn every_level_has_the_number_of_the_data_model() {
    let records = records(
        |output| output,
        || {
            error!("e");
            warn!("w");
            info!("i");
            debug!("d");
            trace!("below the filter");
        },
    );
    let levels: Vec<_> =
        records.iter().map(|record| (record.severity_number, record.severity_text.as_str())).collect();
    assert_eq!(levels, [(17, "ERROR"), (13, "WARN"), (9, "INFO"), (5, "DEBUG")]);
}

#[test]
fn a_record_in_a_request_has_its_ids() {
    let [record, outside] = records(
        |output| output,
        || {
            inside_a_request(|| info!("in"));
            // Bytes at the end of it that might be taken for white space.
            info!(last = "\n \t\r");
        },
    )
    .try_into()
    .unwrap();
    assert_eq!(
        record.trace_id,
        [0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c]
    );
    assert_eq!(record.span_id, [0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31]);
    assert_eq!(record.flags, 1);
    let attributes = pairs(record.attributes);
    assert!(attributes.contains(&("request_id".to_owned(), text("ORD-2024-98765"))), "{attributes:?}");
    assert_eq!(outside.body, None);
    assert_eq!(pairs(outside.attributes)[1], ("last".to_owned(), text("\n \t\r")));
    assert!(outside.trace_id.is_empty());
}

#[test]
fn what_an_output_renames_drops_and_bounds_holds_of_records() {
    let long = "é".repeat(3_000);
    let change = |output: Output| {
        output.rename("order", "order.id").drop_field("target").max_field_bytes(101).max_line_bytes(2_048)
    };
    let work = || {
        info!(order = 1, note = &*long, "ordered");
        info!("{}", "x".repeat(5_000));
        info!(a = &*"x".repeat(90), "{}", "y".repeat(90));
    };
    let records = records(change, work);
    let cut = |text: &str, bytes: usize| self::text(&format!("{}…", &text[..bytes]));
    assert_eq!(
        pairs(records[0].attributes.clone()),
        [
            ("order.id".to_owned(), Value::IntValue(1)),
            ("note".to_owned(), cut(&long, 100)),
            ("truncated".to_owned(), Value::BoolValue(true)),
        ]
    );
    assert_eq!(body(&records[1]), cut(&"x".repeat(101), 101));
    assert_eq!(pairs(records[2].attributes.clone()), [("a".to_owned(), text(&"x".repeat(90)))]);
}

#[test]
fn a_long_record_fills_the_line_and_no_more() {
    let long = "x\"\u{1}é".repeat(200_000);
    let records = records(
        |output| output,
        || {
            error!(a = &*long, b = 1, "first");
            error!(a = 1, "{long}");
        },
    );
    for record in &records {
        let size = record.encoded_len();
        assert!((250_000..obs_logs::MAX_LINE_BYTES).contains(&size), "{size}");
        let attributes = pairs(record.attributes.clone());
        assert!(attributes.contains(&("truncated".to_owned(), Value::BoolValue(true))));
    }
    assert_eq!(body(&records[0]), text("first"));
    let Value::StringValue(body) = body(&records[1]) else { panic!() };
    assert!(body.ends_with('…') && long.starts_with(body.trim_end_matches('…')));
}

#[test]
fn an_access_line_is_a_record_with_the_names_of_the_conventions() {
    let receiver = Receiver::start(|_| (200, String::new()));
    let shipping = Shipping::to(to(&receiver.url));
    let mut request = observe::Request::new(Method::Get, "/users/42");
    request.peer = Some("[::ffff:10.1.2.3]:4567".parse().unwrap());
    let mut end = End::new(Outcome::TimedOut, Duration::from_micros(12_345));
    end.status = Some(504);
    shipping.access(&request, &end);
    let [record] = posted(&receiver.requests()[0]).try_into().unwrap();
    let attributes = pairs(record.attributes);
    for (key, value) in [
        ("target", text("obs::access")),
        ("http.response.status_code", Value::IntValue(504)),
        ("duration_ms", Value::DoubleValue(12.345)),
        ("client.address", text("10.1.2.3")),
    ] {
        assert!(attributes.contains(&(key.to_owned(), value)), "{key}: {attributes:?}");
    }
}

#[test]
fn both_ways_bring_the_same_records_compressed_or_not() {
    let work = || (0..3).for_each(|n| info!(n, "a line"));
    let mut seen = Vec::new();
    for encoding in [Encoding::Plain, Encoding::Gzip] {
        let receiver = Receiver::start(|_| (200, String::new()));
        let shipping = Shipping::to(to(&format!("{}/", receiver.url)).encoding(encoding));
        shipping.say(work);
        let [request] = receiver.requests().try_into().unwrap();
        assert_eq!(request.header("content-encoding").is_some(), encoding == Encoding::Gzip);
        seen.push(posted(&request));

        let server = Called::start([Say::status(0)]);
        let shipping = Shipping::to(to(&server.url()).grpc().encoding(encoding));
        shipping.say(work);
        let call = server.next();
        assert_eq!(call.path, "/opentelemetry.proto.collector.logs.v1.LogsService/Export");
        assert_eq!(call.is_compressed, encoding == Encoding::Gzip);
        seen.push(read(&if call.is_compressed { gunzipped(&call.message) } else { call.message }));
        assert_eq!(shipping.books(), (3, 3, vec![]));
    }
    assert!(seen[0].len() == 3 && seen.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_url_that_ends_in_the_path_has_it_once() {
    let receiver = Receiver::start(|_| (200, String::new()));
    Shipping::to(to(&format!("{}/v1/logs", receiver.url))).say(|| info!("x"));
    Shipping::to(to(&format!("{}/otlp", receiver.url))).say(|| info!("x"));
    let lines: Vec<_> = receiver.requests().into_iter().map(|request| request.line).collect();
    assert_eq!(lines, ["POST /v1/logs HTTP/1.1", "POST /otlp/v1/logs HTTP/1.1"]);
}

#[test]
fn answers_mean_what_otlp_means_by_them() {
    let lost = |reason: &str| (3, 0, vec![(reason.to_owned(), 3)]);
    for (answers, requests, books) in [
        (&[429, 502, 503, 504, 200][..], 5, (3, 3, vec![])),
        (&[400], 1, lost("rejected")),
        (&[401], 1, lost("rejected")),
        // Not in its table.
        (&[500], 1, lost("rejected")),
        (&[301], 1, lost("rejected")),
    ] {
        let mut script = answers.iter();
        let receiver = Receiver::start(move |_| (*script.next().unwrap(), String::new()));
        let shipping = Shipping::to(to(&receiver.url));
        shipping.say(|| (0..3).for_each(|n| info!(n)));
        assert_eq!(receiver.requests().len(), requests, "{answers:?}");
        assert_eq!(shipping.books(), books, "{answers:?}");
    }
}

#[test]
fn a_server_error_outside_of_the_table_is_final_without_a_word() {
    let receiver = Receiver::start(|_| (500, String::new()));
    let shipping = Shipping::to(Otlp::new(Endpoint::parse(&receiver.url).unwrap()));
    shipping.say(|| info!("x"));
    assert_eq!((receiver.requests().len(), shipping.books().1), (1, 0));
}

#[test]
fn a_partial_success_is_counted_and_never_sent_again() {
    let partial = |rejected_log_records| {
        let error_message = String::from("too old");
        let partial = ExportLogsPartialSuccess { rejected_log_records, error_message };
        ExportLogsServiceResponse { partial_success: Some(partial) }.encode_to_vec()
    };
    for (rejected, books) in [(2, (3, 1, vec![(String::from("rejected"), 2)])), (0, (3, 3, vec![]))] {
        let answer = String::from_utf8(partial(rejected)).unwrap();
        let receiver = Receiver::start(move |_| (200, answer.clone()));
        let shipping = Shipping::to(to(&receiver.url));
        shipping.say(|| (0..3).for_each(|n| info!(n)));
        assert_eq!((receiver.requests().len(), shipping.books()), (1, books.clone()));

        let server = Called::start([Say::Message(partial(rejected))]);
        let shipping = Shipping::to(to(&server.url()).grpc());
        shipping.say(|| (0..3).for_each(|n| info!(n)));
        assert_eq!((server.rest().len(), shipping.books()), (1, books));
    }
}

#[test]
fn what_is_too_large_arrives_in_parts_and_in_order() {
    // No more than three lines at once.
    let receiver = Receiver::start(|request| {
        if posted(request).len() > 3 { (413, String::from("too large")) } else { (200, String::new()) }
    });
    let shipping = Shipping::to(to(&receiver.url));
    shipping.say(|| (0..10).for_each(|n| info!("{n}")));
    let requests = receiver.requests();
    let taken = requests.iter().map(posted).filter(|records| records.len() <= 3);
    let numbers: Vec<_> = taken.flat_map(|records| said(&records)).collect();
    assert_eq!(numbers, (0..10).map(|n| text(&n.to_string())).collect::<Vec<_>>());
    assert_eq!(shipping.books(), (10, 10, vec![]));

    // Some 200 KiB, which a server of gRPC has not the room for.
    let exhausted = Say::Only(vec![("grpc-status", "8".into()), ("grpc-message", "too large".into())]);
    let server = Called::start([exhausted, Say::status(0)]);
    let shipping = Shipping::to(to(&server.url()).grpc().encoding(Encoding::Plain));
    let long = "x".repeat(20_000);
    shipping.say(|| (0..10).for_each(|n| info!(long, "{n}")));
    let calls: Vec<_> = server.rest().iter().map(|call| read(&call.message).len()).collect();
    assert_eq!(calls, [10, 5, 5]);
    assert_eq!(shipping.books(), (10, 10, vec![]));
}

#[test]
fn lines_that_are_missing_are_told_in_front_of_those_that_come_next() {
    let mut answers = [400, 200, 200].into_iter();
    let receiver = Receiver::start(move |_| (answers.next().unwrap(), String::new()));
    let shipping = Shipping::to(to(&receiver.url));
    shipping.say(|| (0..3).for_each(|n| info!(n, "lost")));
    shipping.say(|| info!("here"));
    let records: Vec<_> = receiver.requests()[1..].iter().flat_map(posted).collect();
    assert_eq!(said(&records), [text("lost 3 lines"), text("here")]);
    assert_eq!(records[0].severity_number, 13);
    let attributes = pairs(records[0].attributes.clone());
    assert!(attributes.contains(&("lost".to_owned(), Value::IntValue(3))), "{attributes:?}");
    assert!(attributes.contains(&("reason".to_owned(), text("rejected"))), "{attributes:?}");
    assert_eq!(shipping.books(), (4, 1, vec![(String::from("rejected"), 3)]));
}
