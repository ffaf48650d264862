//! The output that begins a new file each hour or day, as a user names it.

use std::path::{PathBuf, absolute};

use obs_core::Clock;

use crate::sink::{Appender, Held, Opened, Rotated, Sync};
use crate::{Format, Output, Rotation};

/// An output to files that follow one another. Made by [`Output::rolling`]; any builder takes it as an output.
///
/// ```
/// use obs_core::{Base, Resource};
/// use obs_logs::{Format, Logs, Output, Rotation};
///
/// let directory = std::env::temp_dir().join(format!("obs-logs-example-{}", std::process::id()));
/// let output = Output::rolling(directory.join("orders.log")).rotate(Rotation::Hourly).keep(48);
/// let (logs, guard) =
///     Logs::builder(Base::new(Resource::new("orders"))).output(output.format(Format::Logfmt)).build()?;
/// # drop((logs, guard));
/// # let _ = std::fs::remove_dir_all(directory);
/// # Ok::<(), obs_logs::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RollingFile {
    path: PathBuf,
    rotation: Rotation,
    keep: usize,
}

impl Output {
    /// Files that follow one another, each with its date put in front of the ending of `path`: for
    /// `/var/log/orders.log` it is `/var/log/orders.2026-11-22.log`. A file that is there is appended to; the
    /// directory is made where it is missing. `logs_file` on metrics, like [`Output::file`].
    pub fn rolling(path: impl Into<PathBuf>) -> RollingFile {
        RollingFile { path: path.into(), rotation: Rotation::default(), keep: 0 }
    }
}

impl RollingFile {
    /// When a new file begins; default daily.
    pub fn rotate(mut self, rotation: Rotation) -> Self {
        self.rotation = rotation;
        self
    }

    /// How many files there are at most, the current one counted in; default 0, which is no limit. The oldest by the
    /// date in their names are removed when a file is begun, those of an earlier start too; other files are not
    /// touched.
    pub fn keep(mut self, files: usize) -> Self {
        self.keep = files;
        self
    }

    /// How the lines look; default JSON.
    pub fn format(self, format: Format) -> Output {
        Output::from(self).format(format)
    }

    /// See [`Output::capacity_bytes`].
    pub fn capacity_bytes(self, bytes: usize) -> Output {
        Output::from(self).capacity_bytes(bytes)
    }
}

impl From<RollingFile> for Output {
    fn from(RollingFile { path, rotation, keep }: RollingFile) -> Self {
        Self::opened_by(path.clone(), move || {
            let appender = Appender::new(&absolute(path)?, rotation, keep)?;
            let held = Held::new(Box::new(appender), Clock::system())?;
            Ok(Opened::from(Rotated::new(held, Clock::system(), Sync::Never)))
        })
    }
}
