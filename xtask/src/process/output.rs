//! A child's output goes to a file: nobody has to drain a pipe, and it is still there when something went wrong.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Stdio;

use crate::Result;

/// The file a child writes both its streams to.
#[derive(Debug)]
pub(crate) struct Output(PathBuf);

impl Output {
    pub(super) fn create(path: PathBuf) -> Result<(Self, Stdio, Stdio)> {
        let failed = |error| format!("cannot write {}: {error}", path.display());
        let out = File::create(&path).map_err(failed)?;
        let err = out.try_clone().map_err(failed)?;
        Ok((Self(path), out.into(), err.into()))
    }

    /// All of it; what is not UTF-8 is replaced.
    pub(crate) fn text(&self) -> String {
        fs::read(&self.0).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Its last lines, indented.
    pub(crate) fn tail(&self) -> String {
        let text = self.text();
        let lines: Vec<_> = text.lines().collect();
        let tail = &lines[lines.len().saturating_sub(15)..];
        if tail.is_empty() { "  (no output)".to_owned() } else { format!("  {}", tail.join("\n  ")) }
    }
}
