//! Where what is to survive the process is kept.

use std::path::PathBuf;

/// Where journals are, of outputs and exporters that are durable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Journal {
    /// The directory in which each output has one of its own; default none, and then nothing can be durable. `OBS_JOURNAL`.
    pub directory: Option<PathBuf>,
    /// The most bytes of one journal on the disk; default 256 MiB.
    pub max: u64,
}

impl Default for Journal {
    fn default() -> Self {
        Self { directory: None, max: 256 * 1024 * 1024 }
    }
}

impl Journal {
    /// No journals, until a directory is named.
    pub fn new() -> Self {
        Self::default()
    }

    /// Journals in this directory, which belongs to one process at a time.
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        Self { directory: Some(directory.into()), ..Self::default() }
    }
}
