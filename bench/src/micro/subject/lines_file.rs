//! Files that lines are written to, and whether they hold all of them.

use crate::workload::{expect, note_line};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::thread;

/// A file of this process's own, which is not there yet.
pub(super) fn path() -> PathBuf {
    let path = std::env::temp_dir().join(format!("bench-{}.log", std::process::id()));
    // One that an earlier process of this number left.
    let _ = std::fs::remove_file(&path);
    path
}

/// Does `count` operations, shared among so many threads.
pub(super) fn by_threads(threads: u64, count: u64, run: fn(u64)) {
    if threads == 1 {
        return run(count);
    }
    thread::scope(|scope| {
        for thread in 0..threads {
            let share = count / threads + u64::from(thread < count % threads);
            scope.spawn(move || run(share));
        }
    });
}

/// Whether the file holds so many whole lines; removes it.
pub(super) fn check(path: &Path, total: u64) -> Result<(), String> {
    let bytes = std::fs::metadata(path).map_or(0, |file| file.len());
    note_line((bytes / total.max(1)) as usize);
    let file = std::fs::File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let whole = |line: &Result<String, _>| line.as_ref().is_ok_and(|line| line.ends_with('}'));
    let lines = BufReader::new(file).lines().filter(whole).count();
    let _ = std::fs::remove_file(path);
    expect("lines in the file", lines as u64, total)
}
