//! Names of attributes against the registry of the OpenTelemetry semantic conventions. The file beside this has the registry's
//! names in the namespaces that are written to, of the version that it says.

use std::collections::{BTreeMap, BTreeSet};

use obs_core::keys::{attribute, log_attribute, resource};

const REGISTRY: &str = include_str!("../semantic-conventions.txt");

/// Names that are nobody's but ours.
const OWN: [&str; 15] = [
    "cache.hit",
    "cache.key",
    "job.name",
    "level",
    "obs.client.attempts",
    "obs.gave_way",
    "obs.head_ms",
    "obs.kept",
    "obs.outcome",
    "obs.sampled.head",
    "obs.spans.dropped",
    // gRPC's own name (gRPC proposal A72).
    "previous-rpc-attempts",
    "request_id",
    "target",
    "trace_url",
];

/// Deprecated names that are written all the same, each with the reason.
const KEPT: [(&str, &str); 1] =
    [("code.namespace", "what has taken its place names a function, and a span of tracing need not be one")];

/// What a standard says of a name: how stable it is, and whether it is deprecated.
fn registry() -> BTreeMap<&'static str, (&'static str, bool)> {
    let rows = REGISTRY.lines().filter(|line| !line.starts_with('#'));
    rows.map(|row| {
        let mut words = row.split(' ');
        let (name, stability) = (words.next().unwrap(), words.next().unwrap());
        (name, (stability, words.next() == Some("deprecated")))
    })
    .collect()
}

#[test]
fn the_file_says_where_it_comes_from() {
    for what in
        ["# version: 1.", "# commit: ", "# source: https://github.com/open-telemetry/semantic-conventions/"]
    {
        assert!(REGISTRY.contains(what), "{what}");
    }
    let registry = registry();
    assert_eq!(registry["db.query.text"], ("stable", false));
    assert_eq!(registry["db.statement"], ("development", true));
    assert!(registry.len() > 300);
}

#[test]
fn every_attribute_is_in_the_registry_or_our_own() {
    let registry = registry();
    let standard: BTreeSet<_> = registry.keys().filter_map(|name| Some(name.split_once('.')?.0)).collect();
    let all = attribute::ALL.iter().chain(resource::ALL).chain(log_attribute::ALL);
    let mut own = BTreeSet::new();
    for name in all {
        let is_standard = name.split_once('.').is_some_and(|(namespace, _)| standard.contains(namespace));
        match registry.get(name) {
            Some((_, true)) => assert!(KEPT.iter().any(|(kept, _)| kept == name), "{name} is deprecated"),
            Some(_) => {}
            None if is_standard => {
                panic!("{name} is in a namespace of the standard's, which does not know it")
            }
            None => {
                own.insert(*name);
            }
        }
    }
    let expected: BTreeSet<_> = OWN.into_iter().collect();
    assert!(own.is_superset(&expected), "{expected:?} are written");
    let others: Vec<_> = own.difference(&expected).collect();
    assert!(others.iter().all(|name| log_attribute::ALL.contains(name)), "{others:?} are listed by name");
    for (kept, _) in KEPT {
        assert!(registry[kept].1, "{kept} is not deprecated any more");
    }
}

/// Those of HTTP and databases that dashboards are built on.
#[test]
fn what_is_required_of_stable_spans_is_stable() {
    let registry = registry();
    for name in [
        attribute::HTTP_REQUEST_METHOD,
        attribute::HTTP_ROUTE,
        attribute::HTTP_RESPONSE_STATUS_CODE,
        attribute::URL_FULL,
        attribute::URL_PATH,
        attribute::URL_SCHEME,
        attribute::SERVER_ADDRESS,
        attribute::SERVER_PORT,
        attribute::CLIENT_ADDRESS,
        attribute::ERROR_TYPE,
        attribute::DB_SYSTEM_NAME,
        attribute::DB_NAMESPACE,
        attribute::DB_COLLECTION_NAME,
        attribute::DB_OPERATION_NAME,
        attribute::DB_QUERY_SUMMARY,
        attribute::DB_QUERY_TEXT,
        attribute::DB_RESPONSE_STATUS_CODE,
        attribute::DB_OPERATION_BATCH_SIZE,
    ] {
        assert_eq!(registry[name], ("stable", false), "{name}");
    }
}
