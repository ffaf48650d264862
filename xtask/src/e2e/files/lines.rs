//! What is in the files of an output, as other programs read them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::json::Json;

/// The numbers on all lines in the order of the files, and how many the lines between say are lost.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) numbers: Vec<u64>,
    pub(super) lost: u64,
    pub(super) files: usize,
}

/// All files in `folder` whose name begins so, in the order of their names; the one of that very name last.
pub(super) fn files(folder: &Path, current: &str) -> Result<Vec<PathBuf>> {
    let stem = current.trim_end_matches("log");
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<_> = names.filter(|name| name.starts_with(stem)).collect();
    names.sort_by_key(|name| (name == current, name.clone()));
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

/// The bytes of a file by `cat`, or by `gzip`, which fails on half a file.
pub(in crate::e2e) fn bytes(path: &Path) -> Result<Vec<u8>> {
    let is_gzip = path.extension().is_some_and(|ending| ending == "gz");
    let mut command = if is_gzip { Command::new("gzip") } else { Command::new("cat") };
    let output = command.args(is_gzip.then_some("-dc")).arg(path).output();
    let output = output.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(format!("{}: {}", path.display(), String::from_utf8_lossy(&output.stderr).trim()))
}

/// How many lines `wc` counts.
pub(in crate::e2e) fn wc(path: &Path) -> Result<u64> {
    let output = Command::new("wc").arg("-l").arg(path).output();
    let output = output.map_err(|error| format!("wc: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let count = text.split_whitespace().next().and_then(|count| count.parse().ok());
    count.ok_or_else(|| format!("wc said `{text}`"))
}

/// Reads all lines of all files. A line that is no whole one is an error unless `torn` may stand in front of others.
pub(super) fn read(files: &[PathBuf], may_be_torn: bool) -> Result<Lines> {
    let mut all = Lines { files: files.len(), ..Lines::default() };
    for path in files {
        let bytes = bytes(path)?;
        let text = String::from_utf8(bytes).map_err(|error| format!("{}: {error}", path.display()))?;
        for line in text.split_terminator('\n') {
            match Json::parse(line) {
                Ok(line) => match (number(&line, "n"), number(&line, "lost")) {
                    (Some(n), None) => all.numbers.push(n),
                    (None, Some(lost)) => all.lost += lost,
                    _ => return Err(format!("{}: {line} is no line of ours", path.display())),
                },
                Err(_) if may_be_torn => {}
                Err(error) => return Err(format!("{}: {error}: {line:?}", path.display())),
            }
        }
    }
    Ok(all)
}

fn number(line: &Json, key: &str) -> Option<u64> {
    line.at(&[key]).and_then(Json::number).map(|number| number as u64)
}

/// An error unless the numbers are those from 0, each once and in order.
pub(super) fn all_up_to(lines: &Lines, end: u64) -> Result {
    let wrong = lines.numbers.iter().copied().zip(0..).find(|(number, expected)| number != expected);
    match wrong {
        Some((number, expected)) => Err(format!("{number} stands where {expected} should")),
        None if lines.numbers.len() as u64 == end => Ok(()),
        None => Err(format!("{} lines of {end}", lines.numbers.len())),
    }
}
