//! The output to a file that is closed and begun anew, as a user names it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf, absolute};
use std::time::Duration;

use obs_core::Clock;

use crate::sink::{Chores, Compress, Held, Keeper, Limits, Names, Opened, Plain, Retention, Rotated, Sync};
use crate::{Format, Output};

/// When a new file begins, by the time in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    /// Never: one file under the path as it was written.
    Never,
    /// With each hour.
    Hourly,
    /// With each day.
    #[default]
    Daily,
}

/// What is done while the disk is full. What is lost is counted as `io`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// The lines of the batch that did not get out are lost, and the next batch tries again.
    #[default]
    Drop,
    /// The batch waits for room, at most this long, while its queue goes on to gather; then as [`WhenFull::Drop`].
    Block(Duration),
}

/// An output to one file that keeps its name, and the closed ones beside it. Any builder takes it as an output;
/// `logs_file` on metrics, like [`Output::file`], which is this without any limit.
///
/// ```
/// use std::time::Duration;
///
/// use obs_core::{Base, Resource};
/// use obs_logs::{FileOutput, Logs, Rotation};
///
/// let directory = std::env::temp_dir().join(format!("obs-logs-file-example-{}", std::process::id()));
/// let file = FileOutput::new(directory.join("orders.log")).make_directory();
/// let file = file.max_bytes(64 * 1024 * 1024).rotate(Rotation::Daily).keep_age(Duration::from_secs(7 * 86_400));
/// let (logs, guard) = Logs::builder(Base::new(Resource::new("orders"))).output(file).build()?;
/// # drop((logs, guard));
/// # let _ = std::fs::remove_dir_all(directory);
/// # Ok::<(), obs_logs::BuildError>(())
/// ```
///
/// A file that is closed is called by the moment of that, `orders.2026-11-22T20-24-07.123456Z.log`, and
/// `orders.2026-11-22T20-24-07.123456Z.log.gz` once it is compressed: in the order of their names files follow one
/// another, also where the clock was set back. Only files with such a name are ever removed.
#[derive(Clone, Debug)]
#[must_use]
pub struct FileOutput {
    path: PathBuf,
    limits: Limits,
    retention: Retention,
    pub(crate) compress: Option<Compress>,
    sync: Sync,
    when_full: WhenFull,
    makes_directory: bool,
    clock: Clock,
}

impl FileOutput {
    /// Appends to the file at `path`, which is made where it is missing; its directory is not.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            limits: Limits { max_bytes: 0, rotation: Rotation::Never },
            retention: Retention::default(),
            compress: None,
            sync: Sync::Never,
            when_full: WhenFull::Drop,
            makes_directory: false,
            clock: Clock::system(),
        }
    }

    /// Makes the directory too, at the start and each time it was removed.
    pub fn make_directory(mut self) -> Self {
        self.makes_directory = true;
        self
    }

    /// The most bytes of a file: before a line that does not fit the file is closed. A line that is longer has a file of
    /// its own. Default 0, which is no limit.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.limits.max_bytes = bytes;
        self
    }

    /// Closes the file before the first line of another hour or day; default never. Also one that an earlier process
    /// wrote last in another.
    pub fn rotate(mut self, rotation: Rotation) -> Self {
        self.limits.rotation = rotation;
        self
    }

    /// How many files there are at most, the current one counted in; default 0, which is no limit.
    pub fn keep_files(mut self, files: usize) -> Self {
        self.retention.files = files;
        self
    }

    /// How long files are kept after they were closed, by their names; default zero, which is no limit. Looked at with
    /// each file that is closed, and every ten minutes.
    pub fn keep_age(mut self, age: Duration) -> Self {
        self.retention.age = age;
        self
    }

    /// How many bytes the closed files have together at most, as they are on the disk; default 0, which is no limit.
    pub fn keep_bytes(mut self, bytes: u64) -> Self {
        self.retention.bytes = bytes;
        self
    }

    /// When lines are brought to the disk itself; default [`Sync::Never`].
    pub fn sync(mut self, sync: Sync) -> Self {
        self.sync = sync;
        self
    }

    /// What is done while the disk is full; default [`WhenFull::Drop`].
    pub fn when_full(mut self, when_full: WhenFull) -> Self {
        self.when_full = when_full;
        self
    }

    /// What tells the time for names, hours, days and ages; default the machine's clock, whatever that of the base is.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// How the lines look; default JSON.
    pub fn format(self, format: Format) -> Output {
        Output::from(self).format(format)
    }

    fn open(self) -> io::Result<Opened> {
        let mut path = absolute(&self.path)?;
        if self.limits.rotates()
            && let Ok(real) = path.canonicalize()
        {
            // What a link leads to is moved away, not the link.
            path = real;
        }
        let plain = Plain { path: path.clone(), makes_directory: self.makes_directory };
        let held = Held::new(Box::new(plain), self.clock.clone())?;
        let patience = match self.when_full {
            WhenFull::Drop => Duration::ZERO,
            WhenFull::Block(limit) => limit,
        };
        let mut rotated = Rotated::new(held, self.clock.clone(), self.sync);
        if self.limits.rotates() && rotated.is_regular() {
            let names = names(&path)?;
            rotated.rotate(self.limits, names.clone())?;
            if self.compress.is_some() || self.retention.is_any() {
                let Self { retention, compress, clock, .. } = self;
                rotated.keep(Keeper::start(Chores { names, retention, compress, clock })?);
            }
        }
        Ok(Opened { rotated, patience })
    }
}

fn names(path: &Path) -> io::Result<Names> {
    let names = Names::new(path)?;
    // The directory must be readable, or closed files would pile up unseen.
    fs::read_dir(&names.directory)?;
    Ok(names)
}

impl From<FileOutput> for Output {
    fn from(file: FileOutput) -> Self {
        Self::opened_by(file.path.clone(), move || file.open())
    }
}
