//! A directory of a test's own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Not made before somebody does; removed in the end.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("obs-journal-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        Self(folder)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Names and contents of all files but the lock.
    pub(super) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let names = std::fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name());
        let names = names.map(|name| name.into_string().unwrap()).filter(|name| name != "lock");
        names.map(|name| (name.clone(), std::fs::read(self.0.join(&name)).unwrap())).collect()
    }

    /// Has these files in it and no others.
    pub(super) fn set(&self, files: &BTreeMap<String, Vec<u8>>) {
        std::fs::create_dir_all(&self.0).unwrap();
        for entry in std::fs::read_dir(&self.0).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        for (name, bytes) in files {
            std::fs::write(self.0.join(name), bytes).unwrap();
        }
    }

    /// Names of the files that end like this, in order.
    pub(super) fn named(&self, end: &str) -> Vec<String> {
        self.files().into_keys().filter(|name| name.ends_with(end)).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
