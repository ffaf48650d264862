//! Times all subjects in interleaved batches, then counts allocations and, if asked, instructions.

use crate::subject::{self, Row};
use bench::statistics::Batches;
use bench::steered::{self, Steered};
use bench::table::{Cell, Table};
use bench::{callgrind, core_pin};
use std::process::Command;

/// How much is measured.
pub(crate) struct Extent {
    /// Timed batches for each row.
    pub(crate) rounds: usize,
    /// Whether instructions are counted too.
    pub(crate) instructions: bool,
}

struct Measured {
    row: &'static Row,
    process: Steered,
    nanoseconds: Vec<f64>,
    caller: Vec<f64>,
    wall: Vec<f64>,
}

/// The table of the chosen rows, and whether all of them count.
///
/// Every row lives in a process of its own, because subscribers, recorders and reporters are global; all
/// processes are up at once and take turns, so that a slow spell of the machine meets every row.
pub(crate) fn table(names: &[&str], extent: &Extent) -> Result<(Table, bool), String> {
    let mut all = Vec::new();
    for row in names.iter().filter_map(|name| subject::find(name)) {
        let mut process = Steered::start(child_on_core(row)?)?;
        process.ask(&format!("run {}", row.batch))?;
        all.push(Measured { row, process, nanoseconds: Vec::new(), caller: Vec::new(), wall: Vec::new() });
    }
    for _ in 0..extent.rounds {
        for measured in &mut all {
            let [cpu, .., caller, wall] = run(&mut measured.process, measured.row.batch)?;
            measured.caller.push(caller as f64 / measured.row.batch as f64);
            measured.wall.push(wall as f64 / measured.row.batch as f64);
            measured.nanoseconds.push(cpu as f64 / measured.row.batch as f64);
        }
    }
    let mut table = Table::new(
        format!("Single operations ({} interleaved batches, CPU time of all threads)", extent.rounds),
        &[
            "operation/peer",
            "ns best",
            "ns median",
            "caller best",
            "wall best",
            "instructions",
            "allocations",
            "bytes",
            "line bytes",
            "counts",
        ],
    );
    let mut all_count = true;
    for mut measured in all {
        measured.process.ask("count")?;
        let [_, allocations, bytes, ..] = run(&mut measured.process, measured.row.batch)?;
        let verdict = measured.process.ask("check")?;
        let line = measured.process.ask("line")?.parse().ok().filter(|bytes| *bytes > 0.0);
        measured.process.end()?;
        let counts = verdict == "ok";
        all_count &= counts;
        let instructions = match extent.instructions && counts {
            true => Some(instructions(measured.row)?),
            false => None,
        };
        let times = Batches::of(&measured.nanoseconds).filter(|_| counts);
        let caller = Batches::of(&measured.caller).filter(|_| counts);
        let wall = Batches::of(&measured.wall).filter(|_| counts);
        let per = |total: u64| counts.then_some(total as f64 / measured.row.batch as f64);
        table.push(vec![
            Cell::text(measured.row.name),
            Cell::number(times.map(|times| times.best), 1),
            Cell::number(times.map(|times| times.median), 1),
            Cell::number(caller.map(|times| times.best), 1),
            Cell::number(wall.map(|times| times.best), 1),
            Cell::number(instructions, 0),
            Cell::number(per(allocations), 2),
            Cell::number(per(bytes), 0),
            Cell::number(line, 0),
            Cell::text(verdict),
        ]);
    }
    Ok((table, all_count))
}

/// Instructions of all threads for each operation, once the process is warm.
fn instructions(row: &Row) -> Result<f64, String> {
    // A fifth of a timed batch is enough for a count that hardly varies, and callgrind is slow.
    let operations = (row.batch / 5).max(2);
    let report = callgrind::report_path(row.name);
    let own = std::env::current_exe().map_err(|error| format!("own path: {error}"))?;
    let mut command = callgrind::command(&report, &own);
    command.args(["--child", row.name]);
    let mut process = Steered::start(command)?;
    process.ask(&format!("run {operations}"))?;
    process.ask(&format!("instructions {operations}"))?;
    let verdict = process.ask("check")?;
    process.end()?;
    let total = callgrind::instructions(&report);
    // Kept for callgrind_annotate where that is asked for; one left over harms nobody.
    if std::env::var_os("BENCH_KEEP_REPORTS").is_none() {
        let _ = std::fs::remove_file(&report);
    }
    if verdict == "ok" {
        Ok(total? as f64 / operations as f64)
    } else {
        Err(format!("{}: {verdict}", row.name))
    }
}

fn child_on_core(row: &Row) -> Result<Command, String> {
    let own = std::env::current_exe().map_err(|error| format!("own path: {error}"))?;
    let mut command = core_pin::command_on(core_pin::MEASURED, own);
    command.args(["--child", row.name]);
    Ok(command)
}

fn run(process: &mut Steered, operations: u64) -> Result<[u64; 5], String> {
    steered::numbers(&process.ask(&format!("run {operations}"))?)
}
