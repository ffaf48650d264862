//! Whether whoever logs works more because a receiver is not well: instructions of that thread alone, by valgrind.

use std::path::Path;
use std::process::{Command, Stdio};

use super::Scene;
use super::run::{arguments, receiver};
use crate::Result;

/// How many lines are said.
const LINES: u64 = 20_000;
/// By how much the numbers may differ.
const SHARE: f64 = 0.03;

/// The same work with a receiver that is well, one that fails, and none.
pub(super) fn same(scene: &Scene<'_>) -> Result<String> {
    let mut said = Vec::new();
    for durable in [false, true] {
        let mut well = None;
        for mode in [Some("well"), Some("503"), Some("cut"), None] {
            let counted = counted(scene, durable, mode)?;
            let first = *well.get_or_insert(counted);
            let way = if durable { "journal" } else { "memory" };
            said.push(format!("{way}, {}: {counted:.0} a line", mode.unwrap_or("nobody there")));
            if (counted - first).abs() > first * SHARE {
                return Err(said.join("; "));
            }
        }
    }
    Ok(said.join("; "))
}

fn counted(scene: &Scene<'_>, durable: bool, mode: Option<&str>) -> Result<f64> {
    let [at, _] = scene.ports()?;
    let _receiver = mode.map(|mode| receiver(scene.python, at, mode)).transpose()?;
    let many = once(scene, durable, mode, at, LINES)?;
    let few = once(scene, durable, mode, at, LINES / 2)?;
    // What is done once is not of a line.
    Ok((many - few) as f64 / (LINES / 2) as f64)
}

fn once(
    scene: &Scene<'_>,
    durable: bool,
    mode: Option<&str>,
    at: std::net::SocketAddr,
    lines: u64,
) -> Result<u64> {
    let name = format!("instructions-{durable}-{}-{lines}", mode.unwrap_or("none"));
    let out = scene.folder.join(&name);
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--separate-threads=yes", "-q"]);
    command.arg(format!("--callgrind-out-file={}", out.display())).arg(&scene.lines);
    let mut arguments = arguments("loki", at, lines, 0);
    // Larger than all of it, so that it is the same work for each.
    arguments.retain(|argument| !argument.starts_with("queue="));
    arguments.push(format!("queue={}", 64 << 20));
    arguments.push(String::from("settle_ms=1"));
    if durable {
        let journal = scene.folder.join(format!("{name}-journal"));
        arguments.extend([format!("durable={}", journal.display()), format!("spill={}", 64 << 20)]);
    }
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status =
        command.status().map_err(|error| format!("valgrind: {error}\n(apt-get install valgrind)"))?;
    if !status.success() {
        return Err(format!("valgrind ended with {status}"));
    }
    total(&scene.folder.join(format!("{name}-01")))
}

/// The instructions of the first thread.
fn total(path: &Path) -> Result<u64> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let line = text.lines().find_map(|line| line.strip_prefix("totals:").or(line.strip_prefix("summary:")));
    let total = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    total.ok_or_else(|| format!("{} has no totals", path.display()))
}
