//! The files the rules look at, read once.

use std::fs;
use std::path::Path;

use super::source::Source;
use crate::Result;

/// Where Rust files are looked for.
const FOLDERS: [&str; 4] = ["crates", "examples", "xtask", "bench"];

/// A Cargo.toml of a package.
pub(crate) struct Manifest {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// All files.
#[derive(Default)]
pub(crate) struct Tree {
    pub(crate) sources: Vec<Source>,
    pub(crate) manifests: Vec<Manifest>,
}

impl Tree {
    /// Reads the tree under `root`; builds and hidden folders are not part of it.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        for folder in FOLDERS.iter().filter(|folder| root.join(folder).is_dir()) {
            tree.read_folder(root, folder)?;
        }
        Ok(tree)
    }

    fn read_folder(&mut self, root: &Path, folder: &str) -> Result {
        let failed = |error| format!("cannot read {folder}: {error}");
        let mut names = Vec::new();
        for entry in fs::read_dir(root.join(folder)).map_err(failed)? {
            names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        for name in names.iter().filter(|name| *name != "target" && !name.starts_with('.')) {
            let path = format!("{folder}/{name}");
            if root.join(&path).is_dir() {
                self.read_folder(root, &path)?;
            } else if name.ends_with(".rs") || name == "Cargo.toml" {
                let text = fs::read_to_string(root.join(&path));
                self.add(&path, &text.map_err(|error| format!("cannot read {path}: {error}"))?);
            }
        }
        Ok(())
    }

    /// Adds one file, by the kind its name tells.
    pub(crate) fn add(&mut self, path: &str, text: &str) {
        if path.ends_with(".rs") {
            self.sources.push(Source::new(path, text));
        } else {
            self.manifests.push(Manifest { path: path.to_owned(), text: text.to_owned() });
        }
    }
}
