//! Bad files, each with the very words it is refused with.

use super::file::Yaml;

#[test]
fn every_kind_of_mistake_has_its_words() {
    let file = Yaml::new("mistakes", "");
    let mut others = Vec::new();
    let mut check = |text: &str, expected: &[&str]| {
        file.write(text);
        let mistakes = file.mistakes();
        if mistakes != expected {
            others.push(format!("{text}\n  said {mistakes:#?}\n  for  {expected:#?}"));
        }
    };
    // Unknown keys.
    check("logs:\n  levl: info", &["obs.yaml:2:3: logs.levl: unknown key; did you mean `level`?"]);
    check("log: {}", &["obs.yaml:1:1: log: unknown key; did you mean `logs`?"]);
    check("trust: edge", &["obs.yaml:1:1: trust: unknown key; did you mean `trust` under `traces`?"]);
    check(
        "drain: { quickly: true }",
        &["obs.yaml:1:10: drain.quickly: unknown key; known here are `delay` and `timeout`"],
    );
    check("logs.level: info", &["obs.yaml:1:1: logs.level: unknown key; did you mean `level` under `logs`?"]);
    check(
        "metrics: { buckets: [{ metrc: a, bounds: [1] }] }",
        &["obs.yaml:1:24: metrics.buckets[0].metrc: unknown key; did you mean `metric`?"],
    );
    check("logs: { <<: { level: info } }", &["obs.yaml:1:9: logs.<<: merge keys are not taken"]);
    check("? [a]\n: 1", &["obs.yaml:1:3: a key is a word here"]);
    // Keys that are there twice.
    check(
        "logs:\n  level: info\n  caller: true\n  level: warn",
        &["obs.yaml:4:3: logs.level: stands here a second time, first in line 2"],
    );
    check(
        "logs: {}\ntraces: {}\nlogs: {}",
        &["obs.yaml:3:1: logs: stands here a second time, first in line 1"],
    );
    check(
        "traces: { headers: { a: x, a: y } }",
        &["obs.yaml:1:28: traces.headers.a: stands here a second time, first in line 1"],
    );
    // Wrong types.
    check("logs: [level]", &["obs.yaml:1:7: logs: expected keys such as `level`, `format` or `output`"]);
    check("- logs", &["obs.yaml:1:1: expected keys such as `service`, `metrics` or `logs`"]);
    check(
        "logs: { level: [info] }",
        &["obs.yaml:1:16: logs.level: expected text that is not empty, not a list"],
    );
    check("logs: { level: }", &["obs.yaml:1:14: logs.level: has no value, expected text that is not empty"]);
    check(
        "logs: { level: '' }",
        &["obs.yaml:1:16: logs.level: `` is wrong, expected text that is not empty"],
    );
    check(
        "logs: { caller: yes }",
        &["obs.yaml:1:17: logs.caller: `yes` is wrong, expected `true` or `false`"],
    );
    check(
        "traces: { trust: edge, trusted_peers: [10.0.0.0/40] }",
        &[
            "obs.yaml:1:40: traces.trusted_peers: `10.0.0.0/40` is wrong: behind the slash belongs a number of bits, at most 32 for IPv4 and 128 for IPv6",
        ],
    );
    check(
        "traces: { extract: [tracecontext, b4] }",
        &["obs.yaml:1:11: traces.extract: `b4` is wrong; did you mean `b3`?"],
    );
    check(
        "traces: { inject: [xray] }",
        &[
            "obs.yaml:1:11: traces.inject: `xray` is wrong, expected names of tracecontext, b3, b3multi, jaeger, x-trace-id",
        ],
    );
    check(
        "traces: { trusted_peers: [10.0.0.1] }",
        &[
            "obs.yaml:1:11: traces.trusted_peers: has no effect: `traces.trust` is `internal`, which believes all",
        ],
    );
    check(
        "metrics: { labels: env }",
        &["obs.yaml:1:20: metrics.labels: expected a list of names such as [a, b], not `env`"],
    );
    check(
        "metrics: { labels: [env, env] }",
        &["obs.yaml:1:26: metrics.labels: `env` stands here a second time"],
    );
    check(
        "traces: { headers: [a] }",
        &["obs.yaml:1:20: traces.headers: expected text by name, such as { name: text }, not a list"],
    );
    // As the variable has them: not repeated, for they may be secret.
    check(
        "traces: { headers: 'authorization=hunter2' }",
        &["obs.yaml:1:20: traces.headers: expected text by name, such as { name: text }, not a text"],
    );
    check(
        "traces: { headers: { a: {} } }",
        &["obs.yaml:1:25: traces.headers.a: expected text that is not empty, not keys of its own"],
    );
    check(
        "metrics: { default_buckets: 5 }",
        &[
            "obs.yaml:1:29: metrics.default_buckets: expected a list of numbers such as [0.01, 0.1, 1], not `5`",
        ],
    );
    check(
        "metrics: { default_buckets: [a, 1, .inf, 2] }",
        &[
            "obs.yaml:1:30: metrics.default_buckets: `a` is wrong, expected a number",
            "obs.yaml:1:36: metrics.default_buckets: `.inf` is wrong, expected a number",
        ],
    );
    check(
        "metrics: { buckets: [1] }",
        &[
            "obs.yaml:1:22: metrics.buckets[0]: expected a rule such as { metric: name, bounds: [0.01, 0.1, 1] }",
        ],
    );
    check(
        "metrics: [{ name: a, typ: counter }]",
        &["obs.yaml:1:22: metrics.declare[0].typ: unknown key; did you mean `type`?"],
    );
    check("metrics: { declare: [{ name: a }] }", &["obs.yaml:1:22: metrics.declare[0]: has no `type`"]);
    check(
        "metrics: { declare: [{ name: a, type: timer, labels: b, buckets: [] }, a] }",
        &[
            "obs.yaml:1:39: metrics.declare[0].type: `timer` is wrong, expected `counter`, `gauge` or `histogram`",
            "obs.yaml:1:54: metrics.declare[0].labels: expected a list such as [route, { method: [GET, POST] }]",
            "obs.yaml:1:66: metrics.declare[0].buckets: is empty, expected one number at least",
            "obs.yaml:1:72: metrics.declare[1]: expected a metric such as { name: orders_total, type: counter, labels: [kind] }",
        ],
    );
    check(
        "metrics: [{ name: http_request_total, type: counter }, { name: http_requests_total, type: gauge }]",
        &[
            "obs.yaml:1:11: metrics.declare.http_request_total: `http_request_total` is nearly a metric of obs itself; did you mean `http_requests_total`?",
            "obs.yaml:1:56: metrics.declare.http_requests_total: `http_requests_total` is a metric of obs itself, a counter with the labels route, method, status_code",
        ],
    );
    check("metrics: { buckets: [{ metric: a }] }", &["obs.yaml:1:22: metrics.buckets[0]: has no `bounds`"]);
    check(
        "metrics: { buckets: [{ metric: a, prefix: b, bounds: [1] }, { bounds: [1] }] }",
        &[
            "obs.yaml:1:22: metrics.buckets[0]: has 2 of `metric`, `prefix` and `suffix`, expected one of them",
            "obs.yaml:1:61: metrics.buckets[1]: has 0 of `metric`, `prefix` and `suffix`, expected one of them",
        ],
    );
    // Out of range, out of order.
    check(
        "traces: { ratio: 1.5 }",
        &["obs.yaml:1:18: traces.ratio: `1.5` is wrong, expected a number from 0 to 1"],
    );
    check(
        "traces: { ratio: .nan }",
        &["obs.yaml:1:18: traces.ratio: `.nan` is wrong, expected a number from 0 to 1"],
    );
    check(
        "metrics: { series_cap: 0 }",
        &["obs.yaml:1:24: metrics.series_cap: `0` is wrong, expected a whole number from 1 to 1000000"],
    );
    check(
        "metrics: { series_cap: -1 }",
        &["obs.yaml:1:24: metrics.series_cap: `-1` is wrong, expected a whole number from 1 to 1000000"],
    );
    check(
        "metrics: { default_buckets: [1, 2, 2, 1] }",
        &[
            "obs.yaml:1:36: metrics.default_buckets: 2 comes after 2; bounds ascend",
            "obs.yaml:1:39: metrics.default_buckets: 1 comes after 2; bounds ascend",
        ],
    );
    check(
        "metrics: { default_buckets: [] }",
        &["obs.yaml:1:29: metrics.default_buckets: is empty, expected one number at least"],
    );
    check(
        "drain: { timeout: 10 }",
        &[
            "obs.yaml:1:19: drain.timeout: `10` has no unit, expected a duration such as 500ms, 2s or 1m, from 1ms to 24h",
        ],
    );
    check(
        "drain: { timeout: 1m30s }",
        &[
            "obs.yaml:1:19: drain.timeout: `1m30s` is wrong, expected a duration such as 500ms, 2s or 1m, from 1ms to 24h",
        ],
    );
    // Words and addresses.
    check("logs: { format: jsn }", &["obs.yaml:1:17: logs.format: `jsn` is wrong; did you mean `json`?"]);
    check(
        "logs: { format: xml }",
        &["obs.yaml:1:17: logs.format: `xml` is wrong, expected `json`, `pretty`, `logfmt`, `ecs` or `otlp`"],
    );
    check(
        "admin: { addr: 9464 }",
        &[
            "obs.yaml:1:16: admin.addr: `9464` is wrong, expected an address such as 127.0.0.1:9464 or unix:/run/orders/admin.sock, or `off`",
        ],
    );
    check("admin: on", &["obs.yaml:1:8: admin: expected keys such as `addr`, `token` or `web_config`"]);
    check(
        "traces: { endpoint: collector:4318 }",
        &["obs.yaml:1:11: traces.endpoint: endpoint does not begin with http://"],
    );
    // Secrets that are not there.
    check(
        "traces: { headers: { authorization: 'Bearer ${env:NO_SUCH_TOKEN}' } }",
        &["obs.yaml:1:37: traces.headers.authorization: the variable NO_SUCH_TOKEN is not set"],
    );
    check(
        "service: { version: '${file:/no/such/file}' }",
        &[
            "obs.yaml:1:21: service.version: the file `/no/such/file` cannot be read: No such file or directory (os error 2)",
        ],
    );
    // No YAML, or more of it than is taken.
    check("logs:\n\tlevel: info", &["obs.yaml:2:2: a tab indents here; use spaces"]);
    check("logs: {}\n---\ntraces: {}", &["obs.yaml:2:1: a second document; the file holds one"]);
    check("%YAML 1.2\n---\nlogs: {}", &["obs.yaml:1:1: directives (lines that begin with %) are not taken"]);
    check("logs: { level: !secret x }", &["obs.yaml:1:24: tags (words that begin with !) are not taken"]);
    check("logs: { level: *x }", &["obs.yaml:1:16: no anchor of this name stands before it"]);
    check("metrics: { labels: &l [*l] }", &["obs.yaml:1:24: an alias stands inside of what it stands for"]);
    // What a file says is repeated so that it breaks no line and no terminal.
    check(
        "\"a\\nb\\e[31m\": 1",
        &[
            "obs.yaml:1:1: a\\nb\\u{1b}[31m: unknown key; known here are `service`, `metrics`, `logs`, `traces`, `journal`, `requests`, `links`, `redaction`, `health`, `admin`, `drain`, `flush` and `metrics_file`",
        ],
    );
    assert!(others.is_empty(), "{}", others.join("\n"));
}

