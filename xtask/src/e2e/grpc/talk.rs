//! A program that is told lines and says lines.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use crate::Result;

/// It does not outlive this.
pub(super) struct Talk {
    name: &'static str,
    child: Child,
    input: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Talk {
    /// What it says to nobody in particular goes to a file in `folder`.
    pub(super) fn start(name: &'static str, mut command: Command, folder: &Path) -> Result<Self> {
        let errors = folder.join(format!("{name}.errors.txt"));
        let errors = File::create(&errors).map_err(|error| format!("{}: {error}", errors.display()))?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().map_err(|error| format!("{name}: {error}"))?;
        let input = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        Ok(Self { name, child, input, answers })
    }

    pub(super) fn tell(&mut self, line: &str) -> Result {
        let gone = |error| format!("{} is gone: {error}", self.name);
        writeln!(self.input.as_mut().ok_or("its input is closed")?, "{line}").map_err(gone)
    }

    /// Waits for the next thing it says.
    pub(super) fn hear(&mut self) -> Result<String> {
        let mut line = String::new();
        match self.answers.read_line(&mut line).map_err(|error| format!("{}: {error}", self.name))? {
            0 => Err(format!("{} has ended", self.name)),
            _ => Ok(line.trim_end().to_owned()),
        }
    }

    /// Ends its input, and waits for its end.
    pub(super) fn end(&mut self) -> Result<ExitStatus> {
        drop(self.input.take());
        self.child.wait().map_err(|error| format!("{}: {error}", self.name))
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
