//! The checks of profiles: `go tool pprof` takes them of a running service, and says who burns.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::report::Report;
use crate::{Result, cargo};

/// What burns in the service.
const BURNS: &str = "burn_processor_time";

pub(super) fn check_all(folder: &Path, report: &mut Report) -> Result {
    let service = cargo::build_example_with("obs", &["profiling"], "profiled")?;
    report
        .check("profiling: go tool pprof takes a profile and names who burns on top", top(&service, folder));
    Ok(())
}

/// Asks the service by `go tool pprof`, and reads its table.
fn top(service: &PathBuf, folder: &Path) -> Result<String> {
    let mut command = Command::new(service);
    command.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("{}: {error}", service.display()))?;
    let table = child.stdout.take().ok_or_else(|| String::from("no standard output")).and_then(|out| {
        let mut admin = String::new();
        BufReader::new(out)
            .read_line(&mut admin)
            .map_err(|error| format!("the service says nothing: {error}"))?;
        table(admin.trim(), folder)
    });
    // Whatever came of it, the service is not left behind.
    let ended = child.kill().and_then(|()| child.wait()).map_err(|error| format!("the service: {error}"));
    let table = table?;
    ended?;
    let rows = table.lines().skip_while(|line| !line.contains("flat%")).skip(1);
    let first = rows.into_iter().next().unwrap_or_default();
    let share =
        first.split_whitespace().nth(1).and_then(|share| share.strip_suffix('%')?.parse::<f64>().ok());
    match share {
        Some(share) if first.contains(BURNS) && share > 80.0 => Ok(first.trim().to_owned()),
        _ => Err(format!("{BURNS} is not on top of\n{table}")),
    }
}

fn table(admin: &str, folder: &Path) -> Result<String> {
    let mut command = Command::new("go");
    command.args(["tool", "pprof", "-top", "-nodecount=5"]);
    command.arg(format!("http://{admin}/debug/pprof/profile?seconds=2"));
    // It keeps what it fetches there.
    command.current_dir(folder).env("PPROF_TMPDIR", folder);
    let output = command.output().map_err(|error| format!("go: {error}; it is part of what --full needs"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    Err(format!("go tool pprof: {}{text}", String::from_utf8_lossy(&output.stderr)))
}
