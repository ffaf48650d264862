//! The program that writes numbered lines, and its answers.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};

use super::Scene;
use crate::Result;

pub(super) struct Writer {
    child: Child,
    input: Option<ChildStdin>,
    answers: BufReader<ChildStderr>,
}

/// What it says of itself after a command.
#[derive(Clone, Copy, Debug)]
pub(super) struct Books {
    pub(super) next: u64,
    pub(super) delivered: u64,
    pub(super) dropped: u64,
}

impl Writer {
    /// Starts it on the file at `path`.
    pub(super) fn start(scene: &Scene<'_>, path: &Path, arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(&scene.writer);
        command.arg(format!("path={}", path.display())).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", scene.writer.display()))?;
        let input = child.stdin.take();
        let answers = BufReader::new(child.stderr.take().ok_or("no standard error")?);
        Ok(Self { child, input, answers })
    }

    /// Its process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Gives a command and does not wait.
    pub(super) fn tell(&mut self, command: &str) -> Result {
        let input = self.input.as_mut().ok_or("its input is closed")?;
        writeln!(input, "{command}").map_err(|error| format!("the writer is gone: {error}"))
    }

    /// The numbers of its next answer; `None` at its end. What it says of itself in words is passed over.
    pub(super) fn answer(&mut self) -> Option<Vec<u64>> {
        loop {
            let mut line = String::new();
            if self.answers.read_line(&mut line).ok()? == 0 {
                return None;
            }
            // Half a line is none: it was killed while it answered.
            let line = line.strip_suffix('\n')?;
            let numbers: std::result::Result<Vec<u64>, _> = line.split(' ').map(str::parse).collect();
            if let Ok(numbers) = numbers {
                return Some(numbers);
            }
        }
    }

    /// Has so many lines written, and waits until their fate is known.
    pub(super) fn write(&mut self, lines: u64) -> Result<Books> {
        self.tell(&format!("write {lines}"))?;
        match self.answer().as_deref() {
            Some(&[next, delivered, dropped]) => Ok(Books { next, delivered, dropped }),
            answer => Err(format!("the writer answered {answer:?}")),
        }
    }

    /// Has it end by itself, and does not wait for it.
    pub(super) fn close(&mut self) {
        drop(self.input.take());
    }

    /// Has it end by itself.
    pub(super) fn end(mut self) -> Result {
        drop(self.input.take());
        let status = self.child.wait().map_err(|error| format!("the writer: {error}"))?;
        if status.success() { Ok(()) } else { Err(format!("the writer ended with {status}")) }
    }

    /// Kills it by SIGKILL and returns all that it had answered by then.
    pub(super) fn kill(mut self) -> Result<Vec<Vec<u64>>> {
        self.child.kill().map_err(|error| format!("the writer cannot be killed: {error}"))?;
        let answers = std::iter::from_fn(|| self.answer()).collect();
        self.child.wait().map_err(|error| format!("the writer: {error}"))?;
        Ok(answers)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
