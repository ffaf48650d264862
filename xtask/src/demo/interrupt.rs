//! Leaves Ctrl-C to the quickstart: it drains and flushes to a sink that is still there, and the demo ends after it.
//!
//! The standard library handles no signals, but a program may be started with one ignored, and stays so. So the demo
//! starts itself again, by the shell, with SIGINT ignored. The quickstart installs a handler of its own.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Where the demo that was started again finds the quickstart that was built before.
const BINARY: &str = "XTASK_DEMO_QUICKSTART";

/// The quickstart that is already built, when this is the second start.
pub(super) fn built() -> Option<PathBuf> {
    std::env::var_os(BINARY).map(PathBuf::from)
}

/// Becomes the same command with SIGINT ignored. Comes back only where that cannot be done; then Ctrl-C ends this
/// command at once and the quickstart, whose input ends, after it.
#[cfg(unix)]
pub(super) fn leave_to_quickstart(binary: &Path) {
    use std::os::unix::process::CommandExt;

    let Ok(own) = std::env::current_exe() else { return };
    let mut again = std::process::Command::new("sh");
    again.args([OsStr::new("-c"), OsStr::new("trap '' INT; exec \"$0\" \"$@\""), own.as_os_str()]);
    let _ = again.args(std::env::args_os().skip(1)).env(BINARY, binary).exec();
}

#[cfg(not(unix))]
pub(super) fn leave_to_quickstart(_: &Path) {}
