//! Instructions of all threads as callgrind counts them: the one number that two machines agree on.
//!
//! The measured process says itself when to count. A difference of two whole runs would not do: some clock
//! crates calibrate at start by spinning for a stretch of wall time, millions of instructions more or less.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A command for `program` under callgrind, which writes to `report` what is executed while
/// [`count_instructions`] is on.
///
/// Threads take turns fairly, or background threads would starve while the main one runs.
pub fn command(report: &Path, program: &Path) -> Command {
    let mut file = OsString::from("--callgrind-out-file=");
    file.push(report);
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--quiet", "--instr-atstart=no", "--fair-sched=try"])
        .arg(file)
        .arg(program);
    command
}

/// Whether instructions can be counted here.
pub fn available() -> bool {
    cfg!(target_arch = "x86_64")
        && Command::new("valgrind").arg("--version").output().is_ok_and(|run| run.status.success())
}

/// Tells callgrind to count, or to stop counting, in all threads of this process; outside callgrind it does
/// nothing.
pub fn count_instructions(on: bool) {
    // `CALLGRIND_START_INSTRUMENTATION` and `_STOP_INSTRUMENTATION` of callgrind.h: the tool's letters, then
    // the number of the request.
    const TOOL: u64 = (b'C' as u64) << 24 | (b'T' as u64) << 16;
    client_request(TOOL + if on { 4 } else { 5 });
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "valgrind listens for one sequence of instructions")]
fn client_request(request: u64) {
    let arguments = [request, 0, 0, 0, 0, 0];
    // SAFETY: outside valgrind the sequence changes nothing: the four rotations add up to two whole turns
    // and a register is exchanged with itself; `rdx` is declared as overwritten. Under valgrind the tool
    // reads `arguments`, which live until after the sequence (valgrind manual, "The Client Request
    // mechanism").
    unsafe {
        std::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") arguments.as_ptr(),
            inout("rdx") 0_u64 => _,
            inout("rdi") 0_u64 => _,
            options(nostack),
        );
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn client_request(_: u64) {}

/// Instructions counted in all threads of the process that wrote `report`.
///
/// # Errors
/// The report cannot be read or holds no total.
pub fn instructions(report: &Path) -> Result<u64, String> {
    let text = std::fs::read_to_string(report).map_err(|error| format!("no callgrind report: {error}"))?;
    total(&text).ok_or_else(|| format!("no total in {}", report.display()))
}

/// A place for a report that no other run uses.
pub fn report_path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("bench-{}-{}.callgrind", std::process::id(), name.replace('/', "-")))
}

/// The last `totals:` line, or the `summary:` line where the format has only that.
fn total(report: &str) -> Option<u64> {
    let of = |key: &str| {
        let line = report.lines().rev().find_map(|line| line.strip_prefix(key))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    of("totals:").or_else(|| of("summary:"))
}

#[cfg(test)]
mod tests {
    use super::total;

    #[test]
    fn the_total_wins_over_the_summary() {
        assert_eq!(total("events: Ir\nsummary: 12\n\nfn=x\ntotals: 15\n"), Some(15));
        assert_eq!(total("events: Ir\nsummary: 12\n"), Some(12));
        assert_eq!(total("events: Ir\n"), None);
    }
}
