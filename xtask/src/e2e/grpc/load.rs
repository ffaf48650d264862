//! Load by h2load, a client of HTTP/2 that knows nothing of gRPC.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::super::eventually::eventually;
use crate::Result;
use crate::exposition::label;
use crate::process::Process;
use crate::service::{TEXT, scrape};

/// How many requests are sent.
const REQUESTS: usize = 2_000;
/// Connections, and streams on each, that are left behind.
const LEFT: (usize, usize) = (4, 8);

pub(super) struct Load<'a> {
    pub(super) program: &'a Path,
    pub(super) address: &'a str,
    pub(super) admin: SocketAddr,
    pub(super) folder: &'a Path,
}

impl Load<'_> {
    /// Each with this message.
    fn start(&self, name: &str, message: &str, arguments: &[&str]) -> Result<Process> {
        let mut body = vec![0];
        body.extend((message.len() as u32).to_be_bytes());
        body.extend(message.as_bytes());
        let file = self.folder.join(format!("{name}.body"));
        std::fs::write(&file, body).map_err(|error| format!("{}: {error}", file.display()))?;
        let mut command = Command::new(self.program);
        command.args(["-H", "content-type: application/grpc", "-H", "te: trailers", "-d"]).arg(&file);
        command.args(arguments).arg(format!("http://{}/e2e.Judge/Unary", self.address));
        Process::start_watched(name, &command, self.folder.join(format!("{name}.output.txt")))
    }

    fn count(&self, code: &str) -> Result<f64> {
        let scrape = scrape(self.admin, TEXT)?;
        let own = scrape.named("rpc_server_requests_total").filter(|sample| {
            label(&sample.labels, "method") == "Unary" && label(&sample.labels, "code") == code
        });
        Ok(own.map(|sample| sample.value).sum())
    }

    pub(super) fn answered(&self) -> Result<String> {
        let before = self.count("OK")?;
        let number = REQUESTS.to_string();
        let mut process = self.start("h2load", "hello", &["-n", &number, "-c", "8", "-m", "16"])?;
        let status = process.wait_for(Duration::from_secs(30))?;
        let said = process.output.text();
        if !status.success() || !all_answered(&said) {
            return Err(format!("{status}: {said}"));
        }
        eventually(|| match self.count("OK")? - before {
            count if count == REQUESTS as f64 => Ok(format!("{count}")),
            count => Err(format!("{count} counted of {REQUESTS}")),
        })
    }

    /// It is killed with all its streams open.
    pub(super) fn reset(&self) -> Result<String> {
        let before = self.count("CANCELLED")?;
        let (connections, streams) = LEFT;
        let all = (connections * streams) as f64;
        let arguments = ["-n", &all.to_string(), "-c", &connections.to_string(), "-m", &streams.to_string()]
            .map(str::to_owned);
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let process = self.start("h2load-left", "wait", &arguments)?;
        let in_flight = || Ok::<_, String>(scrape(self.admin, TEXT)?.sum("rpc_server_requests_in_flight"));
        eventually(|| match in_flight()? {
            count if count == all => Ok(String::new()),
            count => Err(format!("{count} in flight, not {all}")),
        })?;
        process.kill()?;
        eventually(|| match (self.count("CANCELLED")? - before, in_flight()?) {
            (cancelled, 0.0) if cancelled == all => Ok(format!("{cancelled}")),
            other => Err(format!("cancelled and in flight are {other:?}, not {all} and 0")),
        })
    }
}

fn all_answered(said: &str) -> bool {
    let all = format!(
        "requests: {REQUESTS} total, {REQUESTS} started, {REQUESTS} done, {REQUESTS} succeeded, 0 failed, 0 errored, 0 timeout"
    );
    said.lines().any(|line| line == all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_request_that_failed_is_a_fault() {
        let said = "finished in 1s\nrequests: 2000 total, 2000 started, 2000 done, 2000 succeeded, 0 failed, 0 errored, 0 timeout\n";
        assert!(all_answered(said));
        assert!(!all_answered(&said.replace("2000 succeeded, 0", "1999 succeeded, 1")));
    }
}
