//! Which lines go where, as routes of the file say.

use std::collections::BTreeSet;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

use super::running::{Running, ids};
use crate::service::Service;
use crate::service::until;

/// One line of each level; written out, because each is a call site of its own.
macro_rules! at_all_levels {
    ($($target:literal),*) => {$(
        tracing::error!(target: $target, "said");
        tracing::warn!(target: $target, "said");
        tracing::info!(target: $target, "said");
        tracing::debug!(target: $target, "said");
        tracing::trace!(target: $target, "said");
    )*};
}

/// As operators ask for it.
fn in_environment(env: &str) -> (Vec<String>, Vec<String>, usize) {
    let text = "
service: { env: ENV }
logs:
  level: trace
  outputs:
    loki_like: { type: file, path: FOLDER/loki.log }
    local_file: { type: file, path: FOLDER/deep/local.log }
    elk_like: { type: memory }
  routes:
    - { match: { env: prod, level: ERROR, module: payment }, output: loki_like }
    - { match: { env: dev, level: DEBUG }, output: local_file }
    - { default: elk_like }
";
    let running = Running::build(&format!("operators-{env}"), &text.replace("ENV", env));
    running.within(|| {
        at_all_levels!("shop::payment", "shop::payment::card", "payment", "shop::payments", "shop::cart");
        tracing::error!(target: "other", module = "payment", "said");
    });
    let said = |name: &str| {
        let said = |line: &serde_json::Value| {
            assert_eq!(line["message"], "said");
            format!("{} {}", line["level"].as_str().unwrap(), line["target"].as_str().unwrap())
        };
        running.lines(name).iter().map(said).collect::<Vec<_>>()
    };
    (said("loki.log"), said("deep/local.log"), running.memory("elk_like").len())
}

#[test]
fn each_line_goes_where_the_first_route_that_takes_it_says() {
    let payments = ["ERROR shop::payment", "ERROR shop::payment::card", "ERROR payment", "ERROR other"];
    let (loki, local, elk) = in_environment("prod");
    assert_eq!((loki, local.len(), elk), (payments.map(String::from).to_vec(), 0, 22));
    let debug = ["shop::payment", "shop::payment::card", "payment", "shop::payments", "shop::cart"];
    let (loki, local, elk) = in_environment("dev");
    assert_eq!((loki.len(), local, elk), (0, debug.map(|target| format!("DEBUG {target}")).to_vec(), 21));
    let (loki, local, elk) = in_environment("staging");
    assert_eq!((loki.len(), local.len(), elk), (0, 0, 26));
}

/// Lines of many kinds, each with its number.
fn say() {
    tracing::trace!(target: "shop::cart", id = 1);
    tracing::debug!(target: "shop::cart::add", id = 2);
    tracing::info!(target: "shop::payment", id = 3, tenant = "acme-eu", status = 200);
    tracing::warn!(target: "shop::payment::card", id = 4, tenant = "acme-us", status = 503);
    tracing::error!(target: "shop::refunds", id = 5, status = 500.5);
    tracing::info!(target: "app", id = 6, module = "payment");
    let _span = tracing::info_span!(target: "app", "work", tenant = "acme-span").entered();
    tracing::info!(target: "app", id = 7);
    tracing::error!(target: "app", id = 8, tenant = "other");
}

