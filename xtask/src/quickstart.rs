//! Builds and starts the quickstart, for the demo and for the checker.

use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::exposition::Scrape;
use crate::process::Process;
use crate::{Result, cargo, http};

/// The accept headers of the two formats of `/metrics`.
pub(crate) const TEXT: &str = "text/plain;version=0.0.4";
pub(crate) const OPENMETRICS: &str = "application/openmetrics-text;version=1.0.0";

const START_LIMIT: Duration = Duration::from_secs(20);

/// Where it listens and where its telemetry goes.
pub(crate) struct Settings<'a> {
    pub(crate) service: SocketAddr,
    pub(crate) admin: SocketAddr,
    /// The sink its spans go to.
    pub(crate) otlp: SocketAddr,
    /// The folder for its lines and its output.
    pub(crate) folder: &'a Path,
    pub(crate) inherited: Inherited,
}

/// What of the configuration in this shell's environment reaches it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Inherited {
    /// All but where it listens and sends to: whoever runs the demo may try a filter or a sampler.
    Configuration,
    /// None: a check is the same on every machine.
    Nothing,
}

/// The names of what would configure it, were it inherited.
pub(crate) fn configuration_of_this_shell() -> impl Iterator<Item = OsString> {
    let names = std::env::vars_os().map(|(name, _)| name);
    names.filter(|name| ["OBS_", "OTEL_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)))
}

/// A running quickstart.
pub(crate) struct Quickstart {
    pub(crate) service: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) process: Process,
    lines: PathBuf,
    config: PathBuf,
}

/// Builds it without optimisation: the first start is what one waits for.
pub(crate) fn build() -> Result<PathBuf> {
    cargo::build_binary("quickstart")
}

impl Quickstart {
    /// Starts `binary` and waits until service and admin both answer.
    pub(crate) fn start(binary: &Path, settings: &Settings<'_>) -> Result<Self> {
        let lines = settings.folder.join("quickstart.lines.json");
        let _ = fs::remove_file(&lines);
        // A copy, so that it can be edited while the service runs.
        let config = settings.folder.join("obs.yaml");
        fs::copy(cargo::root().join("examples/quickstart/obs.yaml"), &config)
            .map_err(|error| format!("{}: {error}", config.display()))?;
        let mut command = Command::new(binary);
        if settings.inherited == Inherited::Nothing {
            configuration_of_this_shell().for_each(|name| {
                command.env_remove(name);
            });
        }
        command.env("QUICKSTART_ADDR", settings.service.to_string());
        command.env("OBS_ADMIN_ADDR", settings.admin.to_string());
        command.env("OBS_LOG_FILE", &lines);
        command.env("OBS_CONFIG", &config);
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", settings.otlp));
        command.env("QUICKSTART_EXIT_ON_STDIN_EOF", "1");
        // So that a span is seen soon after its request (the batch delay of the OpenTelemetry specification, in ms).
        command.env("OTEL_BSP_SCHEDULE_DELAY", "200");
        let output = settings.folder.join("quickstart.output.txt");
        let process = Process::start_reading_input("quickstart", command, output)?;
        let mut started = Self { service: settings.service, admin: settings.admin, process, lines, config };
        let (service, admin) = (started.service, started.admin);
        // The service is only connected to: a request would be counted.
        started.process.wait_until("listening", START_LIMIT, || {
            http::Connection::open(service).is_ok()
                && http::get(admin, "/metrics", &[]).is_ok_and(|response| response.status == 200)
        })?;
        Ok(started)
    }

    /// Whether it takes connections.
    pub(crate) fn accepts(&self) -> bool {
        http::Connection::open(self.service).is_ok()
    }

    /// The file its lines go to.
    pub(crate) fn lines_path(&self) -> &Path {
        &self.lines
    }

    /// Its `obs.yaml`, which it looks at while it runs.
    pub(crate) fn config_path(&self) -> &Path {
        &self.config
    }

    /// The lines written so far; one that is being written is left out.
    pub(crate) fn lines(&self) -> Vec<String> {
        let text = fs::read(&self.lines).unwrap_or_default();
        let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        String::from_utf8_lossy(&text[..whole]).lines().map(str::to_owned).collect()
    }

    /// A scrape in the format `accept` asks for, as it came.
    pub(crate) fn metrics(&self, accept: &str) -> Result<http::Response> {
        let response = http::get(self.admin, "/metrics", &[("Accept", accept)]);
        let response = response.map_err(|error| format!("no answer from /metrics: {error}"))?;
        if response.status == 200 {
            Ok(response)
        } else {
            Err(format!("/metrics answered {}", response.status))
        }
    }

    /// A scrape in the format `accept` asks for, read.
    pub(crate) fn scrape(&self, accept: &str) -> Result<Scrape> {
        Scrape::parse(&self.metrics(accept)?.text())
    }
}
