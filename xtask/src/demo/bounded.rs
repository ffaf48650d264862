//! Records in a file that begins anew when it is full, and keeps the one before: a demo that is left running fills no disk,
//! and what is newest is always there.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::Result;

pub(crate) struct Bounded {
    what: &'static str,
    path: PathBuf,
    /// None once it cannot be written.
    file: Option<File>,
    limit: u64,
    written: u64,
}

impl Bounded {
    /// Begins the file anew; it and the one before it take `limit` bytes each at most.
    pub(crate) fn create(what: &'static str, path: &Path, limit: u64) -> Result<Self> {
        let _ = fs::remove_file(older(path));
        let file = File::create(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self { what, path: path.to_owned(), file: Some(file), limit, written: 0 })
    }

    /// Writes the whole record, or says once why records are no longer kept.
    pub(crate) fn append(&mut self, record: &[u8]) {
        let Some(mut file) = self.file.take() else { return };
        match self.write(&mut file, record) {
            Ok(again) => self.file = Some(again.unwrap_or(file)),
            Err(error) => {
                let (what, path) = (self.what, self.path.display());
                let _ = writeln!(io::stderr(), "{what}: no more of them are written to {path}: {error}");
            }
        }
    }

    /// Gives the file that was begun anew, if it was.
    fn write(&mut self, file: &mut File, record: &[u8]) -> io::Result<Option<File>> {
        let length = record.len() as u64;
        if self.written == 0 || self.written + length <= self.limit {
            file.write_all(record)?;
            self.written += length;
            return Ok(None);
        }
        fs::rename(&self.path, older(&self.path))?;
        let mut again = File::create(&self.path)?;
        again.write_all(record)?;
        self.written = length;
        Ok(Some(again))
    }
}

/// What is kept: of the file before and of this one, each from its first record.
pub(crate) fn kept(path: &Path) -> [Vec<u8>; 2] {
    [older(path), path.to_owned()].map(|path| fs::read(path).unwrap_or_default())
}

fn older(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".before");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_begins_anew_and_the_one_before_is_kept() {
        let path = std::env::temp_dir().join(format!("xtask-bounded-{}", std::process::id()));
        let mut file = Bounded::create("records", &path, 5).unwrap();
        let mut check = |record: &str, before: &str, newest: &str| {
            file.append(record.as_bytes());
            assert_eq!(kept(&path), [before, newest].map(|text| text.as_bytes().to_vec()), "{record}");
        };
        check("abc", "", "abc");
        check("de", "", "abcde");
        check("f", "abcde", "f");
        check("larger", "f", "larger");
        drop(Bounded::create("records", &path, 5).unwrap());
        assert_eq!(kept(&path), [vec![], vec![]], "a new demo begins with nothing");
        fs::remove_file(path).unwrap();
    }
}
