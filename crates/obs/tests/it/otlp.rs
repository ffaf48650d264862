//! Spans and log records to a collector, by http/protobuf and gRPC, chosen by the file alone.

use obs::Obs;
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use prost::Message;

use crate::called::{Called, Say};
use crate::collector::{Answer, Collector};
use crate::config::file::Yaml;
use crate::process::alone;
use crate::service::LONG;

fn within(obs: &Obs, act: impl FnOnce()) {
    tracing::dispatcher::with_default(obs.dispatch(), act);
    assert!(obs.flush(LONG));
}

fn build(name: &str, text: &str) -> (Obs, Yaml) {
    let yaml = Yaml::new(name, text);
    (yaml.builder().build().unwrap(), yaml)
}

fn records(message: &[u8]) -> Vec<LogRecord> {
    let request = ExportLogsServiceRequest::decode(message).unwrap();
    let [resource] = request.resource_logs.try_into().unwrap();
    let attributes = resource.resource.unwrap().attributes;
    assert!(attributes.iter().any(|pair| pair.key == "service.name"), "{attributes:?}");
    resource.scope_logs.into_iter().flat_map(|scope| scope.log_records).collect()
}

fn string(text: &str) -> Option<Value> {
    Some(Value::StringValue(text.to_owned()))
}

/// The one record, with the ids of the span it was said in.
fn check(records: Vec<LogRecord>) -> (Vec<u8>, Vec<u8>) {
    let [record] = records.try_into().unwrap();
    assert_eq!(record.body.unwrap().value, string("accepted"));
    let order = record.attributes.iter().find(|pair| pair.key == "order").unwrap();
    assert_eq!(order.value.clone().unwrap().value, Some(Value::IntValue(42)));
    (record.trace_id, record.span_id)
}

