//! Which file it is, and what is in it.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::super::FileChoice;
use super::super::draft::Place;
use super::super::environment::Lookup;

/// Where the file is when nobody names another.
const BESIDE: &str = "obs.yaml";
/// A larger file is refused, in bytes.
pub(super) const LARGEST: u64 = 1024 * 1024;

/// A file that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    shown: String,
    path: PathBuf,
}

impl File {
    fn new(path: &Path) -> Self {
        let shown = path.display().to_string();
        // The service may change its working directory. Links are left as they are: what they point to changes too.
        Self { shown, path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()) }
    }

    /// Its name as it was given.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// All of it.
    ///
    /// # Errors
    /// Why not, in words.
    pub(crate) fn read(&self) -> Result<Vec<u8>, String> {
        regular(&self.path, LARGEST)
    }
}

/// The file that counts, if any does: `OBS_CONFIG` before the code.
pub(in crate::config) fn find(
    choice: &FileChoice,
    lookup: Lookup<'_>,
) -> Result<Option<File>, (Place, String)> {
    let named = lookup("OBS_CONFIG").filter(|named| !named.is_empty());
    let (path, place) = match (&named, choice) {
        (Some(named), _) if named == "off" => return Ok(None),
        (Some(named), _) => (Path::new(named), Place::Variable("OBS_CONFIG")),
        (None, FileChoice::At(path)) => (path.as_path(), Place::Setter("config_file")),
        (None, FileChoice::Off) => return Ok(None),
        (None, FileChoice::Beside) if fs::symlink_metadata(BESIDE).is_err_and(is_absence) => return Ok(None),
        (None, FileChoice::Beside) => return Ok(Some(File::new(Path::new(BESIDE)))),
    };
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err((place, format!("{} does not exist", path.display())))
        }
        _ => Ok(Some(File::new(path))),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape `is_err_and` asks for")]
fn is_absence(error: std::io::Error) -> bool {
    error.kind() == ErrorKind::NotFound
}

/// All of a file that is one, and no larger than `largest` bytes.
pub(super) fn regular(path: &Path, largest: u64) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    // Asked first: opening a pipe waits for whoever writes to it.
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(String::from("is a directory"));
    }
    if !metadata.is_file() {
        return Err(String::from("is no regular file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(largest + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    if bytes.len() as u64 > largest {
        return Err(format!("is larger than {} KiB", largest / 1024));
    }
    Ok(bytes)
}
