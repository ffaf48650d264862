//! Where lines go: what a user names when building logs.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use obs_core::Base;
use obs_export::queue::{Settings, Sink, Worker};

use crate::sink::{Discard, Form, Lane, Memory, Notices, Opened, Stream, Telling, Way};
use crate::{BuildError, Colours, FileOutput, Format, Policy};

/// The names that outputs of one kind have on metrics, one for each.
type Names = [&'static str; 4];
const STDOUT: Names = ["logs_stdout"; 4];
const STDERR: Names = ["logs_stderr"; 4];
const FILE: Names = ["logs_file", "logs_file_2", "logs_file_3", "logs_file_4"];
const MEMORY: Names = ["logs_memory", "logs_memory_2", "logs_memory_3", "logs_memory_4"];
const DISCARD: Names = ["logs_discard", "logs_discard_2", "logs_discard_3", "logs_discard_4"];

/// One way out for lines.
#[must_use]
pub struct Output {
    place: Place,
    format: Format,
    capacity_bytes: Option<usize>,
    policy: Policy,
    name: Option<String>,
}

enum Place {
    Stdout,
    Stderr,
    File(PathBuf, Opener),
    Memory(Memory),
    Discard,
    Sink(&'static str, Box<dyn Sink>),
}

/// Opens the file, once all is known; or says why the path will not do.
type Opener = Box<dyn FnOnce() -> io::Result<Opened> + Send>;

impl Output {
    fn to(place: Place) -> Self {
        let (format, policy) = (Format::default(), Policy::default());
        Self { place, format, capacity_bytes: None, policy, name: None }
    }

    /// Standard output, by a queue and thread of its own; `logs_stdout` on metrics.
    pub fn stdout() -> Self {
        Self::to(Place::Stdout)
    }

    /// Standard error, by a queue and thread of its own; `logs_stderr` on metrics.
    pub fn stderr() -> Self {
        Self::to(Place::Stderr)
    }

    /// A file that is appended to, and made where it is missing (its directory is not); `logs_file` on metrics, a
    /// second one `logs_file_2`, up to four. Where it is moved away or removed, a new one is made under its name.
    /// For one that is rotated see [`FileOutput`].
    pub fn file(path: impl Into<PathBuf>) -> Self {
        FileOutput::new(path).into()
    }

    /// Files, by whatever opens them.
    pub(crate) fn opened_by(
        path: PathBuf,
        opener: impl FnOnce() -> io::Result<Opened> + Send + 'static,
    ) -> Self {
        Self::to(Place::File(path, Box::new(opener)))
    }

    /// A list in memory, filled before the call that logs returns; `logs_memory` on metrics.
    pub fn memory(memory: &Memory) -> Self {
        Self::to(Place::Memory(memory.clone()))
    }

    /// Nowhere: lines are made, counted and dropped; `logs_discard` on metrics.
    pub fn discard() -> Self {
        Self::to(Place::Discard)
    }

    /// A sink of the caller's, by a queue and thread of its own, under this name on metrics. Each record is a line
    /// with its newline; between them there may be lines that say how many are missing, which `records` does not count.
    pub fn sink(pipeline: &'static str, sink: impl Sink + 'static) -> Self {
        Self::to(Place::Sink(pipeline, Box::new(sink)))
    }

    /// How the lines look; default JSON.
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// Gives it a name of its own: it is `logs_<name>` on metrics, whatever it leads to. 1 to 32 letters, digits and
    /// `_`. The name is kept for the life of the process.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// What becomes of a line that does not fit; default [`Policy::DropNewest`]. Not for memory.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// The most bytes of lines that wait for this output; default 8 MiB. What becomes of a line that does not fit is
    /// said by the [`Policy`]. Memory has its own bound.
    pub fn capacity_bytes(mut self, bytes: usize) -> Self {
        self.capacity_bytes = Some(bytes);
        self
    }

    pub(crate) fn open(
        self,
        base: &Arc<Base>,
        taken: &mut HashSet<String>,
    ) -> Result<(Way, Option<Worker>), BuildError> {
        let form = self.form();
        let clock = base.clock.clone();
        let named = self.name.map(|name| pipeline_of(&name)).transpose()?;
        let names = |names: Names| named.map_or(names, |name| [name; 4]);
        let (pipeline, sink, reopen): (_, Box<dyn Sink>, _) = match self.place {
            Place::Memory(memory) => {
                let lane = Lane::Memory(memory.named(free(names(MEMORY), taken)?));
                return Ok((Way { form, lane }, None));
            }
            Place::Discard => {
                let lane = Lane::Discard(Arc::new(Discard::new(free(names(DISCARD), taken)?)));
                return Ok((Way { form, lane }, None));
            }
            Place::Stdout => {
                let file = duplicate(&io::stdout())
                    .map_err(|source| BuildError::Stream { stream: "stdout", source })?;
                let pipeline = once(STDOUT, names(STDOUT), taken)?;
                let notices = Notices::new(base, form, pipeline);
                (pipeline, Box::new(Stream::new(file, "stdout", clock, notices)), None)
            }
            Place::Stderr => {
                let file = duplicate(&io::stderr())
                    .map_err(|source| BuildError::Stream { stream: "stderr", source })?;
                let pipeline = once(STDERR, names(STDERR), taken)?;
                let notices = Notices::new(base, form, pipeline);
                // It cannot complain about itself where it cannot write.
                (pipeline, Box::new(Stream::new(file, "stderr", clock, notices).quiet()), None)
            }
            Place::File(path, opener) => {
                let Opened { rotated, patience } =
                    opener().map_err(|source| BuildError::open(&path, source))?;
                // By the name it was given and by that of the file it is now. Terminals and devices are files too, and
                // may well be named twice.
                let same: HashSet<_> =
                    [Some(path.as_path()), rotated.path()].into_iter().flatten().map(whole).collect();
                for same in same {
                    if !taken.insert(format!("file {}", same.display())) {
                        return Err(BuildError::Twice(path.display().to_string()));
                    }
                }
                let pipeline = free(names(FILE), taken)?;
                let notices = Notices::new(base, form, pipeline);
                let reopen = Some(rotated.reopener());
                let stream = Stream::new(rotated, &path.display().to_string(), clock, notices);
                (pipeline, Box::new(stream.patience(patience)), reopen)
            }
            Place::Sink(pipeline, sink) => {
                let pipeline = free(names([pipeline; 4]), taken)?;
                (pipeline, Box::new(Telling::new(sink, Notices::new(base, form, pipeline))), None)
            }
        };
        let mut settings = Settings::new(pipeline).policy(self.policy.of_queue()).tells_gaps();
        if let Some(bytes) = self.capacity_bytes {
            settings = settings.capacity_bytes(bytes);
        }
        let thread = pipeline.replace("logs_", "obs-log-");
        let worker = Worker::spawn(settings, &thread, Boxed(sink))
            .map_err(|source| BuildError::Thread { pipeline, source })?;
        Ok((Way { form, lane: Lane::Queue(worker.queue().clone(), reopen) }, Some(worker)))
    }

    fn form(&self) -> Form {
        let terminal = || match self.place {
            Place::Stdout => io::stdout().is_terminal(),
            Place::Stderr => io::stderr().is_terminal(),
            _ => false,
        };
        match self.format {
            Format::Json => Form::Json,
            Format::Logfmt => Form::Logfmt,
            Format::Pretty(Colours::Auto) => Form::Pretty { coloured: terminal() },
            Format::Pretty(colours) => Form::Pretty { coloured: colours == Colours::On },
        }
    }
}

/// The name on metrics of an output that an operator named.
fn pipeline_of(name: &str) -> Result<&'static str, BuildError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty() || name.len() > 32 || !name.bytes().all(fits) {
        return Err(BuildError::Name(name.to_owned()));
    }
    // Once for each output, at the start.
    Ok(String::leak(format!("logs_{name}")))
}

