//! What can go wrong with a journal: when it is opened, and when a record is put in.

use std::io;
use std::path::{Path, PathBuf};
use std::{error, fmt};

/// Why a journal cannot be opened, read or freed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// This many bytes are no length of a segment: from 64 KiB to 1 GiB.
    SegmentBytes(u64),
    /// All segments together may be smaller than two.
    MaxBytes {
        /// What they may be.
        max_bytes: u64,
        /// The length of one.
        segment_bytes: u64,
    },
    /// Somebody else has the directory open.
    InUse {
        /// The directory.
        directory: PathBuf,
        /// The process that says so, where it does.
        pid: Option<u32>,
    },
    /// A file was written by a newer version of this library. Nothing was changed.
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of its format.
        version: u32,
    },
    /// There are records of another kind in it than the caller reads: [`Settings::content`](super::Settings::content).
    Content {
        /// The directory.
        directory: PathBuf,
        /// What they are.
        holds: String,
        /// What they should be.
        wanted: String,
    },
    /// The operating system refused something.
    Io {
        /// What was to be done with the path: a verb.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// Why a record was not put in. Nothing of it is there.
#[derive(Debug)]
#[non_exhaustive]
pub enum Refused {
    /// The segments may take up no more: something has to be delivered or dropped first. Also said, for a second, after
    /// no segment could be made, unless one becomes free: it is not tried for each record.
    Full,
    /// Longer than what one segment holds.
    TooLarge {
        /// The longest record that fits, in bytes.
        most_bytes: usize,
    },
    /// No further segment could be made: the disk is full, or the directory is gone. It is tried again after a second.
    Broken(Error),
}

impl Error {
    /// For `map_err`.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }

    /// Whether the disk does not give what is there.
    pub(super) fn is_unreadable(&self) -> bool {
        matches!(self, Self::Io { source, .. } if is_unreadable(source))
    }

    /// What a full disk does not take is left for later; anything else stays an error.
    pub(super) fn unless_full(result: Result<(), Self>) -> Result<(), Self> {
        result.or_else(|error| if error.is_full() { Ok(()) } else { Err(error) })
    }

    /// Whether the disk, or what one may have of it, is full.
    pub(super) fn is_full(&self) -> bool {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        matches!(self, Self::Io { source, .. } if matches!(source.kind(), StorageFull | QuotaExceeded))
    }

    /// Whether there is no such file.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// Whether the disk does not give what is there: EIO, which has this number everywhere.
pub(super) fn is_unreadable(error: &io::Error) -> bool {
    error.raw_os_error() == Some(5)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SegmentBytes(bytes) => {
                write!(f, "segments of a journal are from 64 KiB to 1 GiB long, not {bytes} bytes")
            }
            Self::MaxBytes { max_bytes, segment_bytes } => write!(
                f,
                "a journal of at most {max_bytes} bytes has no room for two segments of {segment_bytes}"
            ),
            Self::InUse { directory, pid: Some(pid) } => {
                write!(f, "{} is in use by process {pid}", directory.display())
            }
            Self::InUse { directory, pid: None } => {
                write!(f, "{} is in use by another process", directory.display())
            }
            Self::Newer { path, version } => write!(
                f,
                "{} has version {version} of the journal's format, which is newer than this library",
                path.display()
            ),
            Self::Content { directory, holds, wanted } => write!(
                f,
                "{} holds records of {holds} that are not delivered, and none of {wanted}",
                directory.display()
            ),
            Self::Io { doing, path, .. } => write!(f, "cannot {doing} {}", path.display()),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("the journal is full"),
            Self::TooLarge { most_bytes } => {
                write!(f, "the record is longer than the {most_bytes} bytes that a segment holds")
            }
            Self::Broken(_) => f.write_str("the journal has no further segment"),
        }
    }
}

impl error::Error for Refused {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Broken(source) => Some(source),
            _ => None,
        }
    }
}
