//! A folder for the data and output of one run: gone when the run was good, kept and named when it was not.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

use crate::Result;

pub(super) struct Folder {
    path: PathBuf,
    kept: bool,
}

impl Folder {
    pub(super) fn new() -> Result<Self> {
        let path = env::temp_dir().join(format!("obs-e2e-{}", process::id()));
        fs::create_dir_all(&path).map_err(|error| format!("cannot make {}: {error}", path.display()))?;
        Ok(Self { path, kept: true })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The run was good: nobody will look into it.
    pub(super) fn discard(&mut self) {
        self.kept = false;
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.kept {
            println!("data and output are kept in {}", self.path.display());
        } else {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
