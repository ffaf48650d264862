//! The ways in which lines are sent, and what is to be found of them then.

use std::net::SocketAddr;
use std::path::Path;

/// One way, with a tenant of its own, so that what came by it is told apart.
pub(super) struct Way {
    /// Of the output too.
    pub(super) name: &'static str,
    pub(super) said: &'static str,
    pub(super) tenant: &'static str,
    /// Keys of the output, with `{at}` for the address.
    keys: &'static str,
    /// What ids are called.
    pub(super) trace_id: &'static str,
    pub(super) span_id: &'static str,
    pub(super) request_id: &'static str,
    /// The stream, as it is configured.
    pub(super) stream: &'static str,
    /// How exact times are, in nanoseconds.
    pub(super) exact: u64,
}

const LOKI: Way = Way {
    name: "loki_protobuf",
    said: "Loki's push, protobuf in snappy",
    tenant: "11",
    // What stands beside a line is not on it once more.
    keys: "type: loki, url: 'http://{at}/insert', tenant: '11', labels: { cluster: eu-1 }, \
           headers: { VL-Msg-Field: message }, drop: [level, trace_id, span_id, request_id]",
    trace_id: "trace_id",
    span_id: "span_id",
    request_id: "request_id",
    stream: r#"{cluster="eu-1",env="e2e",service_name="told-lines"}"#,
    exact: 1,
};

pub(super) const ALL: [Way; 4] = [
    LOKI,
    Way {
        name: "loki_json",
        said: "Loki's push, JSON in gzip",
        tenant: "12:3",
        keys: "type: loki, encoding: json, url: 'http://{at}/insert', tenant: '12:3', \
               labels: { cluster: eu-1 }, headers: { VL-Msg-Field: message }, \
               drop: [level, trace_id, span_id, request_id]",
        ..LOKI
    },
    Way {
        name: "elasticsearch",
        said: "Elasticsearch's _bulk",
        tenant: "13",
        keys: "type: elasticsearch, headers: { AccountID: '13' }, \
               url: 'http://{at}/insert/elasticsearch/_bulk?_msg_field=message&_time_field=@timestamp&_stream_fields=service.name'",
        trace_id: "trace.id",
        span_id: "span.id",
        request_id: "http.request.id",
        stream: r#"{service.name="told-lines"}"#,
        // As the Common Schema has them here.
        exact: 1_000,
    },
    Way {
        name: "otlp",
        said: "OTLP by http/protobuf",
        tenant: "14",
        keys: "type: otlp, url: 'http://{at}/insert/opentelemetry', \
               headers: { AccountID: '14', VL-Stream-Fields: 'service.name,deployment.environment.name' }",
        stream: r#"{deployment.environment.name="e2e",service.name="told-lines"}"#,
        ..LOKI
    },
];

/// The file that has all ways, and beside them a file with the nanoseconds.
pub(super) fn configuration(at: SocketAddr, folder: &Path, durable: bool) -> String {
    let more = if durable { ", durable: true" } else { "" };
    let outputs = ALL.iter().map(|way| {
        let keys = way.keys.replace("{at}", &at.to_string());
        format!("    {}: {{ {keys}{more} }}\n", way.name)
    });
    let outputs: String = outputs.collect();
    format!(
        "service: {{ env: e2e }}\njournal: {{ directory: '{}' }}\nlogs:\n  outputs:\n{outputs}    \
         beside: {{ type: file, path: '{}', format: otlp }}\n",
        folder.join("journal").display(),
        folder.join("lines.otlp").display()
    )
}
