//! A measured process that is steered by lines on its input and answers each with one line.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A running process. Dropping it kills the process if it has not ended.
#[derive(Debug)]
pub struct Steered {
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Steered {
    /// Starts `command` with pipes for input and output.
    ///
    /// # Errors
    /// The process cannot be started.
    pub fn start(mut command: Command) -> Result<Self, String> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("start {}: {error}", command.get_program().display()))?;
        let answers = BufReader::new(child.stdout.take().ok_or("no output pipe")?);
        Ok(Self { commands: child.stdin.take(), child, answers })
    }

    /// Gives one command and waits for its answer.
    ///
    /// # Errors
    /// The process has gone.
    pub fn ask(&mut self, command: &str) -> Result<String, String> {
        let commands = self.commands.as_mut().ok_or("the input is closed")?;
        commands
            .write_all(format!("{command}\n").as_bytes())
            .map_err(|error| format!("{command}: {error}"))?;
        self.answer()
    }

    /// Waits for one line.
    ///
    /// # Errors
    /// The process has gone.
    pub fn answer(&mut self) -> Result<String, String> {
        let mut line = String::new();
        match self.answers.read_line(&mut line) {
            Ok(0) => Err("the measured process has gone".to_owned()),
            Ok(_) => Ok(line.trim_end().to_owned()),
            Err(error) => Err(format!("the measured process cannot be read: {error}")),
        }
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Closes the input, which tells the process to end, and waits until it has.
    ///
    /// # Errors
    /// It ended with a failure.
    pub fn end(mut self) -> Result<(), String> {
        drop(self.commands.take());
        let status = self.child.wait().map_err(|error| format!("wait: {error}"))?;
        if status.success() { Ok(()) } else { Err(format!("the measured process ended with {status}")) }
    }
}

impl Drop for Steered {
    fn drop(&mut self) {
        // Both fail on a process that has already ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Answers the driver in one write; a driver that has gone away ends this process through the input.
pub fn answer(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
}

/// The numbers after the first word of an answer.
///
/// # Errors
/// There are not exactly `N` of them.
pub fn numbers<const N: usize>(answer: &str) -> Result<[u64; N], String> {
    let numbers: Vec<u64> = answer.split(' ').skip(1).filter_map(|word| word.parse().ok()).collect();
    numbers.try_into().map_err(|_| format!("bad answer {answer:?}"))
}
