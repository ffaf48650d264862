//! Reads the process's own numbers from `/proc` (proc(5)).

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use obs_core::Base;
use obs_core::keys::metric;
use obs_core::meter::{Meter, Source};

/// How many ticks `/proc` counts in a second: the kernel's `USER_HZ`, which is 100 whatever the kernel's own rate is
/// (Linux, `include/asm-generic/param.h`). Only Alpha and Itanium had another, and std is on neither.
const TICKS_PER_SECOND: f64 = 100.0;

/// Has the base's scrapes tell what the process uses. A second call for the same base changes nothing.
///
/// A file that cannot be read, or that does not say what it should, leaves out the families that are made of it.
pub fn register(base: &Base) {
    base.sources.register_once(Arc::new(Process { root: PathBuf::from("/proc") }));
}

struct Process {
    root: PathBuf,
}

impl Source for Process {
    fn collect(&self, meter: &mut dyn Meter) {
        let stat = self.read("self/stat");
        if let Some(seconds) = stat.as_deref().and_then(cpu_seconds) {
            meter.counter_f64(&metric::PROCESS_CPU, &[], seconds);
        }
        let started = || start_seconds(stat.as_deref()?, &self.read("stat")?);
        if let Some(seconds) = started() {
            meter.gauge(&metric::PROCESS_START_TIME, &[], seconds);
        }
        let status = self.read("self/status");
        let line = |key: &str| number_after(status.as_deref()?, key);
        if let Some(kib) = line("VmRSS:") {
            meter.gauge(&metric::PROCESS_RESIDENT_MEMORY, &[], kib * 1_024.0);
        }
        if let Some(kib) = line("VmSize:") {
            meter.gauge(&metric::PROCESS_VIRTUAL_MEMORY, &[], kib * 1_024.0);
        }
        if let Some(threads) = line("Threads:") {
            meter.gauge(&metric::PROCESS_THREADS, &[], threads);
        }
        if let Some(open) = self.open_fds() {
            meter.gauge(&metric::PROCESS_OPEN_FDS, &[], open as f64);
        }
        let limits = self.read("self/limits");
        if let Some(most) = limits.as_deref().and_then(|limits| number_after(limits, "Max open files")) {
            meter.gauge(&metric::PROCESS_MAX_FDS, &[], most);
        }
    }
}

impl Process {
    /// The name of a thread, which is somebody's own choice, need not be UTF-8.
    fn read(&self, file: &str) -> Option<String> {
        let bytes = fs::read(self.root.join(file)).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Since Linux 6.2 the folder's size is the answer, whether ten or a hundred thousand are open.
    fn open_fds(&self) -> Option<u64> {
        match fs::metadata(self.root.join("self/fd")).ok()?.len() {
            0 => self.listed_fds(),
            open => Some(open),
        }
    }

    /// Without the one that the listing itself has open.
    fn listed_fds(&self) -> Option<u64> {
        let listed = fs::read_dir(self.root.join("self/fd")).ok()?.count() as u64;
        listed.checked_sub(1)
    }
}

/// A field of `/proc/self/stat`, numbered as in proc(5). The second is the program's name in parentheses, which may
/// have blanks and parentheses itself; the last one closes it.
fn field(stat: &str, number: usize) -> Option<u64> {
    let (_, after) = stat.rsplit_once(')')?;
    after.split_ascii_whitespace().nth(number.checked_sub(3)?)?.parse().ok()
}

/// utime and stime: of all threads, also those that have ended, and not of child processes.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let ticks = field(stat, 14)?.checked_add(field(stat, 15)?)?;
    Some(ticks as f64 / TICKS_PER_SECOND)
}

/// starttime counts from the system's start, whose time is `btime` in `/proc/stat`.
fn start_seconds(stat: &str, system: &str) -> Option<f64> {
    let since_boot = field(stat, 22)? as f64 / TICKS_PER_SECOND;
    Some(number_after(system, "btime")? + since_boot)
}

/// The first number of the line that begins with `key`.
fn number_after(text: &str, key: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(key))?;
    let number: u64 = rest.split_ascii_whitespace().next()?.parse().ok()?;
    Some(number as f64)
}

#[cfg(test)]
mod tests;
