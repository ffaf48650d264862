//! The program that sends numbered lines, and its answers.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};

use super::Scene;
use crate::Result;

pub(super) struct Sender {
    child: Child,
    input: Option<ChildStdin>,
    answers: BufReader<ChildStderr>,
}

/// What it says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Books {
    pub(super) next: u64,
    pub(super) delivered: u64,
    pub(super) dropped: u64,
}

impl Sender {
    pub(super) fn start(scene: &Scene<'_>, to: Vec<String>, arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(&scene.sender);
        command.args(to).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", scene.sender.display()))?;
        let input = child.stdin.take();
        let answers = BufReader::new(child.stderr.take().ok_or("no standard error")?);
        Ok(Self { child, input, answers })
    }

    /// Its process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Has so many lines sent, and does not wait.
    pub(super) fn begin(&mut self, lines: u64) -> Result {
        let input = self.input.as_mut().ok_or("its input is closed")?;
        writeln!(input, "write {lines}").map_err(|error| format!("the sender is gone: {error}"))
    }

    /// Its books, once the fate of all is known.
    pub(super) fn answer(&mut self) -> Result<Books> {
        loop {
            let mut line = String::new();
            let read = self.answers.read_line(&mut line).map_err(|error| format!("the sender: {error}"))?;
            if read == 0 {
                return Err("the sender ended by itself".to_owned());
            }
            // What it says of itself in words is passed over.
            let numbers: std::result::Result<Vec<u64>, _> =
                line.trim_end().split(' ').map(str::parse).collect();
            if let Ok([next, delivered, dropped]) = numbers.as_deref() {
                return Ok(Books { next: *next, delivered: *delivered, dropped: *dropped });
            }
        }
    }

    pub(super) fn send(&mut self, lines: u64) -> Result<Books> {
        self.begin(lines)?;
        self.answer()
    }

    /// Has it end by itself; the books at its end.
    pub(super) fn end(mut self) -> Result<Books> {
        drop(self.input.take());
        let books = self.answer()?;
        let status = self.child.wait().map_err(|error| format!("the sender: {error}"))?;
        if status.success() { Ok(books) } else { Err(format!("the sender ended with {status}")) }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
