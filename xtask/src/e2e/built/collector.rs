//! An OpenTelemetry Collector of the parts that are needed: none is released as a module, it is made by a builder.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{Result, cargo};

pub(super) const NAME: &str = "otelcol";
/// Of the builder and of all parts, which are released together.
pub(super) const VERSION: &str = "v0.159.0";

const MANIFEST: &str = include_str!("collector.yaml");

/// Has `builder` make one, in a folder beside `place`.
pub(super) fn build(builder: &Path, place: &Path) -> Result {
    let folder = place.with_extension("build");
    let failed = |error| format!("{}: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(failed)?;
    let manifest = folder.join("manifest.yaml");
    let text = MANIFEST
        .replace("{folder}", &folder.to_string_lossy())
        .replace("{number}", VERSION.trim_start_matches('v'))
        .replace("{version}", VERSION);
    fs::write(&manifest, text).map_err(failed)?;
    cargo::run(Command::new(builder).arg("--config").arg(&manifest).current_dir(&folder))?;
    fs::rename(folder.join(NAME), place).map_err(failed)?;
    fs::remove_dir_all(&folder).map_err(failed)
}
