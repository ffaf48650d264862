//! grpcio, which asks the service's `grpc.health.v1`.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::Result;

const SCRIPT: &str = include_str!("judge.py");

/// A running client, which ends with its input.
pub(super) struct Judge {
    child: Child,
    input: ChildStdin,
    answers: BufReader<ChildStdout>,
    errors: PathBuf,
}

impl Judge {
    pub(super) fn start(python: &Path, service: SocketAddr, folder: &Path) -> Result<Self> {
        let errors = folder.join("judge.errors.txt");
        let file = File::create(&errors).map_err(|error| format!("{}: {error}", errors.display()))?;
        let mut command = Command::new(python);
        command.args(["-c", SCRIPT]).arg(service.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(file);
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", python.display()))?;
        let input = child.stdin.take().ok_or("no standard input")?;
        let answers = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        Ok(Self { child, input, answers, errors })
    }

    /// Asks it something, and waits for what it says to that.
    pub(super) fn ask(&mut self, line: &str) -> Result<String> {
        let gone = |error| format!("the judge: `{line}`: {error}");
        writeln!(self.input, "{line}").map_err(gone)?;
        let mut answer = String::new();
        match self.answers.read_line(&mut answer).map_err(gone)? {
            0 => Err(format!(
                "the judge has ended: {}",
                std::fs::read_to_string(&self.errors).unwrap_or_default()
            )),
            _ => Ok(answer.trim_end().to_owned()),
        }
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
