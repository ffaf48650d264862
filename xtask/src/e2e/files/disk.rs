//! A disk of 16 MiB that fills.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Scene;
use super::lines;
use super::writer::Writer;
use crate::{Result, cargo};

/// What is taken up first and given back when there should be room.
const BALLAST: usize = 4 * 1024 * 1024;

/// A file system of its own in memory, gone with the value.
struct Disk {
    folder: PathBuf,
}

impl Disk {
    fn mount(scene: &Scene<'_>, name: &str) -> Result<Self> {
        let folder = scene.folder(name)?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=16m", "obs-e2e"]).arg(&folder);
        cargo::run(&mut mount).map_err(|error| {
            format!("{error}\n(it needs Linux and root: sudo -E cargo xtask e2e --only files)")
        })?;
        let disk = Self { folder };
        std::fs::write(disk.ballast(), vec![0; BALLAST]).map_err(|error| format!("the ballast: {error}"))?;
        Ok(disk)
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }

    fn make_room(&self) -> Result {
        std::fs::remove_file(self.ballast()).map_err(|error| format!("the ballast: {error}"))
    }

    fn path(&self) -> PathBuf {
        self.folder.join("lines.log")
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

pub(super) fn drops(scene: &Scene<'_>) -> Result<String> {
    let disk = Disk::mount(scene, "disk-drops")?;
    let mut writer = Writer::start(scene, &disk.path(), &[])?;
    let mut books = writer.write(1_000)?;
    while books.dropped == 0 {
        books = writer.write(5_000)?;
    }
    let dropped = books.dropped;
    if free(&disk.folder)? > 0 {
        return Err("lines were dropped while there was room".to_owned());
    }
    disk.make_room()?;
    let books = writer.write(5_000)?;
    writer.end()?;
    let read = lines::read(&[disk.path()], true)?;
    if books.dropped != dropped {
        return Err(format!("{} lines were dropped while there was room again", books.dropped - dropped));
    }
    let in_order = read.numbers.windows(2).all(|pair| pair[0] < pair[1]);
    let (delivered, lost) = (read.numbers.len() as u64, read.lost);
    if !in_order || (delivered, lost) != (books.delivered, dropped) || delivered + lost != books.next {
        return Err(format!(
            "{delivered} lines and {lost} told as lost (in order: {in_order}), of {books:?}"
        ));
    }
    // One line that tells of the loss, and at most one whose end is missing.
    let counted = lines::wc(&disk.path())?;
    if !(delivered + 1..=delivered + 2).contains(&counted) {
        return Err(format!("wc counts {counted} lines, of {delivered} and one that tells of the loss"));
    }
    Ok(format!("{delivered} delivered, {lost} lost and told"))
}

pub(super) fn waits(scene: &Scene<'_>) -> Result<String> {
    let disk = Disk::mount(scene, "disk-waits")?;
    let mut writer = Writer::start(scene, &disk.path(), &["block_seconds=60"])?;
    let mut books = writer.write(1_000)?;
    // As many as surely fit; then more than do.
    while free(&disk.folder)? > 1_024 {
        books = writer.write(2_000)?;
    }
    writer.tell("write 15000")?;
    super::super::eventually::eventually(|| match free(&disk.folder)? {
        0 => Ok(()),
        kib => Err(format!("{kib} KiB are free still")),
    })?;
    disk.make_room()?;
    let answer = writer.answer().ok_or("the writer is gone")?;
    writer.end()?;
    let [next, delivered, dropped] = answer[..] else {
        return Err(format!("the writer answered {answer:?}"));
    };
    lines::all_up_to(&lines::read(&[disk.path()], false)?, books.next + 15_000)?;
    if (next, delivered, dropped) != (books.next + 15_000, next, 0) {
        return Err(format!("{delivered} delivered and {dropped} dropped of {next}"));
    }
    Ok(format!("{delivered} delivered"))
}

pub(super) fn stays_below(scene: &Scene<'_>) -> Result<String> {
    let disk = Disk::mount(scene, "disk-below")?;
    let limits = ["max_bytes=1000000", "keep_bytes=4000000"];
    let mut writer = Writer::start(scene, &disk.path(), &limits)?;
    let mut books = writer.write(1)?;
    for _ in 0..60 {
        books = writer.write(5_000)?;
    }
    writer.end()?;
    let files = lines::files(&disk.folder, "lines.log")?;
    let read = lines::read(&files, false)?;
    let (first, last) = (read.numbers.first().copied(), read.numbers.last().copied());
    let whole = read.numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]);
    if books.dropped > 0 || last != Some(books.next - 1) || !whole || first == Some(0) {
        return Err(format!("{first:?} to {last:?} (whole: {whole}) of {books:?}"));
    }
    Ok(format!("{} lines written, the last {} kept in {} files", books.next, read.numbers.len(), read.files))
}
