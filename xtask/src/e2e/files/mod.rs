//! The checks of log files: a disk that fills, a program that is killed, `logrotate`, a pipe that nobody reads; what is in
//! the files is read by `cat`, `gzip` and `wc`.

mod disk;
mod durable;
mod killed;
pub(super) mod lines;
mod moved;
mod stalled;
mod terminal;
mod writer;

use std::path::{Path, PathBuf};

use super::install;
use super::report::Report;
use crate::{Result, cargo};

/// What is tried, and where.
struct Scene<'a> {
    writer: PathBuf,
    logrotate: PathBuf,
    tmux: PathBuf,
    /// What writes pretty lines.
    terminal_lines: PathBuf,
    folder: &'a Path,
}

impl Scene<'_> {
    /// A new folder of one check.
    fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(folder)
    }
}

type Check = fn(&Scene<'_>) -> Result<String>;

const ALL: [(&str, Check); 12] = [
    ("files: a disk that fills loses lines, counts them, and says so once there is room", disk::drops),
    ("files: a disk that is full is waited for, and nothing is lost", disk::waits),
    ("files: what is kept stays below its limit, so that the disk never fills", disk::stays_below),
    ("files: kill -9 loses no line that was written and leaves no half of a file", killed::at_any_moment),
    (
        "files: with a journal kill -9 loses no line that was said, and none comes twice",
        durable::nothing_is_lost,
    ),
    ("files: what closing and compressing leaves undone is done by the next start", killed::left_undone),
    ("files: logrotate moves files away while they are written, and sends HUP", moved::with_hangup),
    (
        "files: HUP alone has a file that was moved away let go of, without a line that is written",
        moved::at_rest,
    ),
    ("files: logrotate copies files and cuts them", moved::copied_and_cut),
    ("files: a pipe that nobody reads holds up neither the file nor the program", stalled::pipe),
    ("files: a terminal shows colours of the head, and none that come from data", terminal::colours),
    ("files: a pipe gets no colours", terminal::pipe),
];

pub(super) fn check_all(folder: &Path, report: &mut Report) -> Result {
    let (logrotate, tmux) = (install::logrotate()?, install::tmux()?);
    let writer = cargo::build_example("obs-logs", "file_lines")?;
    let terminal_lines = cargo::build_example("obs-logs", "terminal_lines")?;
    let scene = Scene { writer, logrotate, tmux, terminal_lines, folder };
    for (name, check) in ALL {
        report.check(name, check(&scene));
    }
    Ok(())
}
