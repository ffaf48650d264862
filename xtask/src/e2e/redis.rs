//! A real Redis that keeps nothing, and the one question asked of it.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::install::Programs;
use super::pipe::{pipe, said};
use crate::Result;
use crate::process::Process;

const START_LIMIT: Duration = Duration::from_secs(30);

/// A running Redis.
pub(super) struct Redis<'a> {
    programs: &'a Programs,
    address: SocketAddr,
    process: Process,
}

impl<'a> Redis<'a> {
    /// Starts it and waits until it answers.
    pub(super) fn start(programs: &'a Programs, address: SocketAddr, folder: &Path) -> Result<Self> {
        let mut command = Command::new(&programs.redis_server);
        command.args(["--bind", &address.ip().to_string(), "--port", &address.port().to_string()]);
        command.args(["--save", "", "--appendonly", "no"]).current_dir(folder);
        let process = Process::start_watched("redis", &command, folder.join("redis.output.txt"))?;
        let mut started = Self { programs, address, process };
        let ask = || ask(programs, address, &["PING"]);
        started
            .process
            .wait_until("an answer", START_LIMIT, || ask().is_ok_and(|answer| answer == "PONG"))?;
        Ok(started)
    }

    pub(super) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Ends it.
    pub(super) fn stop(mut self) -> Result {
        self.process.stop().map(drop)
    }

    /// Has it take connections and say nothing more.
    pub(super) fn hang(&self) -> Result {
        self.process.signal("STOP")
    }

    /// Has it go on where it hangs.
    pub(super) fn go_on(&self) -> Result {
        self.process.signal("CONT")
    }

    /// Has it forget all that it keeps.
    pub(super) fn empty(&self) -> Result {
        ask(self.programs, self.address, &["FLUSHALL"]).map(drop)
    }

    /// How often a command was called, as it counts itself.
    pub(super) fn calls(&self, command: &str) -> Result<f64> {
        let stats = ask(self.programs, self.address, &["INFO", "commandstats"])?;
        Ok(calls(&stats, command) as f64)
    }

    /// How many clients have chosen the database of this number.
    pub(super) fn clients_of(&self, database: u8) -> Result<usize> {
        let clients = ask(self.programs, self.address, &["CLIENT", "LIST"])?;
        Ok(clients_of(&clients, database))
    }
}

fn calls(stats: &str, command: &str) -> u64 {
    let of = format!("cmdstat_{command}:calls=");
    let found = stats.lines().find_map(|line| line.strip_prefix(&of)?.split(',').next()?.parse().ok());
    found.unwrap_or_default()
}

fn clients_of(clients: &str, database: u8) -> usize {
    let chosen = format!("db={database}");
    clients.lines().filter(|client| client.split(' ').any(|field| field == chosen)).count()
}

fn ask(programs: &Programs, address: SocketAddr, question: &[&str]) -> Result<String> {
    let mut command = Command::new(&programs.redis_cli);
    command.args(["-h", &address.ip().to_string(), "-p", &address.port().to_string()]).args(question);
    let output = pipe(&mut command, &[])?;
    if output.status.success() {
        Ok(said(&output))
    } else {
        Err(format!("redis-cli: {question:?}: {}", said(&output)))
    }
}

#[cfg(test)]
mod tests {
    use super::{calls, clients_of};

    #[test]
    fn calls_are_read_by_the_command() {
        let stats = "# Commandstats\r\ncmdstat_get:calls=12,usec=3\r\ncmdstat_getdel:calls=7,usec=1\r\n";
        assert_eq!(["get", "getdel", "set"].map(|command| calls(stats, command)), [12, 7, 0]);
    }

    #[test]
    fn clients_are_counted_by_their_database() {
        let clients =
            "id=3 addr=127.0.0.1:1 db=1 sub=0\nid=4 db=11 sub=0\nid=5 addr=127.0.0.1:2 db=1 sub=0\n";
        assert_eq!([1, 11, 0].map(|database| clients_of(clients, database)), [2, 1, 0]);
    }
}
