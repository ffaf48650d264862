//! What is measured of each registry: a file for each task, one list; each row is done by a process of its own.

mod growth;
mod hostile;
mod memory;
mod scrape;
mod threads;

use crate::peer::{Named, Peer};
use bench::core_pin;
use bench::table::{Cell, Table};
use std::process::{Command, Stdio};

/// Numbers in the order of a task's columns, or why they do not count.
type Measured = Result<Vec<f64>, String>;

/// One table.
pub(crate) struct Task {
    pub(crate) name: &'static str,
    title: &'static str,
    /// The columns between `registry` and `counts`, and how many decimals people want to see.
    columns: &'static [(&'static str, usize)],
    rows: &'static [Row],
    /// Whether it has both cores; else it runs on the measured one.
    is_unbound: bool,
    run: fn(&Named, u64) -> Measured,
}

/// The peer of a row, and how much it gets to do.
struct Row {
    peer: &'static str,
    size: u64,
}

/// All of them.
pub(crate) const ALL: &[Task] = &[
    threads::COUNTER,
    threads::HISTOGRAM,
    memory::COUNTERS,
    memory::HISTOGRAMS,
    scrape::SCRAPE,
    growth::GROWTH,
    hostile::HOSTILE,
];

/// The one called `name`.
pub(crate) fn find(name: &str) -> Option<&'static Task> {
    ALL.iter().find(|task| task.name == name)
}

/// Does one row in this process; the line that [`table`] reads.
pub(crate) fn answer(task: &Task, peer: &Named, size: u64) -> String {
    match (task.run)(peer, size) {
        Ok(numbers) => numbers.iter().fold("ok".to_owned(), |line, number| format!("{line} {number}")),
        Err(why) => format!("bad {why}"),
    }
}

/// Does all rows, one process after the other, and says whether all count.
pub(crate) fn table(task: &Task) -> Result<(Table, bool), String> {
    let names: Vec<&'static str> = std::iter::once("registry")
        .chain(task.columns.iter().map(|&(name, _)| name))
        .chain(["counts"])
        .collect();
    let mut table = Table::new(task.title, &names);
    let mut all_count = true;
    for row in task.rows {
        let line = child(task, row)?;
        let numbers: Vec<f64> = match line.strip_prefix("ok ") {
            Some(numbers) => numbers.split(' ').filter_map(|number| number.parse().ok()).collect(),
            None => Vec::new(),
        };
        let verdict = if numbers.len() == task.columns.len() { "ok" } else { &line };
        all_count &= verdict == "ok";
        let cells = task.columns.iter().enumerate().map(|(at, &(_, decimals))| {
            Cell::number(numbers.get(at).copied().filter(|number| number.is_finite()), decimals)
        });
        table.push(std::iter::once(Cell::text(row.peer)).chain(cells).chain([Cell::text(verdict)]).collect());
    }
    Ok((table, all_count))
}

fn child(task: &Task, row: &Row) -> Result<String, String> {
    let own = std::env::current_exe().map_err(|error| format!("own path: {error}"))?;
    // The driver is on a core of its own and what it starts inherits that.
    let mut command = match task.is_unbound && core_pin::available() {
        true => {
            let mut command = Command::new("taskset");
            command.arg("-c").arg(format!("{},{}", core_pin::MEASURED, core_pin::DRIVER)).arg(own);
            command
        }
        false => core_pin::command_on(core_pin::MEASURED, own),
    };
    command.args(["--child", task.name, "--peer", row.peer, "--size", &row.size.to_string()]);
    let run = command.stderr(Stdio::inherit()).output().map_err(|error| format!("{}: {error}", row.peer))?;
    let line = String::from_utf8_lossy(&run.stdout).trim_end().to_owned();
    Ok(if run.status.success() { line } else { format!("ended with {}", run.status) })
}

/// The text of `peer`, and whether `sample` holds so many series with such a sum.
fn check(peer: &dyn Peer, sample: &str, series: Option<u64>, sum: u64) -> Result<(), String> {
    use crate::exposition::{expect, find};
    let found = find(&peer.exposition(), sample);
    expect("counted", found.sum, sum)?;
    series.map_or(Ok(()), |series| expect("series", found.series, series))
}
