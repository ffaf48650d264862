//! The sender's process: a stack that ships lines, a thread that says them, and what that cost.
//!
//! `say N RATE` is answered, once all is sent or given up, by `said TOLD CPU_NS CALLER_NS WALL_NS PEAK_KB`: lines that
//! the stack says it has lost, CPU time of all threads, that of the thread that said the lines until the last was said,
//! time until all had arrived, and the most memory the process had.

mod loki_peer;
mod obs;
mod opentelemetry_peer;

use crate::line;
use bench::clock;
use bench::steered::answer;
use std::io::BufRead as _;
use std::time::Instant;

/// A stack that is installed. Called once all lines are said: sends what is left, and returns how many it says were lost.
pub(crate) type End = Box<dyn FnOnce() -> Result<u64, String>>;

/// One line of the table.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Installs the stack, for a receiver at this URL.
    install: fn(&str) -> Result<End, String>,
    /// Whether it may lose lines where they come too fast, so that a rate is to be found at which it does not.
    pub(crate) is_lossy: bool,
}

const fn ours(name: &'static str, install: fn(&str) -> Result<End, String>) -> Row {
    Row { name, install, is_lossy: false }
}

const ROWS: &[Row] = &[
    ours("obs/loki", obs::loki),
    ours("obs/loki-durable", obs::loki_durable),
    ours("obs/loki-json", obs::loki_json),
    ours("obs/loki-json-durable", obs::loki_json_durable),
    Row { name: "tracing-loki", install: loki_peer::install, is_lossy: true },
    ours("obs/elasticsearch", obs::elastic),
    ours("obs/elasticsearch-durable", obs::elastic_durable),
    ours("obs/otlp", obs::otlp),
    ours("obs/otlp-durable", obs::otlp_durable),
    ours("obs/otlp-plain", obs::otlp_plain),
    Row { name: "opentelemetry-otlp", install: opentelemetry_peer::install, is_lossy: true },
];

/// The names of all lines.
pub(crate) fn names() -> Vec<&'static str> {
    ROWS.iter().map(|row| row.name).collect()
}

/// The line called `name`.
pub(crate) fn find(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}

/// Obeys one command.
pub(crate) fn obey(row: &Row, url: &str) -> Result<(), String> {
    let end = (row.install)(url)?;
    let mut command = String::new();
    std::io::stdin().lock().read_line(&mut command).map_err(|error| format!("input: {error}"))?;
    let numbers: Vec<u64> = command.split_whitespace().skip(1).filter_map(|word| word.parse().ok()).collect();
    let [count, rate] = numbers[..] else { return Err(format!("unknown command {command:?}")) };
    let begun = Instant::now();
    let (cpu, caller) = (clock::process_cpu(), clock::thread_cpu());
    line::say_all(count, rate);
    let caller = (clock::thread_cpu() - caller).as_nanos();
    let told = end()?;
    let (wall, cpu) = (begun.elapsed().as_nanos(), (clock::process_cpu() - cpu).as_nanos());
    answer(&format!("said {told} {cpu} {caller} {wall} {}", peak_kb()?));
    Ok(())
}

/// The most memory this process had, in KiB.
fn peak_kb() -> Result<u64, String> {
    let status = std::fs::read_to_string("/proc/self/status").map_err(|error| format!("status: {error}"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = peak.and_then(|peak| peak.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| "no VmHWM".to_owned())
}
