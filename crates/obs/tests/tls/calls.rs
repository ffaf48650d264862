//! Whole calls of gRPC over TLS.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

use crate::called::Called;
use crate::certificates::{Clients, collector, path};
use crate::file::Yaml;
use crate::process::alone;

const LONG: Duration = Duration::from_secs(20);

fn say(obs: &obs::Obs) {
    tracing::dispatcher::with_default(obs.dispatch(), || {
        let span = tracing::info_span!("checkout");
        let _open = span.enter();
        tracing::info!(order = 42, "accepted");
    });
    assert!(obs.flush(LONG));
}

/// What the collectors of lines and of spans got, with the ids of one span on both, and the header of each.
fn same_span(lines: &Called, spans: &Called) -> [Option<String>; 2] {
    let call = lines.next();
    assert_eq!(call.path, "/opentelemetry.proto.collector.logs.v1.LogsService/Export");
    let request = ExportLogsServiceRequest::decode(&*call.message).unwrap();
    let scopes = request.resource_logs.into_iter().flat_map(|resource| resource.scope_logs);
    let [record] = scopes.flat_map(|scope| scope.log_records).collect::<Vec<_>>().try_into().unwrap();
    let of_lines = call.header("authorization").map(str::to_owned);
    let call = spans.next();
    assert_eq!(call.path, "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
    let request = ExportTraceServiceRequest::decode(&*call.message).unwrap();
    let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    let [span] = scopes.flat_map(|scope| scope.spans).collect::<Vec<_>>().try_into().unwrap();
    assert_eq!((span.name.as_str(), &span.trace_id), ("checkout", &record.trace_id));
    assert_eq!(span.span_id, record.span_id);
    [of_lines, call.header("authorization").map(str::to_owned)]
}

#[test]
fn spans_and_records_arrive_by_grpc_where_both_sides_show_certificates() {
    let at = |ip| collector("server", ip, Clients::Shown);
    let (lines, spans) = (at("127.0.0.1"), at("127.0.0.1"));
    let files = format!(
        "ca_file: '{}', certificate: '{}', key_file: '{}'",
        path("ca.pem"),
        path("client.pem"),
        path("client.key")
    );
    let text = format!(
        "
logs: {{ outputs: {{ far: {{ type: otlp, url: '{}', protocol: grpc, compression: none, user: ada, password: hunter2, probe: false, {files} }} }} }}
traces: {{ endpoint: ['https://127.0.0.1:1', '{}'], protocol: grpc, token: hunter2, probe: false, {files} }}
",
        lines.url(),
        spans.url()
    );
    let yaml = Yaml::new("tls-both", &text);
    let obs = yaml.builder().build().unwrap();
    say(&obs);
    let told = same_span(&lines, &spans).map(Option::unwrap);
    // The example of a user and password was made by another program: `printf ada:hunter2 | base64`.
    assert_eq!(told, ["Basic YWRhOmh1bnRlcjI=", "Bearer hunter2"]);
    let printed = format!("{}{:?}{:?}", obs.config().redacted(), obs.config(), obs.config().traces);
    assert!(!printed.contains("hunter2") && printed.contains("client.pem"), "{printed}");
}

#[test]
fn the_environment_alone_sends_both_over_tls() {
    let name = "the_environment_alone_sends_both_over_tls";
    let collector = collector("server", "127.0.0.1", Clients::Shown);
    let spans = crate::certificates::collector("server", "127.0.0.1", Clients::Shown);
    let (all, traces) = (collector.url(), spans.url());
    let [ca, certificate, key] = ["ca.pem", "client.pem", "client.key"].map(path);
    let variables = [
        ("OBS_CONFIG", "off"),
        ("OBS_ADMIN_ADDR", "off"),
        ("OTEL_LOGS_EXPORTER", "otlp"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", all.as_str()),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", traces.as_str()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "none"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20hunter2"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", ca.as_str()),
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", certificate.as_str()),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", key.as_str()),
    ];
    let stderr = alone(module_path!(), name, &variables, || {
        let obs = obs::builder("orders").build().unwrap();
        say(&obs);
    });
    assert!(!stderr.contains("hunter2"), "{stderr}");
    // The questions at the start have no records.
    let told = loop {
        let call = collector.next();
        if !call.message.is_empty() {
            break call;
        }
    };
    assert_eq!(told.path, "/opentelemetry.proto.collector.logs.v1.LogsService/Export");
    assert_eq!(told.header("authorization"), Some("Bearer hunter2"));
    assert!(ExportLogsServiceRequest::decode(&*told.message).unwrap().encoded_len() > 0);
    assert!(spans.next().path.ends_with("TraceService/Export"));
}