#[test]
fn all_of_them_are_told_at_once_and_nothing_is_started() {
    let text = "\
service:
  nme: orders
metrics:
  series_cap: lots
logs:
  format: jason
traces:
  sampler: always_on
  ratio: 0.5
drain:
  delay: 1h
";
    let file = Yaml::new("all-at-once", text);
    assert_eq!(
        file.mistakes(),
        [
            "obs.yaml:2:3: service.nme: unknown key; did you mean `name`?",
            "obs.yaml:4:15: metrics.series_cap: `lots` is wrong, expected a whole number from 1 to 1000000",
            "obs.yaml:6:11: logs.format: `jason` is wrong; did you mean `json`?",
            "obs.yaml:9:3: traces.ratio: has no effect: `traces.sampler` is `always_on`",
            "obs.yaml:11:3: drain.delay: `drain.timeout` is 25s, expected more than `drain.delay`, 1h",
        ]
    );
}

#[test]
fn what_is_no_link_is_told_with_what_would_be_one() {
    let text = "\
links:
  to:
    jaeger: jaeger:16686
    grafana: https://grafana.example.com
    wiki: 'https://wiki/{traceid}'
    notes: 'https://notes/{id}'
  on_line: jager
";
    let file = Yaml::new("links", text);
    assert_eq!(
        file.mistakes(),
        [
            "obs.yaml:3:5: links.to.jaeger: is wrong, expected a URL of `http` or `https`",
            "obs.yaml:4:5: links.to.grafana: has no place such as `{trace_id}`; an address alone is enough for `jaeger`, `tempo`, `loki`, `kibana` and `console`",
            "obs.yaml:5:5: links.to.wiki: `{traceid}` is no place; did you mean `{trace_id}`?",
            "obs.yaml:6:5: links.to.notes: `{id}` is no place; there are `trace_id`, `span_id`, `request_id`, `service`, `env`, `from`, `to`, `from_ms` and `to_ms`",
            "obs.yaml:7:3: links.on_line: `jager` is none of `links.to`; did you mean `jaeger`?",
        ]
    );
}

