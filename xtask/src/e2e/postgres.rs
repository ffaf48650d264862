//! A real PostgreSQL with a data folder of its own, and the questions asked of it.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::pipe::{pipe, said};
use crate::process::{GRACE, Process, signal};
use crate::{Result, cargo};

const START_LIMIT: Duration = Duration::from_secs(30);

/// The user of the database; nobody else can reach the server.
const USER: &str = "shop";

/// A running PostgreSQL.
pub(super) struct Postgres {
    /// Where `psql` is.
    programs: PathBuf,
    address: SocketAddr,
    /// What starts it, and where it says what it does.
    command: Command,
    output: PathBuf,
    process: Process,
}

impl Postgres {
    /// Makes a data folder in `folder`, starts a server on it, and waits until it answers.
    pub(super) fn start(programs: &Path, address: SocketAddr, folder: &Path) -> Result<Self> {
        let data = folder.join("postgres");
        fs::create_dir_all(&data).map_err(|error| format!("{}: {error}", data.display()))?;
        // The server refuses to be root, and Debian brings a user for it.
        let is_root = said_by("id", &["-u"])?.trim() == "0";
        if is_root {
            cargo::run(Command::new("chown").arg("postgres").arg(&data))?;
        }
        let mut initdb = program(programs, is_root, "initdb");
        initdb.args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--username", USER]);
        initdb.arg("--pgdata").arg(&data).stdout(Stdio::null());
        cargo::run(&mut initdb)?;

        let mut command = program(programs, is_root, "postgres");
        command.arg("-D").arg(&data);
        let settings = [
            format!("listen_addresses={}", address.ip()),
            format!("port={}", address.port()),
            "unix_socket_directories=".to_owned(),
            // What it keeps is gone with the run.
            "fsync=off".to_owned(),
        ];
        settings.iter().for_each(|setting| {
            command.args(["-c", setting]);
        });
        command.current_dir("/");
        let output = folder.join("postgres.output.txt");
        let process = Process::start_watched("postgres", &command, output.clone())?;
        let mut started = Self { programs: programs.to_owned(), address, command, output, process };
        started.answers()?;
        Ok(started)
    }

    fn answers(&mut self) -> Result {
        let (psql, url) = (self.programs.join("psql"), self.url("postgres"));
        self.process.wait_until("an answer", START_LIMIT, || ask(&psql, &url, "SELECT 1").is_ok())
    }

    /// Ends it, whoever is connected.
    pub(super) fn stop(&mut self) -> Result {
        // The signal for a fast end; asked to terminate, it waits for its clients.
        self.process.signal("INT")?;
        self.process.wait_for(GRACE).map(drop)
    }

    /// Starts it again on what it keeps, and waits until it answers.
    pub(super) fn start_again(&mut self) -> Result {
        self.process = Process::start_watched("postgres", &self.command, self.output.clone())?;
        self.answers()
    }

    /// Has it take connections and say nothing more, those that are open included.
    pub(super) fn hang(&self) -> Result {
        self.process.signal("STOP")?;
        // One for each connection, and some for itself; the first, which would start more, is stopped by now.
        self.children()?.into_iter().for_each(|child| {
            signal(child, "STOP");
        });
        Ok(())
    }

    /// Has it go on where it hangs.
    pub(super) fn go_on(&self) -> Result {
        self.children()?.into_iter().for_each(|child| {
            signal(child, "CONT");
        });
        self.process.signal("CONT")
    }

    fn children(&self) -> Result<Vec<u32>> {
        let processes = fs::read_dir("/proc").map_err(|error| format!("/proc: {error}"))?;
        let ids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let own = |id: &u32| {
            let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            parent(&stat) == Some(self.process.id())
        };
        Ok(ids.filter(own).collect())
    }

    /// Makes a database, and gives its URL.
    pub(super) fn create(&self, database: &str) -> Result<String> {
        let psql = self.programs.join("psql");
        ask(&psql, &self.url("postgres"), &format!("CREATE DATABASE {database}"))?;
        Ok(self.url(database))
    }

    /// The rows of a query, each with its values as text.
    pub(super) fn rows(&self, url: &str, query: &str) -> Result<Vec<Vec<String>>> {
        let said = ask(&self.programs.join("psql"), url, query)?;
        Ok(said.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect())
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@{}/{database}", self.address)
    }
}

/// A program of PostgreSQL, by the user that Debian brings for it.
fn program(programs: &Path, is_root: bool, name: &str) -> Command {
    let program = programs.join(name);
    if !is_root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}

/// Whose child a process is, by its line in `/proc`: a number, a name in brackets, a letter, and the number of the parent.
fn parent(stat: &str) -> Option<u32> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    behind_name.split_whitespace().nth(1)?.parse().ok()
}

/// By `psql`: a line for each row, a tab between values, and nothing else.
fn ask(psql: &Path, url: &str, query: &str) -> Result<String> {
    let mut command = Command::new(psql);
    command.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--field-separator=\t"]);
    command.args(["--set=ON_ERROR_STOP=1", "--command", query, url]);
    let output = pipe(&mut command, &[])?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("psql: `{query}`: {}", said(&output)))
    }
}

fn said_by(program: &str, arguments: &[&str]) -> Result<String> {
    let output = pipe(Command::new(program).args(arguments), &[])?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::parent;

    #[test]
    fn a_parent_is_found_behind_any_name() {
        assert_eq!(parent("17 (postgres: a) R (b) S 4 17 17 0"), Some(4));
        assert_eq!(parent(""), None);
    }
}
