//! What tells that a file may have changed without reading it, where files have no inodes.

use std::path::Path;
use std::time::SystemTime;

/// When and how large it was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: SystemTime,
    len: u64,
}

impl Stamp {
    pub(crate) fn of(path: &Path) -> std::io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        Ok(Self { modified: metadata.modified()?, len: metadata.len() })
    }
}
