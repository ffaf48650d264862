//! The driver's hold on a measured process: start it, steer it, read its costs, end it.

use crate::scenario::Role;
use crate::stack::Row;
use bench::allocation::Allocations;
use bench::steered::{self, Steered};
use bench::{callgrind, core_pin};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

/// How the measured process runs.
#[derive(Clone, Copy)]
pub(crate) enum Under<'a> {
    /// As it is, for CPU time.
    Nothing,
    /// With the allocator counting.
    CountingAllocator,
    /// Under callgrind, which writes its counts to this file.
    Callgrind(&'a Path),
}

/// What a process has used so far, over all threads.
#[derive(Clone, Copy, Default)]
pub(crate) struct Costs {
    pub(crate) cpu: Duration,
    pub(crate) allocations: Allocations,
}

/// A running server. Dropping it kills the process if it has not ended.
pub(crate) struct Server {
    process: Steered,
    /// Where the service answers.
    pub(crate) app: SocketAddr,
    /// Where `GET /metrics` answers.
    pub(crate) metrics: SocketAddr,
}

impl Server {
    /// Starts `row` in a process of its own, whose service calls `next`, and waits until it listens.
    pub(crate) fn start(
        row: &Row,
        role: &Role,
        next: Option<SocketAddr>,
        log_file: &Path,
        otlp: &str,
        under: Under<'_>,
    ) -> Result<Self, String> {
        let own = std::env::current_exe().map_err(|error| format!("own path: {error}"))?;
        let mut command = match under {
            Under::Callgrind(report) => callgrind::command(report, &own),
            Under::Nothing | Under::CountingAllocator => core_pin::command_on(core_pin::MEASURED, &own),
        };
        command.args(["--serve", row.name, "--role", role.name, "--otlp", otlp, "--log"]).arg(log_file);
        if let Some(next) = next {
            command.args(["--next", &next.to_string()]);
        }
        if matches!(under, Under::CountingAllocator) {
            command.arg("--count-allocations");
        }
        let mut process = Steered::start(command)?;
        let first = process.answer()?;
        let mut words = first.split(' ');
        let (Some("ready"), Some(app), Some(metrics)) = (words.next(), words.next(), words.next()) else {
            return Err(format!("{} said {first:?} instead of ready", row.name));
        };
        let address = |text: &str| text.parse().map_err(|_| format!("bad address {text:?}"));
        Ok(Self { app: address(app)?, metrics: address(metrics)?, process })
    }

    /// What the process has used so far.
    pub(crate) fn costs(&mut self) -> Result<Costs, String> {
        let [cpu, count, bytes] = steered::numbers(&self.process.ask("stat")?)?;
        Ok(Costs { cpu: Duration::from_nanos(cpu), allocations: Allocations { count, bytes } })
    }

    /// Flushes telemetry and waits until background threads have come to rest, then gives the costs.
    pub(crate) fn settled_costs(&mut self) -> Result<Costs, String> {
        self.flush()?;
        let deadline = Instant::now() + Duration::from_secs(5);
        let mut before = self.costs()?;
        loop {
            std::thread::sleep(Duration::from_millis(4));
            let now = self.costs()?;
            // A process at rest uses some 50 us to answer; one at work uses most of the 4 ms.
            if now.cpu.saturating_sub(before.cpu) < Duration::from_micros(400) || Instant::now() > deadline {
                return Ok(now);
            }
            before = now;
        }
    }

    /// Flushes telemetry.
    pub(crate) fn flush(&mut self) -> Result<(), String> {
        self.process.ask("flush").map(drop)
    }

    /// Lets callgrind count, or stop counting.
    pub(crate) fn count_instructions(&mut self, on: bool) -> Result<(), String> {
        self.process.ask(if on { "instructions on" } else { "instructions off" }).map(drop)
    }

    /// Resident memory of the process in bytes, from `/proc`; `None` where that cannot be read.
    pub(crate) fn resident_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
    }

    /// Ends the process the clean way, telemetry delivered. Connections to it must be closed by now.
    pub(crate) fn quit(self) -> Result<(), String> {
        self.process.end()
    }
}
