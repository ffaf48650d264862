//! Servers that no package of Debian has in a version of today: built by Go, once, where it is on the machine.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use super::install::cache;
use crate::json::Json;
use crate::{Result, cargo};

/// Prometheus 3, which speaks remote write 2.0. As a module it has replacements, so that `go install` refuses it.
const PROMETHEUS: (&str, &str) = ("github.com/prometheus/prometheus", "v0.305.3");

/// What brings them.
const INSTALL: &str = "cargo xtask e2e --install --full";

/// Prometheus 3, as it was built before.
pub(super) fn prometheus() -> Result<PathBuf> {
    let program = place()?;
    if program.is_file() {
        return Ok(program);
    }
    Err(format!("Prometheus 3 is not on this machine; this brings it, given Go 1.26 or later:\n  {INSTALL}"))
}

/// Builds what is missing: some minutes the first time.
pub(super) fn install() -> Result {
    let program = place()?;
    if !program.is_file() {
        let (module, version) = PROMETHEUS;
        let mut download = Command::new("go");
        download.args(["mod", "download", "-json", &format!("{module}@{version}")]);
        // Outside of any module of Go's, whose requirements would be looked at too.
        download.current_dir(env::temp_dir());
        let output = download.output().map_err(|error| format!("cannot start go: {error}"))?;
        let told = Json::parse(&String::from_utf8_lossy(&output.stdout))?;
        let source = told.at(&["Dir"]).and_then(Json::text);
        let source = source.ok_or_else(|| format!("go did not download {module}@{version}: {told}"))?;
        if let Some(folder) = program.parent() {
            fs::create_dir_all(folder)
                .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        }
        let mut build = Command::new("go");
        build
            .args(["build", "-mod=readonly", "-o"])
            .arg(&program)
            .arg("./cmd/prometheus")
            .current_dir(source);
        cargo::run(&mut build)?;
    }
    println!("prometheus 3 {}", program.display());
    Ok(())
}

fn place() -> Result<PathBuf> {
    let (_, version) = PROMETHEUS;
    Ok(cache()?.join(format!("go/prometheus-{version}")))
}
