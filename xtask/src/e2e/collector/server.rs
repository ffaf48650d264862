//! An OpenTelemetry Collector that hands each request on before it answers it, and that is killed and started again.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::http::Connection;
use crate::process::Process;
use crate::{Result, ports};

const START_LIMIT: Duration = Duration::from_secs(60);

/// Without a queue and without retries of its own: what it has answered has been taken by who is behind it.
const CONFIGURATION: &str = "\
receivers:
  otlp: { protocols: { grpc: { endpoint: '{grpc}' }, http: { endpoint: '{http}' } } }
exporters:
  otlp_http:
    endpoint: 'http://{behind}'
    compression: gzip
    sending_queue: { enabled: false }
    retry_on_failure: { enabled: false }
service:
  pipelines: { traces: { receivers: [otlp], exporters: [otlp_http] } }
  telemetry: { metrics: { level: none } }
";

pub(super) struct Collector {
    program: PathBuf,
    folder: PathBuf,
    pub(super) grpc: SocketAddr,
    pub(super) http: SocketAddr,
    process: Option<Process>,
    starts: u32,
}

impl Collector {
    /// Starts one that sends to `behind`.
    pub(super) fn start(program: &Path, folder: &Path, behind: SocketAddr) -> Result<Self> {
        let [grpc, http] = ports::free()?;
        let mut text = CONFIGURATION.to_owned();
        for (name, at) in [("{grpc}", grpc), ("{http}", http), ("{behind}", behind)] {
            text = text.replace(name, &at.to_string());
        }
        let file = folder.join("otelcol.yaml");
        std::fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        let (program, folder) = (program.to_owned(), folder.to_owned());
        let mut started = Self { program, folder, grpc, http, process: None, starts: 0 };
        started.again()?;
        Ok(started)
    }

    /// Starts it where it was, and waits until it takes connections.
    pub(super) fn again(&mut self) -> Result {
        self.starts += 1;
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(self.folder.join("otelcol.yaml"));
        let output = self.folder.join(format!("otelcol-{}.output.txt", self.starts));
        let mut process = Process::start_watched("otelcol", &command, output)?;
        let (grpc, http) = (self.grpc, self.http);
        process.wait_until("ready", START_LIMIT, || {
            [grpc, http].into_iter().all(|at| Connection::open(at).is_ok())
        })?;
        self.process = Some(process);
        Ok(())
    }

    /// Kills it by SIGKILL.
    pub(super) fn kill(&mut self) -> Result {
        match self.process.take() {
            Some(process) => process.kill(),
            None => Ok(()),
        }
    }
}
