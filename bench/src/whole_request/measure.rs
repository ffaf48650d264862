//! The three measures: time in interleaved batches, allocations, and instructions.

use crate::scenario::Role;
use crate::server::Under;
use crate::stack::{self, Row};
use crate::trial::{Load, Trial};
use crate::verify::Verdict;
use bench::statistics::Batches;
use bench::table::{Cell, Table};
use bench::{callgrind, core_pin};

/// How much is measured.
pub(crate) struct Extent {
    pub(crate) load: Load,
    /// Timed batches for each row.
    pub(crate) rounds: usize,
    /// Requests in a timed batch.
    pub(crate) batch: u64,
    /// Requests sent before anything is measured.
    pub(crate) warm_up: u64,
    /// Requests whose allocations and instructions are counted.
    pub(crate) counted: u64,
}

/// A table, and whether all its rows count.
pub(crate) struct Outcome {
    pub(crate) table: Table,
    pub(crate) all_count: bool,
}

/// CPU time, throughput and memory. All servers are up at once, and batches take turns among them, so that
/// a slow spell of the machine meets every row.
pub(crate) fn time(names: &[&str], extent: &Extent) -> Result<Outcome, String> {
    struct Timed {
        row: &'static Row,
        trial: Trial,
        cpu_us: Vec<f64>,
        us_apart: Vec<f64>,
    }
    let mut all = Vec::new();
    for row in rows(names) {
        let mut trial = Trial::start(row, extent.load, |_| Under::Nothing)?;
        trial.send(extent.warm_up)?;
        all.push(Timed { row, trial, cpu_us: Vec::new(), us_apart: Vec::new() });
    }
    for _ in 0..extent.rounds {
        for timed in &mut all {
            let batch = timed.trial.batch(extent.batch)?;
            let requests = extent.batch as f64;
            timed.cpu_us.push(batch.costs.cpu.as_secs_f64() * 1e6 / requests);
            timed.us_apart.push(batch.wall.as_secs_f64() * 1e6 / requests);
        }
    }
    let place = if core_pin::available() { "server on a core of its own" } else { "processes not pinned" };
    let mut table = Table::new(
        format!(
            "{}: time ({} interleaved batches of {}, {} connections, {place})",
            extent.load.scenario.name, extent.rounds, extent.batch, extent.load.connections
        ),
        &[
            "stack",
            "CPU us/request best",
            "CPU us/request median",
            "CPU of bare",
            "requests/s best",
            "requests/s median",
            "requests/s of bare",
            "RSS MiB",
            "found",
            "counts",
        ],
    );
    let mut summary = Summary::default();
    for timed in all {
        let resident = timed.trial.resident_bytes();
        let verdict = timed.trial.finish()?;
        let counts = summary.counts(&verdict);
        let cpu = Batches::of(&timed.cpu_us).filter(|_| counts);
        let apart = Batches::of(&timed.us_apart).filter(|_| counts);
        let cpu_ratio = summary.ratio(timed.row, 0, cpu.map(|cpu| cpu.best));
        let speed_ratio = summary.ratio(timed.row, 1, apart.map(|apart| 1.0 / apart.best));
        table.push(vec![
            Cell::text(timed.row.name),
            Cell::number(cpu.map(|cpu| cpu.best), 2),
            Cell::number(cpu.map(|cpu| cpu.median), 2),
            Cell::number(cpu_ratio, 2),
            Cell::number(apart.map(|apart| 1e6 / apart.best), 0),
            Cell::number(apart.map(|apart| 1e6 / apart.median), 0),
            Cell::number(speed_ratio, 2),
            Cell::number(resident.filter(|_| counts).map(|bytes| bytes as f64 / 1_048_576.0), 1),
            Cell::text(verdict.found.clone()),
            Cell::text(verdict.shown()),
        ]);
    }
    Ok(Outcome { table, all_count: summary.all_count() })
}

/// Allocations of all threads per request, between two moments of rest of one process.
pub(crate) fn allocations(names: &[&str], extent: &Extent) -> Result<Outcome, String> {
    let mut table = Table::new(
        format!("{}: allocations of all threads ({} requests)", extent.load.scenario.name, extent.counted),
        &["stack", "allocations/request", "over bare", "bytes/request", "over bare bytes", "counts"],
    );
    let mut summary = Summary::default();
    for row in rows(names) {
        let mut trial = Trial::start(row, extent.load, |_| Under::CountingAllocator)?;
        trial.send(extent.warm_up)?;
        let allocated = trial.batch(extent.counted)?.costs.allocations;
        let verdict = trial.finish()?;
        let counts = summary.counts(&verdict);
        let per = |total: u64| counts.then_some(total as f64 / extent.counted as f64);
        let (count, bytes) = (per(allocated.count), per(allocated.bytes));
        table.push(vec![
            Cell::text(row.name),
            Cell::number(count, 1),
            Cell::number(summary.over(row, 0, count), 1),
            Cell::number(bytes, 0),
            Cell::number(summary.over(row, 1, bytes), 0),
            Cell::text(verdict.shown()),
        ]);
    }
    Ok(Outcome { table, all_count: summary.all_count() })
}

