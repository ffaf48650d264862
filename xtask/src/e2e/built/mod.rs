//! Servers that no package of Debian has, or in no version of today: built by Go, once, where it is on the machine.

mod collector;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use super::install::cache;
use crate::json::Json;
use crate::{Result, cargo};

/// A program of Go's.
#[derive(Clone, Copy)]
struct Built {
    /// As it is told of, and called in the cache.
    name: &'static str,
    module: &'static str,
    version: &'static str,
    /// The program's package in the module.
    package: &'static str,
}

/// It speaks remote write 2.0, as Debian's does not.
const PROMETHEUS: Built = Built {
    name: "prometheus",
    module: "github.com/prometheus/prometheus",
    version: "v0.305.3",
    package: "cmd/prometheus",
};

/// It takes lines as Loki, as Elasticsearch and as OTLP.
const VICTORIA_LOGS: Built = Built {
    name: "victoria-logs",
    module: "github.com/VictoriaMetrics/VictoriaLogs",
    version: "v1.52.2",
    package: "app/victoria-logs",
};

/// Jaeger 2.13, whose releases are modules under the number that goes with them of the first line: those of the second are
/// no versions to Go.
const JAEGER: Built = Built {
    name: "jaeger",
    module: "github.com/jaegertracing/jaeger",
    version: "v1.76.0",
    package: "cmd/jaeger",
};

/// What makes a collector of the parts that are named to it.
const COLLECTOR_BUILDER: Built = Built {
    name: "collector-builder",
    module: "go.opentelemetry.io/collector/cmd/builder",
    version: collector::VERSION,
    package: "",
};

const ALL: [Built; 4] = [PROMETHEUS, VICTORIA_LOGS, JAEGER, COLLECTOR_BUILDER];

/// What brings them.
const INSTALL: &str = "cargo xtask e2e --install --full";

/// Prometheus 3, as it was built before.
pub(super) fn prometheus() -> Result<PathBuf> {
    PROMETHEUS.find()
}

/// VictoriaLogs, as it was built before.
pub(super) fn victoria_logs() -> Result<PathBuf> {
    VICTORIA_LOGS.find()
}

/// Jaeger, as it was built before.
pub(super) fn jaeger() -> Result<PathBuf> {
    JAEGER.find()
}

/// An OpenTelemetry Collector, as it was built before.
pub(super) fn collector() -> Result<PathBuf> {
    found(collector::NAME, collector::VERSION)
}

/// Builds what is missing: some minutes each the first time.
pub(super) fn install() -> Result {
    for program in ALL {
        let place = program.place()?;
        if !place.is_file() {
            program.build(&place)?;
        }
        told(program.name, &place);
    }
    let place = place(collector::NAME, collector::VERSION)?;
    if !place.is_file() {
        collector::build(&COLLECTOR_BUILDER.find()?, &place)?;
    }
    told(collector::NAME, &place);
    Ok(())
}

fn told(name: &str, place: &Path) {
    println!("{name:<17} {}", place.display());
}

fn place(name: &str, version: &str) -> Result<PathBuf> {
    Ok(cache()?.join(format!("go/{name}-{version}")))
}

fn found(name: &str, version: &str) -> Result<PathBuf> {
    let place = place(name, version)?;
    if place.is_file() {
        return Ok(place);
    }
    Err(format!(
        "{name} {version} is not on this machine; this brings it, given Go 1.26 or later:\n  {INSTALL}"
    ))
}

impl Built {
    fn place(self) -> Result<PathBuf> {
        place(self.name, self.version)
    }

    fn find(self) -> Result<PathBuf> {
        found(self.name, self.version)
    }

    /// From the module's own sources: some have replacements, so that `go install` refuses them.
    fn build(self, place: &Path) -> Result {
        let module = format!("{}@{}", self.module, self.version);
        let mut download = Command::new("go");
        download.args(["mod", "download", "-json", &module]);
        // Outside of any module of Go's, whose requirements would be looked at too.
        download.current_dir(env::temp_dir());
        let output = download.output().map_err(|error| format!("cannot start go: {error}"))?;
        let told = Json::parse(&String::from_utf8_lossy(&output.stdout))?;
        let source = told.at(&["Dir"]).and_then(Json::text);
        let source = source.ok_or_else(|| format!("go did not download {module}: {told}"))?;
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder)
                .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        }
        let mut build = Command::new("go");
        build.args(["build", "-mod=readonly", "-o"]).arg(place).arg(format!("./{}", self.package));
        cargo::run(build.current_dir(source))
    }
}