#[test]
fn shares_of_traces_that_make_no_sense_are_told_where_they_stand() {
    let text = "\
traces:
  routes:
    - { route: /a, ratio: 2 }
    - { route: BREW /pots, ratio: 0 }
    - { ratio: 0 }
    - { route: /b }
    - { rout: /c, ratio: 0 }
    - /d
  per_second: -1
  tail: { trace_bytes: 1KiB, process_bytes: 1GiB }
  debug_key: short
  debug_header: no name
";
    let file = Yaml::new("shares", text);
    assert_eq!(
        file.mistakes(),
        [
            "obs.yaml:3:27: traces.routes[0].ratio: `2` is wrong, expected a number from 0 to 1",
            "obs.yaml:5:7: traces.routes[2]: has no `route`",
            "obs.yaml:6:7: traces.routes[3]: has no `ratio`",
            "obs.yaml:7:9: traces.routes[4].rout: unknown key; did you mean `route`?",
            "obs.yaml:8:7: traces.routes[5]: expected a route and its share such as { route: /health*, ratio: 0 }",
            "obs.yaml:9:15: traces.per_second: `-1` is wrong, expected a whole number from 0 to 1000000, or `null`",
            "obs.yaml:10:24: traces.tail.trace_bytes: `1KiB` is wrong, expected a size such as 64KiB, 8MiB or 1GiB, from 4KiB to 1GiB",
            "obs.yaml:11:3: traces.debug_key: key is shorter than 16 bytes",
            "obs.yaml:12:3: traces.debug_header: is no name of a header: letters, digits, `-` and `_`, 128 at most",
        ]
    );
    file.write("traces:\n  routes: [{ route: BREW /pots, ratio: 0 }, { route: pots, ratio: 0 }]\n  tail: { process_bytes: 1GiB }");
    let told = file.mistakes();
    assert_eq!(
        told[0],
        "obs.yaml:2:14: traces.routes[0].route: route begins with no method of HTTP; write `POST /orders`, or the path alone"
    );
    assert!(told[1].starts_with("obs.yaml:2:47: traces.routes[1].route: route is no path"), "{told:?}");
    assert_eq!(
        told[2],
        "obs.yaml:3:11: traces.tail.process_bytes: has no effect: nothing under `traces.tail` says what is kept"
    );
}

