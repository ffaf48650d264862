//! `logrotate` at the file while it is written.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Scene;
use super::lines;
use super::writer::Writer;
use crate::e2e::eventually::eventually;
use crate::{Result, cargo};

/// How often it is rotated.
const TIMES: usize = 5;

fn rotate(scene: &Scene<'_>, folder: &Path, what: &str) -> Result {
    let configuration = folder.join("logrotate.conf");
    let text =
        format!("{}/lines.log {{\n  rotate 100\n  missingok\n  su root root\n{what}}}\n", folder.display());
    std::fs::write(&configuration, text).map_err(|error| format!("{}: {error}", configuration.display()))?;
    let mut command = Command::new(&scene.logrotate);
    command.arg("--force").arg("--state").arg(folder.join("state")).arg(&configuration);
    cargo::run(&mut command)
}

/// All files of the output. The numbers of `logrotate` count backwards from the newest: `lines.log.5.gz` is the first.
fn oldest_first(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = lines::files(folder, "lines.log")?;
    files.sort_by_key(|file| {
        let name = file.to_string_lossy().into_owned();
        let number = name.trim_end_matches(".gz").rsplit('.').next().and_then(|end| end.parse::<i64>().ok());
        -number.unwrap_or(0)
    });
    Ok(files)
}

/// The files of ours that a process has open.
fn open_files(process: u32) -> Result<Vec<PathBuf>> {
    let folder = format!("/proc/{process}/fd");
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{folder}: {error}"))?;
    let paths = entries.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    Ok(paths.filter(|path| path.to_string_lossy().contains("lines.log")).collect())
}

/// Nothing is written from the moving on to the next line, so that what is there by then is the signal's work.
pub(super) fn at_rest(scene: &Scene<'_>) -> Result<String> {
    let folder = scene.folder("at-rest")?;
    let path = folder.join("lines.log");
    let mut writer = Writer::start(scene, &path, &[])?;
    writer.write(1_000)?;
    // Without the signal it is held until a line is to be written.
    rotate(scene, &folder, "  nocreate\n")?;
    if path.exists() || open_files(writer.id())? != [folder.join("lines.log.1")] {
        return Err(format!("begun by nobody; open are {:?}", open_files(writer.id())?));
    }
    let mut next = writer.write(1_000)?.next;
    let hangup = format!("  nocreate\n  postrotate\n    kill -HUP {}\n  endscript\n", writer.id());
    for _ in 0..TIMES {
        rotate(scene, &folder, &hangup)?;
        eventually(|| match open_files(writer.id())? {
            open if open == [path.clone()] && path.exists() => Ok(()),
            open => Err(format!("the signal has no new file begun; open are {open:?}")),
        })?;
        let here = lines::wc(&path)?;
        if here != 0 {
            return Err(format!("{here} lines that nobody has written"));
        }
        next = writer.write(1_000)?.next;
    }
    writer.end()?;
    let read = lines::read(&oldest_first(&folder)?, false)?;
    lines::all_up_to(&read, next)?;
    Ok(format!("{next} lines in {} files", read.files))
}

pub(super) fn with_hangup(scene: &Scene<'_>) -> Result<String> {
    let folder = scene.folder("hangup")?;
    let path = folder.join("lines.log");
    let mut writer = Writer::start(scene, &path, &[])?;
    let what = format!("  compress\n  nocreate\n  postrotate\n    kill -HUP {}\n  endscript\n", writer.id());
    writer.tell("go")?;
    let mut last = 0;
    for _ in 0..TIMES {
        // Written to all the time.
        for _ in 0..20 {
            last =
                writer.answer().and_then(|numbers| numbers.first().copied()).ok_or("the writer is gone")?;
        }
        rotate(scene, &folder, &what)?;
        eventually(|| path.exists().then_some(()).ok_or_else(|| "no file was begun".to_owned()))?;
    }
    let answers = writer.kill()?;
    last = answers.last().and_then(|numbers| numbers.first().copied()).unwrap_or(last);
    let files = oldest_first(&folder)?;
    let compressed =
        files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "gz")).count();
    if compressed != TIMES {
        return Err(format!("logrotate left {compressed} files of {TIMES}"));
    }
    let mut read = lines::read(&files, true)?;
    let more = read.numbers.len() as u64;
    if more < last {
        return Err(format!("{more} lines of {last}"));
    }
    read.numbers.truncate(more as usize);
    lines::all_up_to(&read, more)?;
    Ok(format!("{more} lines in {} files", read.files))
}

pub(super) fn copied_and_cut(scene: &Scene<'_>) -> Result<String> {
    let folder = scene.folder("cut")?;
    let path = folder.join("lines.log");
    let mut writer = Writer::start(scene, &path, &[])?;
    let mut next = 0;
    for _ in 0..TIMES {
        // At rest while it is copied: what is written between the copy and the cut is lost by whoever cuts.
        next = writer.write(1_000)?.next;
        rotate(scene, &folder, "  copytruncate\n")?;
    }
    next = writer.write(1_000)?.next.max(next);
    writer.end()?;
    let mut files = lines::files(&folder, "lines.log")?;
    files.reverse();
    files.rotate_left(1);
    let read = lines::read(&files, false)?;
    lines::all_up_to(&read, next)?;
    let here = lines::wc(&path)?;
    if here != 1_000 {
        return Err(format!("{here} lines of 1000 behind the last cut"));
    }
    Ok(format!("{next} lines in {} files", read.files))
}
