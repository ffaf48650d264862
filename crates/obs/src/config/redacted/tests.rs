//! What is printed says the same as the file, and nothing of its secrets.

use super::super::layers::tests::laid;
use super::*;

const FULL: &str = "
service: { name: shop, version: 1.10, env: prod, attributes: { team: core } }
metrics:
  buckets: [{ metric: a, bounds: [1, 2] }, { suffix: _bytes, bounds: [0.5] }]
  labels: [env, team]
  process: false
logs: { level: debug, format: json, file: { path: '/x \"y\".log', rotate: daily, keep: 7 }, colour: off }
traces:
  endpoint: http://c:4318
  sampler: traceidratio
  ratio: 0.25
  trust: edge
  limits: { attribute_length: 10 }
links: { to: { jaeger: 'https://j', wiki: 'https://w/{trace_id}?a=1' }, on_line: jaeger }
health: { stale_after: 1m }
admin: off
drain: { delay: 1500ms }
";

#[test]
fn what_is_printed_can_be_read_and_says_the_same() {
    let config = laid(FULL, &[]).unwrap();
    let printed = config.redacted();
    let again = laid(&printed, &[]).unwrap_or_else(|error| panic!("{error}\n{printed}"));
    assert_eq!(again.redacted(), printed);
    let changes = config.clone().take_up(&again);
    assert_eq!((changes.taken_up, changes.waiting), (vec![], vec![]));
    assert!(printed.contains("\nlogs:\n  level: \"debug\"\n"), "{printed}");
    assert!(printed.contains("\n  file:\n    path: \"/x \\\"y\\\".log\"\n    rotate: daily\n"), "{printed}");
}

#[test]
fn what_can_be_taken_up_is_and_the_rest_is_named() {
    let mut running = laid(FULL, &[]).unwrap();
    let new = FULL.replace("debug", "warn").replace("0.25", "0.5").replace("1500ms", "1s");
    let changes = running.take_up(&laid(&new, &[]).unwrap());
    assert_eq!(
        (changes.taken_up, changes.waiting),
        (vec!["logs.level", "traces.ratio"], vec!["drain.delay"])
    );
    assert_eq!((running.logs.filter.as_str(), running.traces.sampler.ratio()), ("warn", Some(0.5)));
    assert_eq!(running.drain.delay.as_millis(), 1_500);
    // A share needs a sampler that takes one.
    let mut running = laid("traces: { sampler: always_on }", &[]).unwrap();
    let changes = running.take_up(&laid("traces: { ratio: 0.5 }", &[]).unwrap());
    assert_eq!((changes.taken_up, changes.waiting), (vec![], vec!["traces.sampler", "traces.ratio"]));
}

#[test]
fn no_secret_is_printed() {
    let file = "
service: { name: \"${env:NAME}\", attributes: { db.password: hunter2, team: \"${env:TEAM}\" } }
metrics: { default_buckets: [1, \"${env:NUMBER}\"], labels: [\"${env:TEAM}\"] }
logs: { level: \"${env:LEVEL}\" }
traces:
  endpoint: http://c:4318/v1/traces?key=hunter2
  headers: { x-plain: hunter2, authorization: 'Bearer hunter2', x-tenant: \"${env:TENANT}\" }
drain: { delay: \"${env:DELAY}\" }
";
    let variables = [
        ("NAME", "hunter2"),
        ("TEAM", "name"),
        ("NUMBER", "22.2"),
        ("LEVEL", "hunter2=info"),
        ("TENANT", "hunter2"),
        ("DELAY", "7077ms"),
    ];
    let config = laid(file, &variables).unwrap();
    assert_eq!(config.resource.name, "hunter2");
    assert_eq!(config.drain.delay.as_millis(), 7077);
    for printed in
        [config.redacted(), format!("{config:?}"), format!("{config:#?}"), format!("{:?}", config.traces)]
    {
        for secret in ["hunter2", "22.2", "7077"] {
            assert!(!printed.contains(secret), "{secret} in {printed}");
        }
        assert!(printed.contains("authorization"), "{printed}");
    }
    // A variable that goes before the file is no secret of the file's.
    let config = laid(file, &[&variables[..], &[("OBS_LOG", "warn")]].concat()).unwrap();
    assert!(config.redacted().contains("level: \"warn\""));
}

#[test]
fn a_url_loses_what_may_let_somebody_in() {
    for (text, shown) in [
        ("http://c:4318/x", "http://c:4318/x"),
        ("http://user:pass@c:4318/x", "http://[redacted]@c:4318/x"),
        ("http://user:p@ss@c", "http://[redacted]@c"),
        ("http://c/x?key=1", "http://c/x?[redacted]"),
        ("user:pass@c", "[redacted]@c"),
    ] {
        assert_eq!(url(text), shown);
    }
}
