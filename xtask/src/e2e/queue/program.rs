//! Our side: a process that sends, or one that takes, and its answers.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use crate::exposition::{Sample, label, total};
use crate::service::{TEXT, scrape, whole_lines};
use crate::{Result, ports};

/// Where all of them go.
pub(super) struct Place<'a> {
    pub(super) binary: &'a Path,
    pub(super) broker: SocketAddr,
    pub(super) otlp: SocketAddr,
    pub(super) folder: &'a Path,
}

pub(super) struct Program {
    name: &'static str,
    child: Child,
    input: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    admin: SocketAddr,
    folder: PathBuf,
}

impl Program {
    pub(super) fn start(place: &Place<'_>, name: &'static str, arguments: &[&str]) -> Result<Self> {
        let [admin] = ports::free()?;
        let folder = place.folder.join(name);
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        // Its lines have a file of their own: standard output has its answers.
        let text = format!(
            "admin: {{ addr: '{admin}' }}\nlogs: {{ outputs: {{ all: {{ type: file, path: lines.txt, format: json }} }} }}\n\
             traces: {{ endpoint: 'http://{}', probe: false, level: 'info,lapin=off', linger: 100ms }}\n",
            place.otlp
        );
        let (file, errors) = (folder.join("obs.yaml"), folder.join("errors.txt"));
        std::fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        let errors = File::create(&errors).map_err(|error| format!("{}: {error}", errors.display()))?;
        let mut command = Command::new(place.binary);
        command.arg(format!("amqp://{}/%2f", place.broker)).args(arguments);
        command.env("OBS_CONFIG", &file).current_dir(&folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", place.binary.display()))?;
        let input = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        Ok(Self { name, child, input, answers, admin, folder })
    }

    /// Tells it something, and waits for what it says to that.
    pub(super) fn ask(&mut self, line: &str) -> Result<String> {
        let gone = |error| format!("the {} is gone: {error}", self.name);
        writeln!(self.input.as_mut().ok_or("its input is closed")?, "{line}").map_err(gone)?;
        self.answer()
    }

    /// Waits for the next thing it says.
    pub(super) fn answer(&mut self) -> Result<String> {
        let mut answer = String::new();
        match self.answers.read_line(&mut answer).map_err(|error| format!("{}: {error}", self.name))? {
            0 => Err(format!("the {} has ended: {}", self.name, self.errors())),
            _ => Ok(answer.trim_end().to_owned()),
        }
    }

    /// Waits for so many things, and that each is this.
    pub(super) fn says(&mut self, expected: &str, times: usize) -> Result {
        for _ in 0..times {
            let said = self.answer()?;
            if said != expected {
                return Err(format!("the {} says `{said}` instead of `{expected}`", self.name));
            }
        }
        Ok(())
    }

    pub(super) fn errors(&self) -> String {
        std::fs::read_to_string(self.folder.join("errors.txt")).unwrap_or_default()
    }

    /// The lines it has written.
    pub(super) fn lines(&self) -> Vec<String> {
        whole_lines(&self.folder.join("lines.txt"))
    }

    /// What `/metrics` has under a name, of all series with these labels.
    pub(super) fn count(&self, name: &str, labels: &[(&str, &str)]) -> Result<f64> {
        let scrape = scrape(self.admin, TEXT)?;
        let is_it =
            |sample: &&Sample| labels.iter().all(|(name, value)| label(&sample.labels, name) == *value);
        Ok(total(scrape.named(name).filter(is_it)))
    }

    /// Ends its input, and waits for its end.
    pub(super) fn end(&mut self) -> Result<ExitStatus> {
        drop(self.input.take());
        self.child.wait().map_err(|error| format!("{}: {error}", self.name))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
