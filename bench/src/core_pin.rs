//! Keeps the measured process and the one that loads it on cores of their own.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

/// The core of the measured process.
pub const MEASURED: usize = 0;
/// The core of whatever drives it.
pub const DRIVER: usize = 1;

/// A command for `program` that runs on `core` where the machine has two cores and `taskset`.
pub fn command_on(core: usize, program: impl AsRef<OsStr>) -> Command {
    if !available() {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.arg("-c").arg(core.to_string()).arg(program);
    command
}

/// Moves the calling process to `core`; call it before starting threads, which inherit the place.
pub fn pin_this_process(core: usize) {
    if available() {
        // A refusal leaves the process where it was: the numbers get noisier, not wrong.
        let _ = quiet("taskset").args(["-cp", &core.to_string(), &std::process::id().to_string()]).status();
    }
}

/// Moves the calling thread alone to `core`.
pub fn pin_this_thread(core: usize) {
    if available() {
        let mut cores = rustix::thread::CpuSet::new();
        cores.set(core);
        // As above.
        let _ = rustix::thread::sched_setaffinity(None, &cores);
    }
}

/// Lets the calling thread, and those it starts, run on both cores.
pub fn release_this_thread() {
    if available() {
        let mut cores = rustix::thread::CpuSet::new();
        [MEASURED, DRIVER].into_iter().for_each(|core| cores.set(core));
        // As above.
        let _ = rustix::thread::sched_setaffinity(None, &cores);
    }
}

/// Whether processes can be pinned here; the tables say so.
pub fn available() -> bool {
    static AVAILABLE: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *AVAILABLE.get_or_init(|| {
        // Asked of core 1 itself, because the count of cores is that of the mask this process runs under.
        quiet("taskset")
            .args(["-c", &DRIVER.to_string(), "true"])
            .status()
            .is_ok_and(|status| status.success())
    })
}

fn quiet(program: &str) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}
