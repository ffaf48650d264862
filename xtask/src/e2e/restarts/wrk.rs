//! Load by wrk, and what it says at its end.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::Result;
use crate::process::Process;

/// What a customer sends, for wrk.
const ORDER: &str = r#"
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.body = '{"user":"ada","item":"teapot","quantity":2}'
"#;

pub(super) struct Load {
    process: Process,
    limit: Duration,
}

impl Load {
    /// Sends over 32 connections for this long.
    pub(super) fn start(program: &Path, service: SocketAddr, long: Duration, folder: &Path) -> Result<Self> {
        Self::run(program, &[&format!("http://{service}/api/hello")], long, folder)
    }

    /// The same with orders of the shop.
    pub(super) fn start_orders(
        program: &Path,
        gateway: SocketAddr,
        long: Duration,
        folder: &Path,
    ) -> Result<Self> {
        let script = folder.join("order.lua");
        std::fs::write(&script, ORDER).map_err(|error| format!("{}: {error}", script.display()))?;
        let script = script.display().to_string();
        Self::run(program, &["--script", &script, &format!("http://{gateway}/v1/orders")], long, folder)
    }

    fn run(program: &Path, arguments: &[&str], long: Duration, folder: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(["--threads", "2", "--connections", "32", "--timeout", "5s"]);
        command.args(["--duration", &format!("{}s", long.as_secs())]).args(arguments);
        let process = Process::start_watched("wrk", &command, folder.join("wrk.output.txt"))?;
        Ok(Self { process, limit: long + Duration::from_secs(10) })
    }

    pub(super) fn end(mut self) -> Result<String> {
        let status = self.process.wait_for(self.limit)?;
        if !status.success() {
            return Err(format!("wrk ended with {status}:\n{}", self.process.output.tail()));
        }
        judge(&self.process.output.text())
    }
}

/// What was sent, or what went wrong: wrk says only of faults that there were some.
fn judge(said: &str) -> Result<String> {
    let line = |start: &str| said.lines().map(str::trim).find(|line| line.starts_with(start));
    let faults: Vec<_> = ["Socket errors", "Non-2xx"].into_iter().filter_map(line).collect();
    if !faults.is_empty() {
        return Err(faults.join("; "));
    }
    let requests = said.lines().map(str::trim).find(|line| line.contains(" requests in "));
    let requests = requests.ok_or_else(|| format!("wrk said nothing of requests:\n{said}"))?;
    if requests.starts_with("0 ") { Err("no request was sent".to_owned()) } else { Ok(requests.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_found_and_silence_is_none() {
        let good = "  2 threads and 32 connections\n  1000 requests in 2.00s, 1.0MB read\nRequests/sec: 500\nTransfer/sec: 1KB\n";
        assert_eq!(judge(good).unwrap(), "1000 requests in 2.00s, 1.0MB read");
        let errors = "  Socket errors: connect 0, read 1, write 0, timeout 0\n";
        assert!(judge(&format!("{good}{errors}")).unwrap_err().contains("read 1"));
        assert!(judge(&format!("{good}  Non-2xx or 3xx responses: 3\n")).unwrap_err().contains('3'));
        assert!(judge("  0 requests in 2.00s, 0.00B read\n").is_err());
        assert!(judge("unable to connect").is_err());
    }
}
