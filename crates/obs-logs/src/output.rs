//! Where lines go: what a user names when building logs.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use obs_core::{Base, Resource};
#[cfg(all(feature = "journal", unix))]
use obs_export::journal::{self, Journal};
#[cfg(all(feature = "journal", unix))]
use obs_export::queue::Durable;
use obs_export::queue::{Settings, Sink, Worker};
#[cfg(feature = "framed")]
use obs_export::watch::Remote;

use crate::format::{Shapes, Spec};
#[cfg(feature = "framed")]
use crate::ship::{Announcing, Frame, Shipped};
#[cfg(all(feature = "journal", unix))]
use crate::sink::Complaint;
use crate::sink::{Discard, Form, Lane, Memory, Notices, Opened, Reopen, Stream, Telling, Way};
use crate::{BuildError, FileOutput, Format, Policy};

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
    spec: Spec,
    capacity_bytes: Option<usize>,
    policy: Policy,
    name: Option<String>,
    #[cfg(all(feature = "journal", unix))]
    journal: Option<journal::Settings>,
}

enum Place {
    Stdout,
    Stderr,
    File(PathBuf, Opener),
    Memory(Memory),
    Discard,
    Sink(&'static str, Box<dyn Sink>),
    #[cfg(feature = "framed")]
    Shipped(&'static str, Shipped),
}

/// What is handed over.
enum Kind {
    /// Lines as they are, to what may be opened again.
    Lines(Option<Reopen>),
    /// Records of another kind, sent at so many bytes or after so long.
    #[cfg(feature = "framed")]
    Framed(
        Arc<dyn Frame>,
        (usize, Duration),
        #[cfg_attr(
            not(all(feature = "journal", unix)),
            expect(dead_code, reason = "asked for by a journal")
        )]
        &'static str,
    ),
}

#[cfg(all(feature = "journal", unix))]
impl Kind {
    /// What a journal says it holds.
    fn content(&self) -> &'static str {
        match self {
            Self::Lines(_) => "lines",
            #[cfg(feature = "framed")]
            Self::Framed(.., content) => content,
        }
    }
}

/// Opens the file, once all is known; or says why the path will not do.
type Opener = Box<dyn FnOnce() -> io::Result<Opened> + Send>;

