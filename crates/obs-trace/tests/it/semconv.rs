//! Old names of attributes, by "HTTP semantic convention stability migration" and "Database semantic convention stability
//! migration" of the OpenTelemetry semantic conventions.

use std::borrow::Cow;

use obs_core::IdSource;
use obs_core::context::{Ids, TraceFlags};
use obs_core::fields::Value;
use obs_trace::SpanSink;
use obs_trace::record::{Attributes, Kind, List, SpanRecord};
use obs_trace::semconv::{Names, Renamed, Semconv};
use obs_trace::sink::{Memory, Scalar};

const CALL: [(&str, Value<'_>); 7] = [
    ("http.request.method", Value::Str("POST")),
    ("url.full", Value::Str("http://payments/pay")),
    ("server.address", Value::Str("payments")),
    ("server.port", Value::I64(80)),
    ("service.peer.name", Value::Str("payments")),
    ("http.response.status_code", Value::I64(200)),
    ("obs.outcome", Value::Str("success")),
];
const REQUEST: [(&str, Value<'_>); 6] = [
    ("http.request.method", Value::Str("GET")),
    ("url.path", Value::Str("/orders/7")),
    ("url.scheme", Value::Str("https")),
    ("server.address", Value::Str("shop")),
    ("client.address", Value::Str("10.0.0.7")),
    ("http.route", Value::Str("/orders/{id}")),
];
const QUERY: [(&str, Value<'_>); 6] = [
    ("db.system.name", Value::Str("microsoft.sql_server")),
    ("db.namespace", Value::Str("orders")),
    ("db.operation.name", Value::Str("SELECT")),
    ("db.collection.name", Value::Str("orders")),
    ("db.query.text", Value::Str("SELECT ?")),
    ("server.address", Value::Str("db")),
];

fn told(words: &[&str], kind: Kind, attributes: &[(&str, Value<'_>)]) -> Vec<String> {
    let (memory, ids) = (Memory::new(), IdSource::seeded(1));
    let ids = Ids { trace_id: ids.trace_id(), span_id: ids.span_id(), flags: TraceFlags::default() };
    let record = SpanRecord { kind, attributes: Attributes::new(attributes), ..SpanRecord::new(ids, "it") };
    Renamed::new(memory.clone(), Semconv::of(words.iter().copied())).export(&record);
    let text = |scalar: Scalar| match scalar {
        Scalar::Str(text) => text,
        Scalar::I64(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    let [span] = memory.take().try_into().unwrap();
    span.attributes.into_iter().map(|(key, value)| format!("{key}={}", text(value))).collect()
}

#[test]
fn old_names_stand_in_the_place_of_stable_ones() {
    assert_eq!(
        told(&["http/old"], Kind::Client, &CALL),
        [
            "http.method=POST",
            "http.url=http://payments/pay",
            "net.peer.name=payments",
            "net.peer.port=80",
            "peer.service=payments",
            "http.status_code=200",
            "obs.outcome=success",
        ]
    );
    assert_eq!(
        told(&["http/old"], Kind::Server, &REQUEST),
        [
            "http.method=GET",
            "http.target=/orders/7",
            "http.scheme=https",
            "net.host.name=shop",
            "net.sock.peer.addr=10.0.0.7",
            "http.route=/orders/{id}",
        ]
    );
    assert_eq!(
        told(&["database/old"], Kind::Client, &QUERY),
        [
            "db.system=mssql",
            "db.name=orders",
            "db.operation=SELECT",
            "db.sql.table=orders",
            "db.statement=SELECT ?",
            "server.address=db",
        ]
    );
}

#[test]
fn both_names_stand_beside_each_other_and_other_categories_are_left_alone() {
    assert_eq!(
        told(&["database/dup"], Kind::Client, &QUERY)[..4],
        ["db.system.name=microsoft.sql_server", "db.system=mssql", "db.namespace=orders", "db.name=orders"]
    );
    let plain: Vec<_> = told(&[], Kind::Client, &QUERY);
    assert_eq!(told(&["http/dup", "http/old"], Kind::Client, &QUERY), plain);
    assert_eq!(told(&["database/dup"], Kind::Client, &CALL), told(&[], Kind::Client, &CALL));
    assert_eq!(told(&["http/dup"], Kind::Client, &CALL).len(), 2 * CALL.len() - 1);
}

#[test]
fn words_are_those_of_the_variable_and_both_goes_first() {
    let of = |list: &str| Semconv::of(list.split(','));
    assert!(of("http,database,rpc,gen_ai_latest_experimental").is_stable());
    assert_eq!(of("http,http/dup"), Semconv { http: Names::Both, database: Names::Stable });
    assert_eq!(of("http/dup,http/old,database/old"), Semconv { http: Names::Both, database: Names::Old });
}

/// The registry of the semantic conventions, as far as it is looked at.
const REGISTRY: &str = include_str!("../../../obs-core/tests/semantic-conventions.txt");

#[test]
fn every_old_name_is_deprecated_in_favour_of_the_stable_one() {
    let sides = [(Kind::Client, &CALL[..]), (Kind::Server, &REQUEST[..]), (Kind::Client, &QUERY[..])];
    let name = |attribute: &String| attribute.split_once('=').unwrap().0.to_owned();
    let mut looked_at = 0;
    for (kind, attributes) in sides {
        let stable: Vec<_> = told(&[], kind, attributes).iter().map(name).collect();
        let old: Vec<_> = told(&["http/old", "database/old"], kind, attributes).iter().map(name).collect();
        for (old, stable) in old.into_iter().zip(stable).filter(|(old, stable)| old != stable) {
            let row = REGISTRY.lines().find_map(|row| row.strip_prefix(&format!("{old} "))).expect(&old);
            let (_, instead) = row.split_once("deprecated ").unwrap_or_else(|| panic!("{old}: {row}"));
            // Some were split, or moved by the side of the call, which has no one name.
            let is_named = instead.contains('.');
            // "If `http.client_ip` was unknown, then also `net.sock.peer.addr` -> `client.address`".
            if (old.as_str(), stable.as_str()) == ("net.sock.peer.addr", "client.address") {
                continue;
            }
            assert!(!is_named || instead == stable, "{old} became {instead}, not {stable}");
            looked_at += usize::from(is_named);
        }
    }
    assert!(looked_at >= 8, "{looked_at}");
}

#[test]
fn attributes_of_several_values_are_told_under_old_names_too() {
    let lists = [(Cow::Borrowed("http.request.header.accept"), List::Str(vec!["a".into(), "b".into()]))];
    let memory = Memory::new();
    let ids = IdSource::seeded(1);
    let ids = Ids { trace_id: ids.trace_id(), span_id: ids.span_id(), flags: TraceFlags::default() };
    let attributes = Attributes::new(&CALL).and_lists(&lists);
    let record = SpanRecord { kind: Kind::Client, attributes, ..SpanRecord::new(ids, "it") };
    Renamed::new(memory.clone(), Semconv::of(["http/old"])).export(&record);
    let [span] = memory.take().try_into().unwrap();
    let expected = Scalar::List(["a", "b"].map(|text| Scalar::Str(text.to_owned())).into());
    assert_eq!(span.attribute("http.request.header.accept"), Some(&expected));
    assert_eq!(span.attribute("http.method"), Some(&Scalar::Str("POST".to_owned())));
}