/// The name of a standard stream, which is written by one output alone whatever that is called.
fn once(stream: Names, names: Names, taken: &mut HashSet<String>) -> Result<&'static str, BuildError> {
    if taken.insert(format!("stream {}", stream[0])) {
        return free(names, taken);
    }
    Err(BuildError::Twice(stream[0].to_owned()))
}

/// The first name nobody has yet.
fn free(names: Names, taken: &mut HashSet<String>) -> Result<&'static str, BuildError> {
    let name = names.into_iter().find(|name| taken.insert((*name).to_owned()));
    name.ok_or_else(|| match names {
        [first, second, ..] if first == second => BuildError::Twice(first.to_owned()),
        _ => BuildError::TooMany(names.len()),
    })
}

/// The one way to write a path, also where its last part is not there.
fn whole(path: &Path) -> PathBuf {
    let beside = || Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(beside).unwrap_or_else(|| path.to_owned())
}

/// A second handle to a standard stream, past the standard library's buffers and lock: a batch is one write, and an
/// error tells exactly how far it came.
#[cfg(unix)]
fn duplicate(stream: &impl std::os::fd::AsFd) -> io::Result<std::fs::File> {
    Ok(stream.as_fd().try_clone_to_owned()?.into())
}

#[cfg(windows)]
fn duplicate(stream: &impl std::os::windows::io::AsHandle) -> io::Result<std::fs::File> {
    Ok(stream.as_handle().try_clone_to_owned()?.into())
}

struct Boxed(Box<dyn Sink>);

impl Sink for Boxed {
    fn deliver(
        &mut self,
        batch: &mut obs_export::queue::Batch,
        control: &obs_export::queue::Control,
    ) -> obs_export::queue::Delivery {
        self.0.deliver(batch, control)
    }

    fn rest(&mut self) -> Option<std::time::Duration> {
        self.0.rest()
    }

    fn flush(&mut self) {
        self.0.flush();
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match &self.place {
            Place::Stdout => "stdout".to_owned(),
            Place::Stderr => "stderr".to_owned(),
            Place::File(path, _) => path.display().to_string(),
            Place::Memory(_) => "memory".to_owned(),
            Place::Discard => "discard".to_owned(),
            Place::Sink(pipeline, _) => (*pipeline).to_owned(),
        };
        f.debug_struct("Output").field("place", &place).field("format", &self.format).finish()
    }
}