impl Output {
    fn to(place: Place) -> Self {
        Self {
            place,
            format: Format::default(),
            spec: Spec::default(),
            capacity_bytes: None,
            policy: Policy::default(),
            name: None,
            #[cfg(all(feature = "journal", unix))]
            journal: None,
        }
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

    /// To another machine, under this name on metrics unless it gets one of its own.
    #[cfg(feature = "framed")]
    #[cfg_attr(
        not(any(feature = "ship", feature = "syslog", all(feature = "journald", target_os = "linux"))),
        expect(dead_code, reason = "nothing is sent by any of them")
    )]
    pub(crate) fn shipped(pipeline: &'static str, shipped: Shipped) -> Self {
        Self::to(Place::Shipped(pipeline, shipped))
    }

    /// How the lines look; default JSON.
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// Gives it a name of its own, which routes call it by and which is `logs_<name>` on metrics, whatever it leads to; 1
    /// to 64 letters, digits, `_` and `-`. Default what it is, such as `stdout`. The name is kept for the life of the
    /// process.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Calls the field `from` `to` on this output's lines; default none. `from` is its name on them without renames, of
    /// the line's own fields (`timestamp`, `service`) too, or its name in the code.
    ///
    /// No name stands twice: the line's own fields win, and another field of their name becomes `field.<name>`
    /// ([`Format::Ecs`]: `labels.<name>`); then the event's, those of inner spans, of outer ones, of the request, and of
    /// two in one of these the first. Renames do not follow one another. In [`Format::Otlp`] they apply to attributes.
    ///
    /// `build` fails where a name is empty or stays the same, one field is renamed twice or dropped too, two get the same
    /// name, or a field of the line's own gets that of another one.
    pub fn rename(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.spec.renames.push((from.into(), to.into()));
        self
    }

    /// Leaves a field out of this output's lines, by the names that [`Output::rename`] knows; default none.
    pub fn drop_field(mut self, name: impl Into<String>) -> Self {
        self.spec.drops.push(name.into());
        self
    }

    /// The most bytes of one line, its newline included; default, and at most, [`MAX_LINE_BYTES`](crate::MAX_LINE_BYTES). What is cut ends in `…`
    /// and the line says `"truncated":true`.
    ///
    /// `build` fails below 1 KiB, and where what stands on each line leaves no room.
    pub fn max_line_bytes(mut self, bytes: usize) -> Self {
        self.spec.max_line_bytes = bytes;
        self
    }

    /// The most bytes of one text, the message included, before it is escaped; default what its line has room for. What
    /// is cut is marked as with [`Output::max_line_bytes`], which counts the mark too.
    pub fn max_field_bytes(mut self, bytes: usize) -> Self {
        self.spec.max_field_bytes = Some(bytes);
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

    /// Keeps its lines in this journal until they are delivered, so that none that was said is lost when the process is
    /// killed, aborts or runs out of memory, and an outage of its receiver is borne on the disk: the bound of the journal
    /// takes the place of [`Output::capacity_bytes`]. The next process delivers what was left, in order. Not for memory
    /// or nowhere, where it says nothing.
    ///
    /// A file gets each line once, also when a write was cut short, as long as it can be found under whatever name beside
    /// its own and nobody else writes to it. It waits for a disk that is full. Whatever is sent is sent at least once; for
    /// how long one batch is tried is said by its receiver's `retry`, which for lines that are to survive should be for
    /// ever: `Retry::new().budget(Duration::MAX)`.
    ///
    /// `build` fails where the journal cannot be opened: another process has it, or it holds lines that are made for
    /// another kind of receiver.
    #[cfg(all(feature = "journal", unix))]
    pub fn durable(mut self, journal: journal::Settings) -> Self {
        self.journal = Some(journal);
        self
    }

    /// Whether its lines can be as it asks for, in words where they cannot; `build` asks the same. Opens nothing.
    ///
    /// # Errors
    /// What makes no sense, or has no room beside what stands on each line of a service with this resource.
    pub fn check(&self, resource: &Resource) -> Result<(), String> {
        self.form_in(&mut Shapes::default(), false, resource).map(drop)
    }

    pub(crate) fn open(
        self,
        base: &Arc<Base>,
        taken: &mut HashSet<String>,
        shapes: &mut Shapes,
    ) -> Result<(Way, Option<Worker>), BuildError> {
        let form = self.form(base, shapes)?;
        let clock = base.clock.clone();
        let named = self.name.map(|name| pipeline_of(&name)).transpose()?;
        let names = |names: Names| named.map_or(names, |name| [name; 4]);
        #[cfg(all(feature = "journal", unix))]
        let journal = self.journal;
        #[cfg(all(feature = "journal", unix))]
        let is_durable = journal.is_some();
        #[cfg(not(all(feature = "journal", unix)))]
        let is_durable = false;
        #[cfg(feature = "framed")]
        let mut seen = None;
        let (pipeline, sink, kind): (_, Box<dyn Sink>, _) = match self.place {
            Place::Memory(memory) => {
                let pipeline = free(names(MEMORY), taken)?;
                let lane = Lane::Memory(memory.named(pipeline));
                return Ok((Way::new(name_of(pipeline), form, lane), None));
            }
            Place::Discard => {
                let pipeline = free(names(DISCARD), taken)?;
                let lane = Lane::Discard(Arc::new(Discard::new(pipeline)));
                return Ok((Way::new(name_of(pipeline), form, lane), None));
            }
            Place::Stdout => {
                let file = duplicate(&io::stdout())
                    .map_err(|source| BuildError::Stream { stream: "stdout", source })?;
                let pipeline = once(STDOUT, names(STDOUT), taken)?;
                let notices = Notices::new(base, (form, shapes), pipeline);
                (pipeline, Box::new(Stream::new(file, "stdout", clock, notices)), Kind::Lines(None))
            }
            Place::Stderr => {
                let file = duplicate(&io::stderr())
                    .map_err(|source| BuildError::Stream { stream: "stderr", source })?;
                let pipeline = once(STDERR, names(STDERR), taken)?;
                let notices = Notices::new(base, (form, shapes), pipeline);
                // It cannot complain about itself where it cannot write.
                (pipeline, Box::new(Stream::new(file, "stderr", clock, notices).quiet()), Kind::Lines(None))
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
                let notices = Notices::new(base, (form, shapes), pipeline);
                let reopen = Some(rotated.reopener());
                let stream = Stream::new(rotated, &path.display().to_string(), clock, notices);
                // What is on the disk already can wait for room on it.
                let patience = if is_durable { Duration::MAX } else { patience };
                (pipeline, Box::new(stream.patience(patience)), Kind::Lines(reopen))
            }
            Place::Sink(pipeline, sink) => {
                let pipeline = free(names([pipeline; 4]), taken)?;
                let telling = Telling::new(sink, Notices::new(base, (form, shapes), pipeline));
                (pipeline, Box::new(telling), Kind::Lines(None))
            }
            #[cfg(feature = "framed")]
            Place::Shipped(pipeline, shipped) => {
                let pipeline = free(names([pipeline; 4]), taken)?;
                let outgoing = (shipped.open)(base, pipeline)
                    .map_err(|source| BuildError::Client { output: name_of(pipeline), source })?;
                let gathering = (shipped.batch_bytes, shipped.linger);
                let notices = Notices::new(base, (form, shapes), pipeline);
                seen = Some((outgoing.traffic, outgoing.question));
                let frame = (shipped.frame)(base);
                let announcing = Announcing::new(outgoing.sink, base, Arc::clone(&frame), notices);
                (pipeline, Box::new(announcing), Kind::Framed(frame, gathering, shipped.content))
            }
        };
        let mut settings = Settings::new(pipeline).policy(self.policy.of_queue()).tells_gaps();
        if let Some(bytes) = self.capacity_bytes {
            settings = settings.capacity_bytes(bytes);
        }
        #[cfg(feature = "framed")]
        if let Kind::Framed(_, (bytes, linger), _) = &kind {
            settings = settings.batch_bytes(*bytes).linger(*linger);
        }
        let thread = pipeline.replace("logs_", "obs-log-");
        #[cfg(all(feature = "journal", unix))]
        let worker = match journal {
            Some(journal) => {
                let durable = durable(journal.content(kind.content()), pipeline, base)?;
                Worker::spawn_durable(settings, durable, &thread, Boxed(sink))
            }
            None => Worker::spawn(settings, &thread, Boxed(sink)),
        };
        #[cfg(not(all(feature = "journal", unix)))]
        let worker = Worker::spawn(settings, &thread, Boxed(sink));
        let worker = worker.map_err(|source| BuildError::Thread { pipeline, source })?;
        let queue = worker.queue().clone();
        let lane = match kind {
            Kind::Lines(reopen) => Lane::Queue(queue, reopen),
            #[cfg(feature = "framed")]
            Kind::Framed(frame, ..) => Lane::Framed(queue, frame),
        };
        let way = Way::new(name_of(pipeline), form, lane);
        #[cfg(feature = "framed")]
        let way = match seen {
            Some((traffic, question)) => {
                let remote = Remote::new(worker.queue().clone(), traffic).asked(question);
                Way { remote: Some(Arc::new(remote)), ..way }
            }
            None => way,
        };
        Ok((way, Some(worker)))
    }

    fn form_in(&self, shapes: &mut Shapes, terminal: bool, resource: &Resource) -> Result<Form, String> {
        #[cfg(feature = "ship")]
        if let Place::Shipped(_, Shipped { is_record: true, .. }) = &self.place {
            return shapes.record(self.spec.clone(), resource);
        }
        shapes.form(self.format, terminal, self.spec.clone(), resource)
    }

    fn form(&self, base: &Base, shapes: &mut Shapes) -> Result<Form, BuildError> {
        let terminal = match self.place {
            Place::Stdout => io::stdout().is_terminal(),
            Place::Stderr => io::stderr().is_terminal(),
            _ => false,
        };
        let form = self.form_in(shapes, terminal, &base.resource);
        form.map_err(|problem| BuildError::Lines { output: self.place.to_string(), problem })
    }
}