#[test]
fn spans_and_records_arrive_by_grpc_with_the_same_ids() {
    let (spans, lines) = (Called::start([Say::status(0)]), Called::start([Say::status(0)]));
    let text = format!(
        "
logs:
  outputs:
    far: {{ type: otlp, url: '{}', protocol: grpc, compression: none, token: hunter2, probe: false }}
traces: {{ endpoint: '{}', protocol: grpc, headers: {{ x-key: hunter2 }}, probe: false }}
",
        lines.url(),
        spans.url()
    );
    let (obs, _yaml) = build("otlp-grpc", &text);
    within(&obs, || {
        let span = tracing::info_span!("checkout");
        let _open = span.enter();
        tracing::info!(order = 42, "accepted");
    });
    let call = lines.next();
    assert_eq!(call.path, "/opentelemetry.proto.collector.logs.v1.LogsService/Export");
    assert_eq!(call.header("authorization"), Some("Bearer hunter2"));
    assert_eq!(call.header("grpc-timeout"), Some("10000m"));
    let ids = check(records(&call.message));

    let call = spans.next();
    assert_eq!(call.path, "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
    assert_eq!(call.header("x-key"), Some("hunter2"));
    let request = ExportTraceServiceRequest::decode(&*call.message).unwrap();
    let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    let [span] = scopes.flat_map(|scope| scope.spans).collect::<Vec<_>>().try_into().unwrap();
    assert_eq!((span.name.as_str(), (span.trace_id, span.span_id)), ("checkout", ids));
    let printed = format!("{}{:?}", obs.config().redacted(), obs.config());
    assert!(!printed.contains("hunter2") && printed.contains("grpc"), "{printed}");
}

#[test]
fn records_arrive_by_http_protobuf_where_nothing_is_said() {
    let collector = Collector::start(Answer::Ok);
    let server = collector.url().replace("/v1/traces", "");
    let text = format!(
        "logs: {{ outputs: {{ far: {{ type: otlp, url: '{server}', compression: none, probe: false }} }} }}\n"
    );
    let (obs, _yaml) = build("otlp-http", &text);
    within(&obs, || tracing::info!(order = 42, "accepted"));
    let [body] = collector.bodies().try_into().unwrap();
    assert_eq!(check(records(&body)), (vec![], vec![]));
}

/// Read by the reference's own mapping.
#[test]
fn spans_and_records_arrive_as_json_with_the_same_ids() {
    let (spans, lines) = (Collector::start(Answer::Ok), Collector::start(Answer::Ok));
    let server = |collector: &Collector| collector.url().replace("/v1/traces", "");
    let text = format!(
        "
logs: {{ outputs: {{ far: {{ type: otlp, url: '{}', protocol: http/json, compression: none }} }} }}
traces: {{ endpoint: '{}', protocol: http/json }}
",
        server(&lines),
        server(&spans)
    );
    let (obs, _yaml) = build("otlp-json", &text);
    within(&obs, || {
        let span = tracing::info_span!("checkout", ratio = 0.5, "quoted \" key" = true);
        let _open = span.enter();
        tracing::info!(order = 42, "accepted");
    });
    // The question at the start is one too: an object without anything.
    let told = |collector: &Collector| {
        let bodies = collector.bodies().into_iter().filter(|body| body != b"{}");
        let [body] = bodies.collect::<Vec<_>>().try_into().unwrap();
        body
    };
    let logs: ExportLogsServiceRequest = serde_json::from_slice(&told(&lines)).unwrap();
    let ids = check(records(&logs.encode_to_vec()));
    let traces: ExportTraceServiceRequest = serde_json::from_slice(&told(&spans)).unwrap();
    let [span] = crate::collector::spans_of(&traces.encode_to_vec()).try_into().unwrap();
    assert_eq!((span.name.as_str(), (span.trace_id, span.span_id)), ("checkout", ids));
    let found = |key: &str| span.attributes.iter().find(|pair| pair.key == key)?.value.clone()?.value;
    assert_eq!(found("ratio"), Some(Value::DoubleValue(0.5)));
    assert_eq!(found("quoted \" key"), Some(Value::BoolValue(true)));
}

#[test]
fn what_cannot_be_asked_of_a_collector_is_told_with_its_place() {
    for (name, text, expected) in [
        ("path", "{ endpoint: 'http://c:4317/otlp', protocol: grpc }", ":1:11: traces.endpoint: has a path"),
        ("word", "{ protocol: http/xml }", ":1:21: traces.protocol: `http/xml`"),
        (
            "none",
            "{ exporter: none, protocol: grpc }",
            "traces.protocol: has no effect: `traces.exporter` is `none`",
        ),
        ("squeeze", "{ compression: brotli }", "traces.compression: `brotli`"),
    ] {
        let yaml = Yaml::new(&format!("otlp-{name}"), &format!("traces: {text}\n"));
        let told = yaml.builder().build().unwrap_err().to_string();
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn what_a_collector_says_of_a_partial_success_is_told_once() {
    let name = "what_a_collector_says_of_a_partial_success_is_told_once";
    let stderr = alone(module_path!(), name, &[], || {
        let lines = |rejected_log_records, error_message: &str| {
            let error_message = error_message.to_owned();
            let partial = ExportLogsPartialSuccess { rejected_log_records, error_message };
            Say::Message(ExportLogsServiceResponse { partial_success: Some(partial) }.encode_to_vec())
        };
        let spans = |rejected_spans, error_message: &str| {
            let partial =
                ExportTracePartialSuccess { rejected_spans, error_message: error_message.to_owned() };
            Say::Message(ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec())
        };
        let lines =
            Called::start([lines(0, "line warning"), lines(0, "line warning"), lines(1, "line refused")]);
        let spans =
            Called::start([spans(0, "span warning"), spans(0, "span warning"), spans(1, "span refused")]);
        let text = format!(
            "
logs: {{ outputs: {{ far: {{ type: otlp, url: '{}', protocol: grpc, probe: false }} }} }}
traces: {{ endpoint: '{}', protocol: grpc, probe: false }}
",
            lines.url(),
            spans.url()
        );
        let (obs, _yaml) = build("otlp-partial", &text);
        for _ in 0..3 {
            within(&obs, || tracing::info_span!("step").in_scope(|| tracing::info!("said")));
        }
        assert_eq!((lines.rest().len(), spans.rest().len()), (3, 3));
    });
    for (words, expected) in [
        ("line warning", "obs: log output far (http://127.0.0.1:"),
        ("line refused", "obs: log output far (http://127.0.0.1:"),
        ("span warning", "obs: spans got through with a warning: span warning ("),
        (
            "span refused",
            "obs: spans are lost: 1 records lost (rejected) after 1 attempts: gRPC status OK: span refused (",
        ),
    ] {
        let told: Vec<_> = stderr.lines().filter(|line| line.contains(words)).collect();
        assert!(matches!(told[..], [line] if line.starts_with(expected)), "{words}: {told:?}");
    }
    let told = "): the receiver warns: line warning";
    assert!(stderr.lines().any(|line| line.ends_with(told)), "{stderr}");
    let told = "1 lines lost: 1 records lost (rejected) after 1 attempts: gRPC status OK: line refused";
    assert!(stderr.lines().any(|line| line.ends_with(told)), "{stderr}");
}
