//! Runs each row against a receiver of its own, again and again in turns, and finds the rate of those that lose lines.

use crate::sender;
use bench::core_pin;
use bench::steered::{self, Steered};
use bench::table::{Cell, Table};

/// How long a run lasts by which a rate is tried, in seconds.
const TRIAL: u64 = 2;
/// The lowest rate that is tried, in lines a second.
const LEAST: u64 = 100;
/// How often a rate must lose nothing.
const AGAIN: u32 = 3;
/// How often the distance between a rate that loses lines and one that does not is halved.
const HALVINGS: u32 = 4;

/// One run.
#[derive(Clone, Copy)]
struct Run {
    said: u64,
    told: u64,
    lines: u64,
    different: u64,
    bytes: u64,
    requests: u64,
    cpu: f64,
    caller: f64,
    wall: f64,
    peak_kb: u64,
}

impl Run {
    fn lost(&self) -> u64 {
        self.said.saturating_sub(self.different)
    }

    /// Whether all that was said arrived once, but for what was told as lost.
    fn counts(&self) -> bool {
        self.lines == self.different && self.different + self.told == self.said
    }
}

/// What a row of the table is made of.
struct Planned {
    name: &'static str,
    lines: u64,
    /// Lines a second; as fast as they are taken where that is 0.
    rate: u64,
    /// Whether lines may be lost in it.
    is_lossy: bool,
    runs: Vec<Run>,
}

impl Planned {
    fn slow_down(&mut self) -> Result<(), String> {
        self.rate = self.rate * 4 / 5;
        self.lines = self.rate * TRIAL;
        self.runs.clear();
        if self.rate < LEAST { Err(too_slow(self.name)) } else { Ok(()) }
    }
}

fn too_slow(name: &str) -> String {
    format!("{name} loses lines at {LEAST} a second")
}

/// The table of the chosen rows, and whether all of them count.
pub(crate) fn table(names: &[&'static str], rounds: usize, lines: u64) -> Result<(Table, bool), String> {
    let mut rows = Vec::new();
    for name in names {
        let row = sender::find(name).ok_or("no such row")?;
        let flat_out = Planned { name, lines, rate: 0, is_lossy: row.is_lossy, runs: Vec::new() };
        rows.push(flat_out);
        if row.is_lossy {
            let rate = lossless(name, lines)?;
            rows.push(Planned { name, lines: rate * TRIAL, rate, is_lossy: false, runs: Vec::new() });
        }
    }
    while rows.iter().any(|row| row.runs.len() < rounds) {
        for row in rows.iter_mut().filter(|row| row.runs.len() < rounds) {
            let run = once(row.name, row.lines, row.rate)?;
            if row.rate > 0 && run.lost() > 0 {
                // The search was lucky, or the machine is busier by now: what counts is a rate that holds in all runs.
                row.slow_down()?;
            } else {
                row.runs.push(run);
            }
        }
    }
    let mut table = Table::new(
        format!("Lines to a receiver on loopback ({rounds} runs in turns, the leanest of each)"),
        &[
            "stack",
            "lines said",
            "lost",
            "told as lost",
            "lines/s",
            "lines/s per core",
            "CPU us/line",
            "caller us/line",
            "MB/s on the wire",
            "bytes/line on the wire",
            "lines/request",
            "peak RSS MiB",
            "counts",
        ],
    );
    let mut all_count = true;
    for Planned { name, rate, is_lossy, runs, .. } in &rows {
        let shown = match (rate, is_lossy) {
            (0, false) => (*name).to_owned(),
            (0, true) => format!("{name}, flat out"),
            (rate, _) => format!("{name}, {rate} a second"),
        };
        let each = |run: &&Run| run.cpu / run.different.max(1) as f64;
        let best = runs.iter().min_by(|one, other| each(one).total_cmp(&each(other))).ok_or("no rounds")?;
        let worst = runs.iter().find(|run| !run.counts());
        // Of those that may lose lines it is known that they do where nothing holds them back.
        all_count &= worst.is_none() || *is_lossy;
        let arrived = best.different.max(1) as f64;
        let verdict = worst.map_or("ok".to_owned(), |run| {
            format!("{} of {} arrived, {} told", run.different, run.said, run.told)
        });
        table.push(vec![
            Cell::text(shown),
            Cell::Number(best.said as f64, 0),
            Cell::Number(best.lost() as f64, 0),
            Cell::Number(best.told as f64, 0),
            Cell::Number(arrived / best.wall, 0),
            Cell::Number(arrived / best.cpu, 0),
            Cell::Number(best.cpu * 1e6 / arrived, 2),
            Cell::Number(best.caller * 1e6 / best.said as f64, 2),
            Cell::Number(best.bytes as f64 / best.wall / 1e6, 2),
            Cell::Number(best.bytes as f64 / arrived, 1),
            Cell::Number(arrived / best.requests.max(1) as f64, 0),
            Cell::Number(best.peak_kb as f64 / 1024.0, 1),
            Cell::text(verdict),
        ]);
    }
    Ok((table, all_count))
}

/// The highest rate that was tried and lost nothing.
fn lossless(name: &str, lines: u64) -> Result<u64, String> {
    let loses = |rate: u64| {
        for _ in 0..AGAIN {
            if once(name, rate * TRIAL, rate)?.lost() > 0 {
                return Ok::<_, String>(true);
            }
        }
        Ok(false)
    };
    let flat_out = once(name, lines, 0)?;
    let mut high = (flat_out.said as f64 / flat_out.wall) as u64;
    let mut low = high / 2;
    while loses(low)? {
        high = low;
        low /= 2;
        if low < LEAST {
            return Err(too_slow(name));
        }
    }
    for _ in 0..HALVINGS {
        let middle = u64::midpoint(low, high);
        if loses(middle)? {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(low)
}

fn once(name: &str, lines: u64, rate: u64) -> Result<Run, String> {
    let own = std::env::current_exe().map_err(|error| format!("own path: {error}"))?;
    let mut command = core_pin::command_on(core_pin::DRIVER, &own);
    command.arg("--receive");
    let mut receiver = Steered::start(command)?;
    let [port] = steered::numbers(&receiver.answer()?)?;
    let mut command = core_pin::command_on(core_pin::MEASURED, &own);
    command.args(["--send", name, "--url", &format!("http://127.0.0.1:{port}")]);
    let mut sender = Steered::start(command)?;
    let [told, cpu, caller, wall, peak_kb] = steered::numbers(&sender.ask(&format!("say {lines} {rate}"))?)?;
    sender.end()?;
    let counted = receiver.ask(&format!("count {lines}"))?;
    let [arrived, different, bytes, requests] =
        steered::numbers(&counted).map_err(|_| format!("{name}: {counted}"))?;
    receiver.end()?;
    let seconds = |nanos: u64| nanos as f64 / 1e9;
    Ok(Run {
        said: lines,
        told,
        lines: arrived,
        different,
        bytes,
        requests,
        cpu: seconds(cpu),
        caller: seconds(caller),
        wall: seconds(wall),
        peak_kb,
    })
}
