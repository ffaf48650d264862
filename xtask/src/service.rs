//! A running service of this workspace: where it answers, the lines and numbers it leaves, and the file that configures it.

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

/// What of the configuration in this shell's environment reaches a service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Inherited {
    /// All but where it listens and sends to: whoever runs the demo may try a filter or a sampler.
    Configuration,
    /// None: a check is the same on every machine.
    Nothing,
}

/// The names of what would configure a service, were it inherited.
pub(crate) fn configuration_of_this_shell() -> impl Iterator<Item = OsString> {
    let names = std::env::vars_os().map(|(name, _)| name);
    names.filter(|name| ["OBS_", "OTEL_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)))
}

/// Where a service listens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Addresses {
    pub(crate) service: SocketAddr,
    /// `/metrics` and the probes.
    pub(crate) admin: SocketAddr,
}

/// All that a start needs.
pub(crate) struct Plan<'a> {
    pub(crate) name: &'static str,
    pub(crate) binary: &'a Path,
    /// Its `obs.yaml` in the workspace, of which it gets a copy.
    pub(crate) config: &'a str,
    /// What stands at the end of the copy besides.
    pub(crate) configuration: &'a str,
    pub(crate) addresses: Addresses,
    /// The sink its spans go to.
    pub(crate) otlp: SocketAddr,
    /// The folder for its lines, its output and its `obs.yaml`.
    pub(crate) folder: &'a Path,
    pub(crate) inherited: Inherited,
    /// Its own variables; one of them makes it end at the end of its input.
    pub(crate) variables: &'a [(&'a str, String)],
    pub(crate) lines: Lines,
}

/// How a service knows where its lines go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Lines {
    /// By a variable.
    Told,
    /// By outputs of its `obs.yaml`, whose paths are from the folder it is started in.
    Configured,
}

/// A running service.
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) service: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) process: Process,
    lines: PathBuf,
    config: PathBuf,
}

impl Service {
    /// Starts it and waits until it takes connections and says that it is ready.
    pub(crate) fn start(plan: &Plan<'_>) -> Result<Self> {
        let name = plan.name;
        let lines = lines_path(plan.folder, name);
        let _ = fs::remove_file(&lines);
        // A copy, so that it can be edited while the service runs.
        let config = plan.folder.join(format!("{name}.obs.yaml"));
        fs::read_to_string(cargo::root().join(plan.config))
            .and_then(|text| fs::write(&config, text + plan.configuration))
            .map_err(|error| format!("{} to {}: {error}", plan.config, config.display()))?;
        let mut command = Command::new(plan.binary);
        if plan.inherited == Inherited::Nothing {
            configuration_of_this_shell().for_each(|name| {
                command.env_remove(name);
            });
        }
        command.envs(plan.variables.iter().map(|(name, value)| (name, value)));
        command.env("OBS_ADMIN_ADDR", plan.addresses.admin.to_string());
        match plan.lines {
            Lines::Told => command.env("OBS_LOG_FILE", &lines),
            Lines::Configured => command.env_remove("OBS_LOG_FILE").current_dir(plan.folder),
        };
        command.env("OBS_CONFIG", &config);
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", plan.otlp));
        // So that a span is seen soon after its request (the batch delay of the OpenTelemetry specification, in ms).
        command.env("OTEL_BSP_SCHEDULE_DELAY", "200");
        let output = plan.folder.join(format!("{name}.output.txt"));
        let process = Process::start_reading_input(name, command, output)?;
        let Addresses { service, admin } = plan.addresses;
        let mut started = Self { name, service, admin, process, lines, config };
        // The service is only connected to: a request would be counted.
        started.process.wait_until("ready", START_LIMIT, || {
            http::Connection::open(service).is_ok()
                && http::get(admin, "/readyz", &[]).is_ok_and(|response| response.status == 200)
        })?;
        Ok(started)
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
        whole_lines(&self.lines)
    }

    /// A scrape in the format `accept` asks for, as it came.
    pub(crate) fn metrics(&self, accept: &str) -> Result<http::Response> {
        metrics(self.admin, accept)
    }

    /// A scrape in the format `accept` asks for, read.
    pub(crate) fn scrape(&self, accept: &str) -> Result<Scrape> {
        scrape(self.admin, accept)
    }
}

/// Where in `folder` the service called `name` writes its lines.
pub(crate) fn lines_path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.lines.json"))
}

/// The lines of a file so far, of one that is not there none; one that is being written is left out.
pub(crate) fn whole_lines(path: &Path) -> Vec<String> {
    let text = fs::read(path).unwrap_or_default();
    let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    String::from_utf8_lossy(&text[..whole]).lines().map(str::to_owned).collect()
}

/// A scrape of the service whose admin listener is there, read.
pub(crate) fn scrape(admin: SocketAddr, accept: &str) -> Result<Scrape> {
    Scrape::parse(&metrics(admin, accept)?.text())
}

fn metrics(admin: SocketAddr, accept: &str) -> Result<http::Response> {
    let response = http::get(admin, "/metrics", &[("Accept", accept)]);
    let response = response.map_err(|error| format!("no answer from http://{admin}/metrics: {error}"))?;
    if response.status == 200 {
        Ok(response)
    } else {
        Err(format!("http://{admin}/metrics answered {}", response.status))
    }
}
