//! Pretty lines in a real terminal, which `tmux` draws and tells of, and in a pipe.

use std::path::Path;
use std::process::Command;

use super::Scene;
use crate::Result;

/// What is written, as it is read.
const LINES: [&str; 2] = [
    "2026-10-03T12:34:56.123Z INFO  shop: accepted order=42",
    "2026-10-03T12:34:56.123Z ERROR shop: \\u001b[32mgreen by force\\u001b[0m",
];

/// A server of its own, which ends with the check.
struct Tmux<'a> {
    program: &'a Path,
    name: String,
}

impl Tmux<'_> {
    fn run(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(self.program);
        command.args(["-L", &self.name, "-f", "/dev/null"]).args(arguments).env_remove("TMUX");
        let ended = command.output().map_err(|error| format!("tmux: {error}"))?;
        if !ended.status.success() {
            return Err(format!("tmux {arguments:?}: {}", String::from_utf8_lossy(&ended.stderr)));
        }
        String::from_utf8(ended.stdout).map_err(|error| error.to_string())
    }
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        let _ = self.run(&["kill-server"]);
    }
}

/// The head of a line has its level's colour, and what comes from data has none.
pub(super) fn colours(scene: &Scene<'_>) -> Result<String> {
    let tmux = Tmux { program: &scene.tmux, name: format!("obs-e2e-{}", std::process::id()) };
    // The pane is there until it is looked at.
    let (program, server) = (scene.terminal_lines.display(), &tmux.name);
    let shell = format!("'{program}'; '{}' -L {server} wait-for -S written; cat", scene.tmux.display());
    tmux.run(&["new-session", "-d", "-x", "150", "-y", "40", &shell])?;
    tmux.run(&["wait-for", "written"])?;
    let plain = tmux.run(&["capture-pane", "-p", "-t", "0"])?;
    let coloured = tmux.run(&["capture-pane", "-p", "-e", "-t", "0"])?;
    for line in LINES {
        if !plain.lines().any(|shown| shown == line) {
            return Err(format!("{line:?} is not in the terminal:\n{plain}"));
        }
    }
    let line = |level: &str| coloured.lines().find(|line| line.contains(level)).unwrap_or_default();
    let (info, error) = (line("INFO"), line("ERROR"));
    // As tmux tells it: green, red, the time dim, and fields as ever.
    let is_right = info.contains("\u{1b}[32mINFO")
        && info.contains("\u{1b}[2m2026-")
        && info.ends_with(" order=42")
        && error.contains("\u{1b}[31mERROR")
        && !error.contains("\u{1b}[32m");
    if is_right { Ok(String::from("green, red and dim")) } else { Err(format!("{info:?}\n{error:?}")) }
}

/// Where nobody looks there are none.
pub(super) fn pipe(scene: &Scene<'_>) -> Result<String> {
    let ended = Command::new(&scene.terminal_lines).output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    let expected = format!("{}\n{}\n", LINES[0], LINES[1]);
    if text == expected { Ok(String::from("no colours")) } else { Err(format!("{text:?}")) }
}
