//! A program that closes and compresses files all the time, ended by SIGKILL at any moment.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use super::Scene;
use super::lines;
use super::writer::Writer;
use crate::Result;
use crate::e2e::eventually::eventually;

/// How often it is killed.
const ROUNDS: u64 = 40;
/// Room for the numbers of each round.
const NUMBERS: u64 = 1_000_000;

pub(super) fn at_any_moment(scene: &Scene<'_>) -> Result<String> {
    let folder = scene.folder("killed")?;
    let path = folder.join("lines.log");
    let mut expected = BTreeSet::new();
    for round in 0..ROUNDS {
        let start = round * NUMBERS;
        let arguments = [&format!("start={start}"), "max_bytes=20000", "gzip"];
        let mut writer = Writer::start(scene, &path, &arguments)?;
        writer.tell("go")?;
        let first = writer.answer().ok_or("the writer ended by itself")?;
        // At another moment each time.
        sleep(Duration::from_micros(1_000 + round * 7_919 % 90_000));
        let last = writer.kill()?.pop().unwrap_or(first);
        expected.extend(start..last[0]);
        // What has its last name is whole, also now.
        for file in lines::files(&folder, "lines.log")? {
            if file.extension().is_some_and(|ending| ending == "gz") {
                lines::bytes(&file)?;
            }
        }
    }
    settle(scene, &folder, &path)?;
    let files = lines::files(&folder, "lines.log")?;
    let read = lines::read(&files, true)?;
    let found: BTreeSet<u64> = read.numbers.iter().copied().collect();
    if found.len() != read.numbers.len() {
        return Err(format!("{} lines are there more than once", read.numbers.len() - found.len()));
    }
    if !read.numbers.is_sorted() {
        return Err("files do not follow one another as their lines do".to_owned());
    }
    match expected.difference(&found).next() {
        Some(missing) => Err(format!("line {missing} was written and is missing")),
        None => Ok(format!("{ROUNDS} times, {} lines in {} files", expected.len(), read.files)),
    }
}

/// Starts it once more and waits until it has put everything in order.
fn settle(scene: &Scene<'_>, folder: &std::path::Path, path: &PathBuf) -> Result {
    // A place that was taken and not used is left alone for a minute, in which another process may be about to use it.
    for file in lines::files(folder, "lines.log")? {
        if file != *path && std::fs::metadata(&file).is_ok_and(|found| found.len() == 0) {
            let aged = std::process::Command::new("touch").args(["-d", "2 minutes ago"]).arg(&file).status();
            aged.map_err(|error| format!("touch: {error}"))?;
        }
    }
    let start = format!("start={}", ROUNDS * NUMBERS);
    let mut writer = Writer::start(scene, path, &[&start, "max_bytes=20000", "gzip"])?;
    writer.write(1)?;
    eventually(|| {
        let files = lines::files(folder, "lines.log")?;
        let is_done = |file: &&PathBuf| *file == path || file.to_string_lossy().ends_with(".log.gz");
        match files.iter().find(|file| !is_done(file)) {
            None => Ok(()),
            Some(file) => Err(format!("{} is still there", file.display())),
        }
    })?;
    writer.end()
}

pub(super) fn left_undone(scene: &Scene<'_>) -> Result<String> {
    let folder = scene.folder("undone")?;
    let path = folder.join("lines.log");
    let mut writer = Writer::start(scene, &path, &["max_bytes=20000"])?;
    let books = writer.write(2_000)?;
    writer.end()?;
    let closed = lines::files(&folder, "lines.log")?;
    let wrong = |error: std::io::Error| format!("{}: {error}", folder.display());
    // Half of one, as it would be called; and one that was compressed but not removed.
    std::fs::write(format!("{}.gz.tmp", closed[0].display()), b"half").map_err(wrong)?;
    let gzip = std::process::Command::new("gzip").arg("-k").arg(&closed[1]).status().map_err(wrong)?;
    if !gzip.success() {
        return Err(format!("gzip: {gzip}"));
    }
    settle(scene, &folder, &path)?;
    let files = lines::files(&folder, "lines.log")?;
    let mut read = lines::read(&files, false)?;
    // The line of the last start is another.
    read.numbers.pop();
    lines::all_up_to(&read, books.next)?;
    Ok(format!("{} lines in {} files", read.numbers.len(), read.files))
}
