//! A file system of its own in memory, which fills soon.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Result, cargo};

/// Its size, in MiB.
const SIZE: usize = 16;

/// A disk of 16 MiB of which a part is taken up first, and given back when there should be room; gone with the value.
pub(super) struct Disk {
    pub(super) folder: PathBuf,
}

impl Disk {
    pub(super) fn mount(folder: PathBuf, ballast_mib: usize) -> Result<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={SIZE}m"), "obs-e2e"]).arg(&folder);
        cargo::run(&mut mount)
            .map_err(|error| format!("{error}\n(it needs Linux and root: sudo -E cargo xtask e2e)"))?;
        let disk = Self { folder };
        std::fs::write(disk.ballast(), vec![0; ballast_mib << 20])
            .map_err(|error| format!("the ballast: {error}"))?;
        Ok(disk)
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }

    pub(super) fn make_room(&self) -> Result {
        std::fs::remove_file(self.ballast()).map_err(|error| format!("the ballast: {error}"))
    }

    /// From now on nobody writes to it, root neither.
    pub(super) fn read_only(&self) -> Result {
        cargo::run(Command::new("mount").args(["-o", "remount,ro"]).arg(&self.folder))
    }

    /// How many KiB are free.
    pub(super) fn free(&self) -> Result<u64> {
        free(&self.folder)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
    }
}

fn free(folder: &Path) -> Result<u64> {
    let output = Command::new("df").args(["--output=avail", "-k"]).arg(folder).output();
    let output = output.map_err(|error| format!("df: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().last().and_then(|line| line.trim().parse().ok()).ok_or_else(|| format!("df said `{text}`"))
}
