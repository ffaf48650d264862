//! Builds and starts the quickstart, for the checker.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::service::{Addresses, Inherited, Lines, Plan, Service};
use crate::{Result, cargo};

/// Where it listens and where its telemetry goes.
pub(crate) struct Settings<'a> {
    pub(crate) addresses: Addresses,
    /// The sink its spans go to.
    pub(crate) otlp: SocketAddr,
    /// The folder for its lines and its output.
    pub(crate) folder: &'a Path,
    pub(crate) inherited: Inherited,
}

/// Builds it without optimisation: the first start is what one waits for.
pub(crate) fn build() -> Result<PathBuf> {
    let [binary] = cargo::build_binaries("quickstart", ["quickstart"])?;
    Ok(binary)
}

/// Starts `binary` and waits until it is ready.
pub(crate) fn start(binary: &Path, settings: &Settings<'_>) -> Result<Service> {
    Service::start(&Plan {
        lines: Lines::Told,
        name: "quickstart",
        binary,
        config: "examples/quickstart/obs.yaml",
        configuration: "",
        addresses: settings.addresses,
        otlp: settings.otlp,
        folder: settings.folder,
        inherited: settings.inherited,
        variables: &[
            ("QUICKSTART_ADDR", settings.addresses.service.to_string()),
            ("QUICKSTART_EXIT_ON_STDIN_EOF", "1".to_owned()),
        ],
    })
}
