//! A disk of 16 MiB that fills.

use std::path::PathBuf;

use super::Scene;
use super::lines;
use super::writer::Writer;
use crate::Result;
use crate::e2e::disk::Disk;
use crate::e2e::eventually::eventually;

/// What is taken up first and given back when there should be room, in MiB.
const BALLAST: usize = 4;

fn mount(scene: &Scene<'_>, name: &str) -> Result<(Disk, PathBuf)> {
    let disk = Disk::mount(scene.folder(name)?, BALLAST)?;
    let path = disk.folder.join("lines.log");
    Ok((disk, path))
}

pub(super) fn drops(scene: &Scene<'_>) -> Result<String> {
    let (disk, path) = mount(scene, "disk-drops")?;
    let mut writer = Writer::start(scene, &path, &[])?;
    let mut books = writer.write(1_000)?;
    while books.dropped == 0 {
        books = writer.write(5_000)?;
    }
    let dropped = books.dropped;
    if disk.free()? > 0 {
        return Err("lines were dropped while there was room".to_owned());
    }
    disk.make_room()?;
    let books = writer.write(5_000)?;
    writer.end()?;
    let read = lines::read(std::slice::from_ref(&path), true)?;
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
    let counted = lines::wc(&path)?;
    if !(delivered + 1..=delivered + 2).contains(&counted) {
        return Err(format!("wc counts {counted} lines, of {delivered} and one that tells of the loss"));
    }
    Ok(format!("{delivered} delivered, {lost} lost and told"))
}

pub(super) fn waits(scene: &Scene<'_>) -> Result<String> {
    let (disk, path) = mount(scene, "disk-waits")?;
    let mut writer = Writer::start(scene, &path, &["block_seconds=60"])?;
    let mut books = writer.write(1_000)?;
    // As many as surely fit; then more than do.
    while disk.free()? > 1_024 {
        books = writer.write(2_000)?;
    }
    writer.tell("write 15000")?;
    eventually(|| match disk.free()? {
        0 => Ok(()),
        kib => Err(format!("{kib} KiB are free still")),
    })?;
    disk.make_room()?;
    let answer = writer.answer().ok_or("the writer is gone")?;
    writer.end()?;
    let [next, delivered, dropped] = answer[..] else {
        return Err(format!("the writer answered {answer:?}"));
    };
    lines::all_up_to(&lines::read(std::slice::from_ref(&path), false)?, books.next + 15_000)?;
    if (next, delivered, dropped) != (books.next + 15_000, next, 0) {
        return Err(format!("{delivered} delivered and {dropped} dropped of {next}"));
    }
    Ok(format!("{delivered} delivered"))
}

pub(super) fn stays_below(scene: &Scene<'_>) -> Result<String> {
    let (disk, path) = mount(scene, "disk-below")?;
    let limits = ["max_bytes=1000000", "keep_bytes=4000000"];
    let mut writer = Writer::start(scene, &path, &limits)?;
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