/// Instructions of all threads per request, from rest to rest of one warm process under callgrind.
pub(crate) fn instructions(names: &[&str], extent: &Extent) -> Result<Outcome, String> {
    if !callgrind::available() {
        return Err("instructions need valgrind on x86-64".to_owned());
    }
    let mut table = Table::new(
        format!(
            "{}: instructions of all threads (callgrind, {} requests)",
            extent.load.scenario.name, extent.counted
        ),
        &[
            "stack",
            "instructions/request",
            "over bare",
            "of bare",
            "line bytes",
            "span bytes",
            "found",
            "counts",
        ],
    );
    let mut summary = Summary::default();
    for row in rows(names) {
        let (total, verdict) = counted_run(row, extent)?;
        let counts = summary.counts(&verdict);
        let per_request = counts.then_some(total as f64 / extent.counted as f64);
        let over = summary.over(row, 0, per_request);
        let gate = row
            .gate
            .filter(|_| extent.load.scenario.is_gated)
            .map(f64::from)
            .filter(|gate| over.is_some_and(|over| over > *gate));
        summary.failures += usize::from(gate.is_some());
        let shown = gate.map_or_else(|| verdict.shown(), |gate| format!("above the gate of {gate}"));
        table.push(vec![
            Cell::text(row.name),
            Cell::number(per_request, 0),
            Cell::number(over, 0),
            Cell::number(summary.ratio(row, 0, per_request), 2),
            Cell::number(verdict.line_bytes, 0),
            Cell::number(verdict.span_bytes, 0),
            Cell::text(verdict.found.clone()),
            Cell::text(shown),
        ]);
    }
    Ok(Outcome { table, all_count: summary.all_count() })
}

/// A run under callgrind: the instructions it counted, and whether the run counts.
fn counted_run(row: &'static Row, extent: &Extent) -> Result<(u64, Verdict), String> {
    let report = |role: &Role| callgrind::report_path(&format!("{}-{}", row.name, role.name));
    let reports: Vec<_> = extent.load.scenario.roles.iter().map(|role| (role.name, report(role))).collect();
    let of = |role: &Role| reports.iter().find(|(name, _)| *name == role.name).map(|(_, report)| report);
    let mut trial = Trial::start(row, extent.load, |role| {
        of(role).map_or(Under::Nothing, |report| Under::Callgrind(report))
    })?;
    trial.send(extent.warm_up.min(500))?;
    trial.counted_batch(extent.counted)?;
    let verdict = trial.finish()?;
    let mut total = 0;
    for (_, report) in &reports {
        total += callgrind::instructions(report)?;
        // Kept for callgrind_annotate where that is asked for; one left over harms nobody.
        if std::env::var_os("BENCH_KEEP_REPORTS").is_none() {
            let _ = std::fs::remove_file(report);
        }
    }
    Ok((total, verdict))
}

fn rows<'a>(names: &'a [&str]) -> impl Iterator<Item = &'static Row> + 'a {
    names.iter().filter_map(|name| stack::find(name))
}

/// The values of the first row, to which the others are compared, and how many rows do not count.
#[derive(Default)]
struct Summary {
    bare: [Option<f64>; 2],
    failures: usize,
}

impl Summary {
    fn counts(&mut self, verdict: &Verdict) -> bool {
        let counts = verdict.problems.is_empty();
        self.failures += usize::from(!counts);
        counts
    }

    fn all_count(&self) -> bool {
        self.failures == 0
    }

    /// The value of the bare row for measure `which`; a run without that row has no comparisons.
    fn bare(&mut self, row: &Row, which: usize, value: Option<f64>) -> Option<f64> {
        if row.name == stack::ROWS[0].name {
            self.bare[which] = value;
        }
        self.bare[which]
    }

    fn ratio(&mut self, row: &Row, which: usize, value: Option<f64>) -> Option<f64> {
        let bare = self.bare(row, which, value)?;
        Some(value? / bare)
    }

    fn over(&mut self, row: &Row, which: usize, value: Option<f64>) -> Option<f64> {
        let bare = self.bare(row, which, value)?;
        Some(value? - bare)
    }
}