#[test]
fn what_is_no_mistake_is_taken() {
    let file = Yaml::new("taken", "");
    for text in [
        "",
        "# nothing\n",
        "---\n",
        "~",
        "{}",
        "service:\nlogs:\n  # level: info\n",
        "\u{feff}logs: { level: info }",
        "logs:\r\n  level: info\r\n",
        "{\"logs\": {\"level\": \"info\"}}",
        "logs: &l { level: info }\n",
        "traces: { limits: { attribute_length: null } }",
        "admin: off",
        "admin: { addr: \"off\" }",
    ] {
        file.write(text);
        let built = file.build();
        assert!(built.is_ok(), "{text:?}: {:?}", built.err());
    }
    file.write("service: { name: payments }\nlogs: { level: debug }\ndrain: { delay: 1s }");
    let obs = file.build().unwrap();
    assert_eq!((obs.base().resource.name.as_str(), obs.config().logs.filter.as_str()), ("payments", "debug"));
}

#[test]
fn a_log_file_that_cannot_be_opened_shows_no_secret_of_its_path() {
    let file = Yaml::new("log-path", "");
    let secret = file.beside("secret");
    std::fs::write(&secret, "hunter2").unwrap();
    file.write(format!("logs: {{ file: {{ path: \"/dev/null/${{file:{}}}/x\" }} }}", secret.display()));
    let error = file.builder().build().unwrap_err();
    let said = format!("{error:?}");
    assert!(said.starts_with("logs could not be started: the log file cannot be opened"), "{said}");
    assert!(said.contains("Not a directory") && !said.contains("hunter2"), "{said}");
}
