//! A Jaeger that keeps traces in its memory, and the question for one of them.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::trace::Span;
use crate::http;
use crate::json::Json;
use crate::process::Process;
use crate::{Result, ports};

const START_LIMIT: Duration = Duration::from_secs(60);

/// OTLP by both protocols straight into the store, and the API that reads it.
const CONFIGURATION: &str = "\
service:
  extensions: [jaeger_storage, jaeger_query]
  pipelines:
    traces: { receivers: [otlp], exporters: [jaeger_storage_exporter] }
  telemetry:
    metrics: { level: none }
extensions:
  jaeger_storage: { backends: { memory: { memory: { max_traces: 10000 } } } }
  jaeger_query:
    storage: { traces: memory }
    ui: { config_file: '{ui}' }
    http: { endpoint: '{query}' }
    grpc: { endpoint: '{query_grpc}' }
receivers:
  otlp: { protocols: { grpc: { endpoint: '{grpc}' }, http: { endpoint: '{http}' } } }
exporters:
  jaeger_storage_exporter: { trace_storage: memory }
";

/// A running Jaeger.
pub(super) struct Jaeger {
    process: Process,
    /// Where its pages are, and its API.
    pub(super) query: SocketAddr,
    /// Where it takes spans.
    pub(super) grpc: SocketAddr,
    pub(super) http: SocketAddr,
}

impl Jaeger {
    /// Starts it and waits until it takes spans and answers questions. `ui` is the file that configures its pages.
    pub(super) fn start(program: &Path, folder: &Path, ui: &Path) -> Result<Self> {
        let [query, query_grpc, grpc, http] = ports::free()?;
        let mut text = CONFIGURATION.replace("{ui}", &ui.display().to_string());
        for (name, at) in
            [("{query}", query), ("{query_grpc}", query_grpc), ("{grpc}", grpc), ("{http}", http)]
        {
            text = text.replace(name, &at.to_string());
        }
        let file = folder.join("jaeger.yaml");
        std::fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        let mut command = Command::new(program);
        command.arg("--config").arg(&file).current_dir(folder);
        let process = Process::start_watched("jaeger", &command, folder.join("jaeger.output.txt"))?;
        let mut started = Self { process, query, grpc, http };
        started.process.wait_until("ready", START_LIMIT, || {
            let listens = |at| http::Connection::open(at).is_ok();
            let answers = || http::get(query, "/api/v3/services", &[]).is_ok_and(|it| it.status == 200);
            listens(grpc) && listens(http) && answers()
        })?;
        Ok(started)
    }

    /// The spans of a trace, asked for by its id alone, as they came: otherwise clocks are compared, and what comes of that is
    /// put down on each of them.
    pub(super) fn trace(&self, trace_id: &str) -> Result<Vec<Span>> {
        let answer = http::get(self.query, &format!("/api/v3/traces/{trace_id}?raw_traces=true"), &[])
            .map_err(|error| format!("jaeger: {error}"))?;
        if answer.status != 200 {
            return Err(format!("jaeger answers {} for {trace_id}: {}", answer.status, answer.text().trim()));
        }
        super::trace::read(&Json::parse(&answer.text())?)
    }

    /// The services it knows.
    pub(super) fn services(&self) -> Result<Vec<String>> {
        let answer = http::get(self.query, "/api/v3/services", &[]);
        let answer = Json::parse(&answer.map_err(|error| format!("jaeger: {error}"))?.text())?;
        let services = answer.at(&["services"]).map(Json::array).unwrap_or_default();
        Ok(services.iter().filter_map(Json::text).map(str::to_owned).collect())
    }
}
