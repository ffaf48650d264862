//! Where lines go: what a user names when building logs.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;

use obs_core::{Base, Clock};
use obs_export::queue::{Settings, Sink, Worker};

use crate::sink::{Discard, Form, Held, Lane, Memory, Open, Plain, Stream, Way};
use crate::{BuildError, Colours, Format};

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

/// Makes what opens files, once all is known; or says why the path will not do.
type Opener = Box<dyn FnOnce() -> io::Result<Box<dyn Open>> + Send>;

impl Output {
    fn to(place: Place) -> Self {
        Self { place, format: Format::default(), capacity_bytes: None, name: None }
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
    pub fn file(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self::opened_by(path.clone(), move || Ok(Box::new(Plain(absolute(path)?))))
    }

    /// Files, by whatever opens them.
    pub(crate) fn opened_by(
        path: PathBuf,
        opener: impl FnOnce() -> io::Result<Box<dyn Open>> + Send + 'static,
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
    /// with its newline.
    pub fn sink(pipeline: &'static str, sink: impl Sink + 'static) -> Self {
        Self::to(Place::Sink(pipeline, Box::new(sink)))
    }

    /// How the lines look; default JSON.
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// What routes call it; default what it is, such as `stdout`. Two outputs never have the same name.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The most bytes of lines that wait for this output; default 8 MiB. A line that does not fit is dropped and
    /// counted. Memory has its own bound.
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
        let named = self.name;
        let name = |pipeline: &str, taken: &mut HashSet<String>| {
            let name = named.unwrap_or_else(|| pipeline.trim_start_matches("logs_").to_owned());
            if taken.insert(format!("name {name}")) { Ok(name) } else { Err(BuildError::Twice(name)) }
        };
        let clock = base.clock.clone();
        let (pipeline, sink): (_, Box<dyn Sink>) = match self.place {
            Place::Memory(memory) => {
                let pipeline = free(MEMORY, taken)?;
                let name = name(pipeline, taken)?;
                return Ok((Way { name, form, lane: Lane::Memory(memory.named(pipeline)) }, None));
            }
            Place::Discard => {
                let pipeline = free(DISCARD, taken)?;
                let name = name(pipeline, taken)?;
                let lane = Lane::Discard(Arc::new(Discard::new(pipeline)));
                return Ok((Way { name, form, lane }, None));
            }
            Place::Stdout => {
                let file = duplicate(&io::stdout())
                    .map_err(|source| BuildError::Stream { stream: "stdout", source })?;
                (free(STDOUT, taken)?, Box::new(Stream::new(file, "stdout", clock)))
            }
            Place::Stderr => {
                let file = duplicate(&io::stderr())
                    .map_err(|source| BuildError::Stream { stream: "stderr", source })?;
                // It cannot complain about itself where it cannot write.
                (free(STDERR, taken)?, Box::new(Stream::new(file, "stderr", clock).quiet()))
            }
            Place::File(path, opener) => {
                let held = opener().and_then(|open| Held::new(open, Clock::system()));
                let held = held.map_err(|source| BuildError::open(&path, source))?;
                // By the name it was given and by that of the file it is now. Terminals and devices are files too, and
                // may well be named twice.
                let same: HashSet<_> =
                    [Some(path.as_path()), held.path()].into_iter().flatten().map(whole).collect();
                for same in same {
                    if !taken.insert(format!("file {}", same.display())) {
                        return Err(BuildError::Twice(path.display().to_string()));
                    }
                }
                (free(FILE, taken)?, Box::new(Stream::new(held, &path.display().to_string(), clock)))
            }
            Place::Sink(pipeline, sink) => (free([pipeline; 4], taken)?, sink),
        };
        let name = name(pipeline, taken)?;
        let mut settings = Settings::new(pipeline);
        if let Some(bytes) = self.capacity_bytes {
            settings = settings.capacity_bytes(bytes);
        }
        let thread = pipeline.replace("logs_", "obs-log-");
        let worker = Worker::spawn(settings, &thread, Boxed(sink))
            .map_err(|source| BuildError::Thread { pipeline, source })?;
        Ok((Way { name, form, lane: Lane::Queue(worker.queue().clone()) }, Some(worker)))
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
