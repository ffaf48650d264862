//! Outputs to other machines by the file alone.

use std::io::Write;

use serde_json::{Value, json};

use super::running::{Running, yaml};
use crate::receiver::Receiver;

/// What gzip made of something, by another program.
pub(super) fn gunzip(body: &[u8]) -> String {
    let mut command = std::process::Command::new("gzip");
    command.arg("-dc").stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(body).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn lines_go_to_loki_and_elasticsearch_as_the_file_has_it() {
    let (loki, elastic) = (Receiver::start(200), Receiver::start(200));
    let text = format!(
        "
service: {{ env: prod }}
logs:
  outputs:
    loki: {{ type: loki, url: '{}', probe: false, encoding: json, tenant: shop, labels: {{ cluster: eu-1, env: live }}, token: hunter2-token }}
    elk: {{ type: elasticsearch, probe: false, url: ['http://127.0.0.1:1', '{}/es'], headers: {{ x-key: hunter2-key }}, user: ada, password: hunter2-word }}
  routes:
    - {{ match: {{ env: prod, level: ERROR, module: payment }}, output: loki }}
    - {{ default: elk }}
",
        loki.url(),
        elastic.url()
    );
    let running = Running::build("shipping", &text);
    running.within(|| {
        tracing::error!(target: "shop::payment::card", order = 7, "no answer");
        tracing::info!(target: "shop::cart", order = 8, "shown");
    });
    running.flush();
    let [(head, body)] = loki.requests().try_into().unwrap();
    assert_eq!(head[0], "POST /loki/api/v1/push HTTP/1.1");
    for header in ["x-scope-orgid: shop", "authorization: Bearer hunter2-token"] {
        assert!(head.iter().any(|line| line == header), "{head:?}");
    }
    let push: Value = serde_json::from_str(&gunzip(&body)).unwrap();
    assert_eq!(
        push["streams"][0]["stream"],
        json!({ "cluster": "eu-1", "env": "live", "service_name": "orders" })
    );
    let values = push["streams"][0]["values"].as_array().unwrap();
    assert_eq!(values.len(), 1);
    let line: Value = serde_json::from_str(values[0][1].as_str().unwrap()).unwrap();
    assert_eq!((&line["order"], &values[0][2]), (&json!(7), &json!({ "level": "error" })));

    let [(head, body)] = elastic.requests().try_into().unwrap();
    assert!(head[0].starts_with("POST /es/logs-obs-orders/_bulk?"), "{head:?}");
    for header in ["x-key: hunter2-key", "authorization: Basic YWRhOmh1bnRlcjItd29yZA=="] {
        assert!(head.iter().any(|line| line == header), "{head:?}");
    }
    let documents = gunzip(&body);
    let document: Value = serde_json::from_str(documents.lines().nth(1).unwrap()).unwrap();
    assert_eq!((documents.lines().count(), &document["message"]), (2, &json!("shown")));
    let printed = format!("{}{:?}", running.obs.config().redacted(), running.obs.config());
    assert!(!printed.contains("hunter2") && printed.contains("cluster"), "{printed}");
}

#[test]
fn what_cannot_be_asked_of_another_machine_is_told_with_its_place() {
    let wrong = |text: &str| {
        let error = yaml(&format!("far-{}", text.len()), text).builder().build().unwrap_err();
        let told = format!("{error}{:?}", std::error::Error::source(&error).map(ToString::to_string));
        assert!(!told.contains("hunter2"), "{told}");
        told
    };
    for (output, expected) in [
        ("{ type: loki }", "1:23: logs.outputs.a: has no `url`"),
        ("{ type: loki, url: 'loki:3100' }", "1:37: logs.outputs.a.url: endpoint"),
        ("{ type: loki, url: ['http://a', 'ftp://b'] }", "1:37: logs.outputs.a.url: number 2 endpoint"),
        ("{ type: loki, url: 'wss://loki' }", "logs.outputs.a.url: "),
        ("{ type: loki, url: 'http://ada:hunter2@loki' }", "logs.outputs.a.url: "),
        (
            "{ type: loki, url: 'http://l', labels: { a-b: x } }",
            "logs.outputs.a.labels: `a-b` is no name of a label",
        ),
        ("{ type: loki, url: 'http://l', tenant: \"a\\nb\" }", "logs.outputs.a.tenant: "),
        ("{ type: loki, url: 'http://l', headers: { host: x } }", "logs.outputs.a.headers: "),
        (
            "{ type: loki, url: 'http://l', user: a, password: hunter2, token: hunter2 }",
            "logs.outputs.a.token: there is a `user` too, and one of them is used",
        ),
        ("{ type: loki, url: 'http://l', password: hunter2 }", "password: has no effect: there is no `user`"),
        ("{ type: loki, url: 'http://l', index: x }", "index: has no effect: `type` is not `elasticsearch`"),
        ("{ type: elasticsearch, url: 'http://l', format: json }", "documents are in the names of ECS"),
        (
            "{ type: elasticsearch, url: 'http://l', labels: { a: b } }",
            "labels: has no effect: `type` is not `loki`",
        ),
        (
            "{ type: stdout, url: 'http://l' }",
            "url: has no effect: `type` is no other machine: `loki`, `elasticsearch`, `otlp` or `syslog`",
        ),
        (
            "{ type: otlp }",
            "1:20: logs.outputs.a: has no `url`, and neither `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT` nor",
        ),
        ("{ type: otlp, url: 'http://c', format: json }", "format: has no effect: records have types"),
        ("{ type: otlp, url: 'http://c', protocol: http/xml }", "protocol: `http/xml`"),
        (
            "{ type: otlp, url: ['http://c:4317', 'http://d:4317/x'], protocol: grpc }",
            "logs.outputs.a.url: number 2 has a path, and gRPC goes to a server alone",
        ),
        ("{ type: loki, url: 'http://l', protocol: grpc }", "protocol: has no effect: `type` is not `otlp`"),
        (
            "{ type: elasticsearch, url: 'http://v:9428/insert/elasticsearch/_bulk', index: x }",
            "logs.outputs.a.url: ends in `/_bulk`, and then `index` has no effect",
        ),
        ("{ type: elk, url: 'http://l' }", "`elk` is `elasticsearch` here"),
    ] {
        let told = wrong(&format!("logs: {{ outputs: {{ a: {output} }} }}"));
        assert!(told.contains(expected), "{output}: {told}");
    }
}
