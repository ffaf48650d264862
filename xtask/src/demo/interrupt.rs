//! Ctrl-C asks the demo to end its services in their order; it may not end the demo, nor reach the services by itself.
//!
//! The standard library handles no signals; a shell does. So the process that was started becomes a small shell with a trap, and the demo goes on in a child of it. A
//! socket joins the two. The shell writes a line into it when it is asked to end; the demo writes its exit code; and each
//! sees the end of the other, by whatever signal, as the end of the stream. The demo and the services are in process
//! groups of their own, so that what a terminal, or `timeout`, sends to the group reaches the shell alone.

use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use crate::Result;
use crate::shop::Binaries;

/// Tells the demo that it is the child, and where the binaries are that were built before.
const BINARIES: &str = "XTASK_DEMO_BINARIES";

/// The shell's part. `read` comes back without a line when the trap has run, and at the end of the stream. With the code
/// in hand it waits for the end of the stream, so that the demo is gone when this is.
const SUPERVISE: &str = r#"
trap 'asked=yes; echo end >&0' INT TERM
while :; do
    asked=
    if read -r code; then
        read -r rest
        exit "$code"
    fi
    [ "$asked" ] && continue
    echo "the demo was killed; its services end by themselves within seconds" >&2
    exit 1
done
"#;

/// By what the demo is asked to end, and tells how it ended.
pub(super) struct Supervisor {
    asked: Receiver<()>,
    /// None where there is no shell above.
    socket: Option<UnixStream>,
    /// Keeps `asked` waiting where nobody will ever ask.
    _asks: Sender<()>,
}

/// The binaries and the supervisor, where this is the child.
pub(super) fn supervised() -> Option<(Binaries, Supervisor)> {
    let binaries = Binaries::split(&std::env::var_os(BINARIES)?)?;
    let socket = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned().ok()?);
    Some((binaries, Supervisor::over(socket)?))
}

/// Starts the demo as a child and becomes the shell above it. Comes back only where that cannot be done; then Ctrl-C ends
/// this command at once, and the services, whose input ends, after it.
pub(super) fn supervise(binaries: &Binaries) -> Result<Supervisor> {
    let failed = |error: std::io::Error| format!("cannot start the demo under a shell: {error}");
    let (asks, asked) = channel();
    let alone = Supervisor { asked, socket: None, _asks: asks };
    let (Some(joined), Ok(own)) = (binaries.joined(), std::env::current_exe()) else { return Ok(alone) };
    let (above, below) = UnixStream::pair().map_err(failed)?;
    let mut demo = Command::new(own);
    demo.args(std::env::args_os().skip(1)).process_group(0);
    let demo = demo.env(BINARIES, joined).stdin(OwnedFd::from(below)).spawn();
    if demo.is_err() {
        return Ok(alone);
    }
    // The end of this command is then the end of the stream for the child.
    let error =
        Command::new("sh").args(["-c", SUPERVISE, "cargo xtask demo"]).stdin(OwnedFd::from(above)).exec();
    Err(failed(error))
}

impl Supervisor {
    fn over(socket: UnixStream) -> Option<Self> {
        let mut reads = socket.try_clone().ok()?;
        let (asks, asked) = channel();
        let supervisor = Self { asked, socket: Some(socket), _asks: asks.clone() };
        std::thread::spawn(move || {
            // A line and the end of the stream mean the same.
            let _ = reads.read(&mut [0]);
            let _ = asks.send(());
        });
        Some(supervisor)
    }

    /// Waits for so long, or until the demo is asked to end: then it is true.
    pub(super) fn asks_within(&self, limit: Duration) -> bool {
        self.asked.recv_timeout(limit) != Err(RecvTimeoutError::Timeout)
    }

    /// The last thing the demo does: the shell above ends by it.
    pub(super) fn ended(self, well: bool) {
        if let Some(mut socket) = self.socket {
            let _ = socket.write_all(if well { b"0\n" } else { b"1\n" });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::Child;

    use super::*;

    /// The shell alone, and the demo's end of the socket.
    fn shell() -> (Child, BufReader<UnixStream>) {
        let (above, below) = UnixStream::pair().unwrap();
        below.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        // Said once the trap is there, so that no signal comes before it.
        let script = SUPERVISE.replacen("while", "echo ready >&0\nwhile", 1);
        // Where these tests run in the background of a script INT is ignored, and no shell can trap what it came to ignored.
        let mut shell = if cfg!(target_os = "linux") { Command::new("env") } else { Command::new("sh") };
        if cfg!(target_os = "linux") {
            shell.args(["--default-signal=INT", "sh"]);
        }
        let shell = shell.args(["-c", &script]).stdin(OwnedFd::from(above)).spawn().unwrap();
        let mut below = BufReader::new(below);
        assert_eq!(line(&mut below), "ready\n");
        (shell, below)
    }

    fn line(reader: &mut BufReader<UnixStream>) -> String {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line
    }

    #[test]
    fn each_signal_is_handed_on_and_the_shell_ends_with_the_demos_code() {
        let (mut shell, mut demo) = shell();
        for signal in ["INT", "TERM", "INT"] {
            let id = shell.id().to_string();
            Command::new("sh").args(["-c", "kill -\"$0\" \"$1\"", signal, &id]).status().unwrap();
            assert_eq!(line(&mut demo), "end\n", "{signal}");
        }
        demo.get_mut().write_all(b"0\n").unwrap();
        drop(demo);
        assert_eq!(shell.wait().unwrap().code(), Some(0));
    }

    #[test]
    fn a_demo_that_was_killed_ends_the_shell_badly() {
        let (mut shell, demo) = shell();
        drop(demo);
        assert_eq!(shell.wait().unwrap().code(), Some(1));
    }

    #[test]
    fn a_shell_that_is_gone_asks_the_demo_to_end() {
        let (above, below) = UnixStream::pair().unwrap();
        let supervisor = Supervisor::over(below).unwrap();
        assert!(!supervisor.asks_within(Duration::ZERO));
        drop(above);
        assert!(supervisor.asks_within(Duration::from_secs(10)));
        supervisor.ended(true);
    }
}
