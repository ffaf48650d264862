//! The program that makes the registries, serves them, and says what is in them.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use super::books::Books;
use crate::Result;
use crate::json::Json;

pub(super) struct Program {
    pub(super) address: SocketAddr,
    pub(super) books: Books,
    child: Child,
    /// The program ends at the end of its input.
    input: Option<ChildStdin>,
}

impl Program {
    pub(super) fn start(binary: &Path, seed: u64, registries: usize) -> Result<Self> {
        let mut command = Command::new(binary);
        command.args([seed.to_string(), registries.to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", binary.display()))?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or("the program has no output")?;
        let mut lines = BufReader::new(output).lines();
        let mut line = || match lines.next() {
            Some(Ok(line)) => Ok(line),
            _ => Err("the program ended before it had told everything".to_owned()),
        };
        let address = line()?;
        let address = address.parse().map_err(|_| format!("`{address}` is no address"))?;
        let mut books = Books::default();
        loop {
            let line = line()?;
            if line == "end" {
                return Ok(Self { address, books, child, input });
            }
            let sample = Json::parse(&line)?;
            let registry = sample.at(&["registry"]).and_then(Json::number).ok_or("no registry")?;
            books.note(registry as usize, &sample)?;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
