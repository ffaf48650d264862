//! A real PostgreSQL with a data folder of its own, and the questions asked of it.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::pipe::{pipe, said};
use crate::process::Process;
use crate::{Result, cargo};

const START_LIMIT: Duration = Duration::from_secs(30);

/// The user of the database; nobody else can reach the server.
const USER: &str = "shop";

/// A running PostgreSQL.
pub(super) struct Postgres {
    /// Where `psql` is.
    programs: PathBuf,
    address: SocketAddr,
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
        let program = |name: &str| {
            let program = programs.join(name);
            if !is_root {
                return Command::new(program);
            }
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
            command
        };
        let mut initdb = program("initdb");
        initdb.args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--username", USER]);
        initdb.arg("--pgdata").arg(&data).stdout(Stdio::null());
        cargo::run(&mut initdb)?;

        let mut command = program("postgres");
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
        let process = Process::start_watched("postgres", &command, folder.join("postgres.output.txt"))?;
        let mut started = Self { programs: programs.to_owned(), address, process };
        let (psql, url) = (started.programs.join("psql"), started.url("postgres"));
        started.process.wait_until("an answer", START_LIMIT, || ask(&psql, &url, "SELECT 1").is_ok())?;
        Ok(started)
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
