//! Servers that no package of Debian has, or in no version of today: built by Go, once, where it is on the machine.

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

const ALL: [Built; 2] = [PROMETHEUS, VICTORIA_LOGS];

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

/// Builds what is missing: some minutes each the first time.
pub(super) fn install() -> Result {
    for program in ALL {
        let place = program.place()?;
        if !place.is_file() {
            program.build(&place)?;
        }
        println!("{:<13} {}", program.name, place.display());
    }
    Ok(())
}

impl Built {
    fn place(self) -> Result<PathBuf> {
        Ok(cache()?.join(format!("go/{}-{}", self.name, self.version)))
    }

    fn find(self) -> Result<PathBuf> {
        let place = self.place()?;
        if place.is_file() {
            return Ok(place);
        }
        let Self { name, version, .. } = self;
        Err(format!(
            "{name} {version} is not on this machine; this brings it, given Go 1.26 or later:\n  {INSTALL}"
        ))
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
