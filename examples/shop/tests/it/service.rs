//! One of the three services as a process that never outlives its test.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

/// How long a start or an end may take; far more than either needs.
const DEADLINE: Duration = Duration::from_secs(60);

/// A running service on ports of its own, with its lines in a file.
pub(crate) struct Service {
    child: Child,
    pub(crate) lines: PathBuf,
    pub(crate) addr: SocketAddr,
    pub(crate) admin: SocketAddr,
}

/// A command for `binary` that hears of nothing but `variables`: what is set around the tests is not meant for it.
pub(crate) fn command(binary: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().envs(variables.iter().copied()).kill_on_drop(true);
    // Its end is that of the tests, even where these are killed.
    command.env("SHOP_EXIT_ON_STDIN_EOF", "1").stdin(Stdio::piped());
    command.env("OBS_ADMIN_ADDR", "127.0.0.1:0").env("OBS_DRAIN_DELAY", "0s");
    command.env("OTEL_TRACES_EXPORTER", "none").stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

impl Service {
    /// Starts `binary` with the file `config`, its lines going to a file in `folder`, and waits until it serves.
    pub(crate) async fn start(
        binary: &str,
        config: &Path,
        folder: &Path,
        variables: &[(&str, &str)],
    ) -> Self {
        let lines = folder.join(Path::new(binary).file_name().unwrap()).with_extension("lines");
        let mut command = command(binary, variables);
        command.env("OBS_CONFIG", config).env("OBS_LOG_FILE", &lines).env("OBS_LOG_FORMAT", "json");
        Self::run(binary, command, lines).await
    }

    /// Starts `binary` in `folder` with the file `config`, which alone says where lines and spans go, one of the places
    /// being the file `lines`.
    pub(crate) async fn start_by_file(
        binary: &str,
        config: &Path,
        folder: &Path,
        lines: &str,
        variables: &[(&str, &str)],
    ) -> Self {
        let mut command = command(binary, variables);
        command.env("OBS_CONFIG", config).env_remove("OTEL_TRACES_EXPORTER").current_dir(folder);
        Self::run(binary, command, folder.join(lines)).await
    }

    async fn run(binary: &str, mut command: Command, lines: PathBuf) -> Self {
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        let told = timeout(DEADLINE, addresses(&mut said)).await.expect("a service that starts in time");
        let [addr, admin] = told.unwrap_or_else(|said| panic!("{binary} did not start: {said}"));
        // Read on: a service whose standard error is closed could not say anything any more.
        tokio::spawn(async move { while let Ok(Some(_)) = said.next_line().await {} });
        Self { child, lines, addr, admin }
    }

    /// Asks it to end, waits until it has, and gives what it has logged: all of it is there then.
    pub(crate) async fn end(mut self) -> Vec<Value> {
        drop(self.child.stdin.take());
        let ended = timeout(DEADLINE, self.child.wait()).await.expect("a service that ends in time").unwrap();
        assert!(ended.success(), "{}: {ended}", self.lines.display());
        let lines = std::fs::read_to_string(&self.lines).unwrap();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Where the service and its admin listener are, or all it said before it ended without a word of that.
async fn addresses(said: &mut Lines<BufReader<ChildStderr>>) -> Result<[SocketAddr; 2], String> {
    let (mut addr, mut all) = (None, String::new());
    while let Some(line) = said.next_line().await.unwrap() {
        if let Some(told) = line.strip_prefix("listening on http://") {
            addr = told.parse().ok();
        } else if let Some(told) = line.strip_prefix("admin on http://") {
            let admin = told.trim_end_matches("/metrics").parse().ok();
            return addr.zip(admin).map(|(addr, admin)| [addr, admin]).ok_or(all);
        }
        all += &line;
    }
    Err(all)
}