/// Opens the journal of an output, whose troubles are told on standard error.
#[cfg(all(feature = "journal", unix))]
fn durable(
    settings: journal::Settings,
    pipeline: &'static str,
    base: &Arc<Base>,
) -> Result<Durable, BuildError> {
    let journal = Journal::open(settings)
        .map_err(|source| BuildError::Journal { output: name_of(pipeline), source: Box::new(source) })?;
    let (mut complaint, name) = (Complaint::new(base.clock.clone()), name_of(pipeline));
    Ok(Durable::new(journal).on_trouble(move |error| {
        let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
        complaint.trouble(&name, &format!("{error}{cause}"));
    }))
}

/// The name on metrics of an output that an operator named.
fn pipeline_of(name: &str) -> Result<&'static str, BuildError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if name.is_empty() || name.len() > 64 || !name.bytes().all(fits) {
        return Err(BuildError::Name(name.to_owned()));
    }
    // Once for each output, at the start.
    Ok(String::leak(format!("logs_{name}")))
}

/// What routes call an output.
fn name_of(pipeline: &str) -> String {
    pipeline.strip_prefix("logs_").unwrap_or(pipeline).to_owned()
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

    fn resume(&mut self, note: &[u8]) {
        self.0.resume(note);
    }

    fn flush(&mut self) {
        self.0.flush();
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place.to_string();
        f.debug_struct("Output").field("place", &place).field("format", &self.format).finish()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("stdout"),
            Self::Stderr => f.write_str("stderr"),
            Self::File(path, _) => path.display().fmt(f),
            Self::Memory(_) => f.write_str("memory"),
            Self::Discard => f.write_str("discard"),
            Self::Sink(pipeline, _) => f.write_str(pipeline),
            #[cfg(feature = "framed")]
            Self::Shipped(pipeline, _) => f.write_str(pipeline),
        }
    }
}