#[test]
fn a_condition_takes_the_lines_it_says_and_no_others() {
    let cases: [(&str, &[u64]); 24] = [
        ("{ level: '>=WARN' }", &[4, 5, 8]),
        ("{ level: '>warn' }", &[5, 8]),
        ("{ level: '<INFO' }", &[1, 2]),
        ("{ level: '<=DEBUG' }", &[1, 2]),
        ("{ level: DEBUG..WARN }", &[2, 3, 4, 6, 7]),
        ("{ level: [TRACE, error] }", &[1, 5, 8]),
        ("{ module: 'pay*' }", &[3, 4, 6]),
        ("{ module: 'shop::payment' }", &[3, 4]),
        ("{ module: 'cart::*' }", &[2]),
        ("{ module: [card, add] }", &[2, 4]),
        ("{ module: '*fund*' }", &[5]),
        ("{ target: 'shop::cart*' }", &[1, 2]),
        ("{ target: app }", &[6, 7, 8]),
        ("{ fields: { tenant: 'acme-*' } }", &[3, 4, 7]),
        ("{ fields: { status: '>=500' } }", &[4, 5]),
        ("{ fields: { status: '<500.5' } }", &[3]),
        ("{ fields: { status: [200, 503] } }", &[3, 4]),
        ("{ fields: { tenant: 'acme-*', status: '>200' } }", &[4]),
        ("{ any: [{ level: ERROR }, { module: cart }] }", &[1, 2, 5, 8]),
        ("{ all: [{ target: 'shop::*' }, { not: { level: '<WARN' } }] }", &[4, 5]),
        ("{ not: { target: 'shop::*' } }", &[6, 7, 8]),
        ("{ not: { any: [{ fields: { tenant: '*' } }, { level: '<=DEBUG' }] } }", &[5, 6]),
        ("{ env: 'pr*', level: WARN, not: { module: cart } }", &[4]),
        ("{ env: [dev, prod], fields: { tenant: other } }", &[8]),
    ];
    for (at, (condition, expected)) in cases.into_iter().enumerate() {
        let text = format!(
            "
service: {{ env: prod }}
logs:
  level: trace
  outputs: {{ hit: {{ type: memory }}, rest: {{ type: memory }} }}
  routes: [{{ match: {condition}, output: hit }}, {{ default: rest }}]
"
        );
        let running = Running::build(&format!("condition-{at}"), &text);
        running.within(say);
        let rest: Vec<_> = (1..=8).filter(|id| !expected.contains(id)).collect();
        assert_eq!(ids(&running.memory("hit")), expected, "{condition}");
        assert_eq!(ids(&running.memory("rest")), rest, "{condition}");
    }
}

#[test]
fn a_line_goes_to_one_output_to_several_or_to_none() {
    let text = "
logs:
  level: debug
  outputs: { a: { type: memory }, b: { type: memory, format: logfmt }, c: { type: memory } }
";
    let run = |name: &str, routes: &str| {
        let running = Running::build(name, &format!("{text}{routes}"));
        running.within(say);
        ["a", "b", "c"].map(|output| running.obs.lines_in(output).unwrap().len())
    };
    assert_eq!(run("no-routes", ""), [7, 7, 7]);
    let fan = "  routes: [{ match: { level: ERROR }, output: [a, b] }, { default: [c] }]";
    assert_eq!(run("fan-out", fan), [2, 2, 5]);
    let nowhere =
        "  routes: [{ match: { module: shop }, output: [] }, { match: { level: INFO }, output: a }]";
    assert_eq!(run("nowhere", nowhere), [2, 0, 0]);
    let running = Running::build("unknown-memory", text);
    assert!(running.obs.lines_in("d").is_none());
}

#[test]
fn access_lines_are_routed_by_their_own_fields_and_by_those_of_the_request() {
    let text = "
logs:
  outputs: { failed: { type: memory }, acme: { type: memory }, rest: { type: memory } }
  routes:
    - { match: { target: 'obs::access', fields: { status_code: '>=500' } }, output: [failed, rest] }
    - { match: { fields: { tenant: acme } }, output: acme }
    - { default: rest }
";
    let running = Running::build("access", text);
    let handler = async |axum::extract::Path(tenant): axum::extract::Path<String>| {
        let failed = tenant == "broken";
        tracing::info!(target: "shop", "before it is known");
        obs::current().set("tenant", tenant.as_str());
        tracing::info!(target: "shop", "after");
        if failed { StatusCode::BAD_GATEWAY } else { StatusCode::OK }
    };
    let router = Router::new().route("/{tenant}", get(handler)).layer(running.obs.layer());
    let service = Service::start(router);
    for (path, status) in [("/acme", 200), ("/other", 200), ("/broken", 502)] {
        assert_eq!(service.get(path).status, status);
    }
    let said = |output: &str| {
        let line = |line: &serde_json::Value| {
            format!("{} {}", line["message"].as_str().unwrap(), line["path"].as_str().unwrap_or("-"))
        };
        running.memory(output).iter().map(line).collect::<Vec<_>>()
    };
    until("the requests have ended", || said("failed").len() == 1);
    assert_eq!(said("failed"), ["request /broken"]);
    assert_eq!(said("acme"), ["after -", "request /acme"]);
    let mut rest = said("rest");
    rest.sort();
    let before = "before it is known -";
    assert_eq!(rest, ["after -", "after -", before, before, before, "request /broken", "request /other"]);
    let books: BTreeSet<_> = ["failed", "acme", "rest"].map(|name| format!("logs_{name}")).into();
    let scrape = running.scrape();
    let named = scrape.samples.iter().filter_map(|sample| sample.label("pipeline"));
    let named: BTreeSet<_> = named.filter(|name| name.starts_with("logs_")).map(String::from).collect();
    assert_eq!(named, books, "each output has books by its name");
}
