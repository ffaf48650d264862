//! The program that says what it is told, to all its ways out at once and to a file beside them.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::Result;
use crate::exposition::{Scrape, label, total};
use crate::ids::Ids;

/// A line that is to be said, with ids that no other has.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) trace_id: String,
    pub(super) span_id: String,
    pub(super) request_id: String,
    pub(super) message: String,
}

impl Told {
    /// Every third has quotes, backslashes and ends of lines, every third letters of more than one byte.
    pub(super) fn new(ids: &mut Ids, number: usize) -> Self {
        let message = match number % 3 {
            0 => format!("line {number}"),
            1 => format!("größer 測試 \u{1f642} e\u{301} \u{202e} of {number}"),
            _ => format!("say \"{number}\"\nand \\n 'again'\r\n\ttab \u{1} {{\"a\":1}} \u{7f}"),
        };
        let request_id = format!("REQ-{:016x}", ids.number());
        Self { trace_id: ids.trace_id(), span_id: ids.span_id(), request_id, message }
    }
}

pub(super) struct Sender {
    child: Child,
    input: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Sender {
    pub(super) fn start(program: &Path, folder: &Path, configuration: &str) -> Result<Self> {
        let file = folder.join("obs.yaml");
        std::fs::write(&file, configuration).map_err(|error| format!("{}: {error}", file.display()))?;
        let errors = std::fs::File::create(folder.join("sender.output.txt"));
        let errors = errors.map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut command = Command::new(program);
        command.env("OBS_CONFIG", &file).current_dir(folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", program.display()))?;
        let input = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        Ok(Self { child, input, answers })
    }

    /// Has a line said, and does not wait.
    pub(super) fn say(&mut self, told: &Told) -> Result {
        let hex: String = told.message.bytes().map(|byte| format!("{byte:02x}")).collect();
        self.write(&format!("{} {} {} {hex}", told.trace_id, told.span_id, told.request_id))
    }

    /// Waits until all that was said is delivered.
    pub(super) fn said(&mut self) -> Result {
        self.write("")?;
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(|error| format!("the sender: {error}"))?;
        if line.trim_end() == "said" { Ok(()) } else { Err(format!("the sender answered `{line}`")) }
    }

    fn write(&mut self, line: &str) -> Result {
        let input = self.input.as_mut().ok_or("its input is closed")?;
        writeln!(input, "{line}").map_err(|error| format!("the sender is gone: {error}"))
    }

    /// Has it end by itself; what it says of each way out then.
    pub(super) fn end(mut self) -> Result<Books> {
        drop(self.input.take());
        let mut text = String::new();
        self.answers.read_to_string(&mut text).map_err(|error| format!("the sender: {error}"))?;
        let status = self.child.wait().map_err(|error| format!("the sender: {error}"))?;
        if !status.success() {
            return Err(format!("the sender ended with {status}"));
        }
        Ok(Books(Scrape::parse(&text)?))
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) struct Books(Scrape);

impl Books {
    /// That all of so many lines were delivered by a way out.
    pub(super) fn all(&self, name: &str, lines: usize) -> Result {
        let of = |what: &str| {
            let (metric, pipeline) = (format!("obs_pipeline_{what}_total"), format!("logs_{name}"));
            let is = |sample: &&crate::exposition::Sample| {
                sample.name == metric && label(&sample.labels, "pipeline") == pipeline
            };
            total(self.0.samples.iter().filter(is))
        };
        let books = (of("produced"), of("delivered"), of("dropped"));
        let lines = lines as f64;
        if books == (lines, lines, 0.0) {
            return Ok(());
        }
        Err(format!("{name}: {} delivered and {} dropped of {}, not {lines}", books.1, books.2, books.0))
    }
}
