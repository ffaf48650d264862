//! Others that read `/metrics`: Prometheus' own linter, and the strictest OpenMetrics parser there is.

use std::process::Command;

use super::install::Programs;
use super::pipe::{pipe, said};
use crate::Result;
use crate::service::{OPENMETRICS, Service, TEXT};

/// Reads by the strict parser and prints families and exemplars.
const READER: &str = include_str!("openmetrics.py");

/// What the linter thinks of text 0.0.4: a word about its size, or its faults.
pub(super) fn promtool(programs: &Programs, service: &Service) -> Result<String> {
    let response = service.metrics(TEXT)?;
    let mut command = Command::new(&programs.promtool);
    let output = pipe(command.args(["check", "metrics"]), &response.body)?;
    let said = said(&output);
    if output.status.success() && said.is_empty() {
        Ok(format!("{} bytes", response.body.len()))
    } else {
        Err(format!("{}: {}: {said}", service.name, output.status))
    }
}

/// What the strict parser saw in OpenMetrics.
pub(super) struct OpenMetrics {
    pub(super) families: usize,
    /// The family's bucket and the trace of each exemplar.
    pub(super) exemplars: Vec<(String, String)>,
}

impl OpenMetrics {
    pub(super) fn read(programs: &Programs, service: &Service) -> Result<Self> {
        let response = service.metrics(OPENMETRICS)?;
        let kind = response.header("content-type");
        if !kind.starts_with("application/openmetrics-text; version=1.0.0") {
            return Err(format!("{}: the content type is `{kind}`", service.name));
        }
        let output = pipe(Command::new(&programs.python).args(["-c", READER]), &response.body)?;
        let said = said(&output);
        if !output.status.success() {
            let last = said.lines().last().unwrap_or_default();
            return Err(format!("{}: refused: {last}", service.name));
        }
        let families = said.lines().filter(|line| line.starts_with("family ")).count();
        let exemplars = said.lines().filter_map(|line| line.strip_prefix("exemplar ")?.split_once(' '));
        let exemplars = exemplars.map(|(name, trace_id)| (name.to_owned(), trace_id.to_owned()));
        Ok(Self { families, exemplars: exemplars.collect() })
    }
}
