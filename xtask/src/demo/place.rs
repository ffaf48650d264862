//! The folder of the demo: what a demo leaves there, and whether one is running.

use std::fs::{self, File, TryLockError};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::shop::{Part, Shop};
use crate::{Result, cargo};

pub(super) struct Place {
    folder: PathBuf,
}

/// The folder is this demo's as long as this lives; the system takes it back from one that was killed.
#[derive(Debug)]
pub(super) struct Held {
    file: File,
}

impl Drop for Held {
    fn drop(&mut self) {
        // To close it is not enough while a child that is just being started has it too.
        let _ = self.file.unlock();
    }
}

impl Place {
    pub(super) fn new() -> Self {
        Self { folder: cargo::target().join("demo") }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// How to see the lines of a trace as they were written.
    pub(super) fn whole_lines(&self, trace_id: &str) -> String {
        format!("  the lines as they were written: grep -h {trace_id} {}/*.lines.json", self.folder.display())
    }

    /// Requests of OTLP, each behind its length.
    pub(super) fn spans(&self) -> PathBuf {
        self.folder.join("spans.otlp")
    }

    /// What the demo's clients were answered.
    pub(super) fn answers(&self) -> PathBuf {
        self.folder.join("answers.json")
    }

    /// Buckets whose exemplar pointed to a request that failed.
    pub(super) fn pointers(&self) -> PathBuf {
        self.folder.join("exemplars.txt")
    }

    fn addresses(&self) -> PathBuf {
        self.folder.join("addresses")
    }

    fn lock(&self) -> std::result::Result<File, TryLockError> {
        let file = File::options().create(true).append(true).open(self.folder.join("lock"));
        let file = file.map_err(TryLockError::Error)?;
        file.try_lock()?;
        Ok(file)
    }

    /// Takes the folder; one demo at a time writes to it.
    pub(super) fn hold(&self) -> Result<Held> {
        let name = self.folder.display();
        fs::create_dir_all(&self.folder).map_err(|error| format!("cannot make {name}: {error}"))?;
        match self.lock() {
            Ok(file) => Ok(Held { file }),
            Err(TryLockError::WouldBlock) => Err(format!("another demo is running and writes to {name}")),
            Err(TryLockError::Error(error)) => Err(format!("cannot lock {name}: {error}")),
        }
    }

    /// Whether a demo is running.
    pub(super) fn held(&self) -> bool {
        matches!(self.lock(), Err(TryLockError::WouldBlock))
    }

    /// Notes where the admin listeners are.
    pub(super) fn note(&self, shop: &Shop) -> Result {
        let lines = shop.services().map(|service| format!("{} {}\n", service.name, service.admin));
        let path = self.addresses();
        fs::write(&path, lines.concat()).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Where the admin listeners of the last demo are, or were.
    pub(super) fn noted(&self) -> Vec<(Part, SocketAddr)> {
        noted(&fs::read_to_string(self.addresses()).unwrap_or_default())
    }
}

fn noted(text: &str) -> Vec<(Part, SocketAddr)> {
    let read = |line: &str| {
        let (name, address) = line.split_once(' ')?;
        let part = Part::ALL.into_iter().find(|part| part.name() == name)?;
        Some((part, address.parse().ok()?))
    };
    text.lines().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::loopback;

    #[test]
    fn addresses_are_read_and_nothing_else_is() {
        let text = "gateway 127.0.0.1:9464\nstable 127.0.0.1:1\norders x\npayments 127.0.0.1:9466\n";
        let expected = [(Part::Gateway, loopback(9464)), (Part::Payments, loopback(9466))];
        assert_eq!(noted(text), expected);
    }

    #[test]
    fn a_folder_is_held_by_one() {
        let folder = std::env::temp_dir().join(format!("xtask-place-{}", std::process::id()));
        let place = Place { folder: folder.clone() };
        let held = place.hold().unwrap();
        assert!(place.held() && place.hold().unwrap_err().contains("another demo"));
        drop(held);
        assert!(!place.held());
        fs::remove_dir_all(folder).unwrap();
    }
}
