//! Files that begin anew each hour or day, by `tracing-appender`; which are kept is decided here.
//!
//! Its appender would begin the next file by itself inside of a write, and where that fails say so on standard error
//! and go on for a whole period. So it is opened anew when its period is over, where an error can be counted and tried
//! again; its own way is left for a period that ends between that look and the write. Its way of removing files takes
//! all that begin and end alike, `orders-audit.log` for `orders.log`; here only names with a date between count.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use obs_core::Timestamp;
use tracing_appender::rolling::{InitError, RollingFileAppender, Rotation as Turns};

use super::file::{Handle, Open};
use crate::Rotation;
use crate::format::second_text;

/// `/var/log/orders.log` taken apart, so that dates can stand in it.
#[derive(Debug)]
pub(crate) struct Appender {
    directory: PathBuf,
    prefix: String,
    suffix: String,
    rotation: Rotation,
    keep: usize,
}

impl Appender {
    /// Refuses a path that ends in no name, or in one that is not UTF-8.
    pub(crate) fn new(named: &Path, rotation: Rotation, keep: usize) -> io::Result<Self> {
        let part = |part: Option<&OsStr>| part.unwrap_or_default().to_str().map(str::to_owned);
        let prefix = part(named.file_stem()).filter(|prefix| !prefix.is_empty());
        let (Some(prefix), Some(suffix)) = (prefix, part(named.extension())) else {
            return Err(io::Error::new(ErrorKind::InvalidInput, "it must end in a file name in UTF-8"));
        };
        let directory = named.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new(".")).to_owned();
        Ok(Self { directory, prefix, suffix, rotation, keep })
    }

    /// The date in the name of one of its files.
    fn date_in<'a>(&self, name: &'a str) -> Option<&'a str> {
        let rest = name.strip_prefix(&*self.prefix)?.strip_prefix('.')?;
        let date = match &*self.suffix {
            "" => rest,
            suffix => rest.strip_suffix(suffix)?.strip_suffix('.')?,
        };
        // Also those of another rotation, which was changed since.
        let fits = |form: &str| {
            let fits = |(byte, form)| if form == b'-' { byte == b'-' } else { u8::is_ascii_digit(&byte) };
            date.len() == form.len() && date.bytes().zip(form.bytes()).all(fits)
        };
        (fits("yyyy-mm-dd") || fits("yyyy-mm-dd-hh")).then_some(date)
    }
}

impl Handle for RollingFileAppender {}

impl Open for Appender {
    fn path(&self, now: Timestamp) -> PathBuf {
        let second = second_text(now.unix_nanos() / 1_000_000_000);
        let text = String::from_utf8_lossy(&second);
        let date = match self.rotation {
            Rotation::Never => String::new(),
            Rotation::Daily => format!(".{}", &text[..10]),
            Rotation::Hourly => format!(".{}-{}", &text[..10], &text[11..13]),
        };
        let dot = if self.suffix.is_empty() { "" } else { "." };
        self.directory.join(format!("{}{date}{dot}{}", self.prefix, self.suffix))
    }

    fn open(&self) -> io::Result<Box<dyn Handle>> {
        let turns = match self.rotation {
            Rotation::Never => Turns::NEVER,
            Rotation::Hourly => Turns::HOURLY,
            Rotation::Daily => Turns::DAILY,
        };
        let builder = RollingFileAppender::builder().rotation(turns);
        let builder = builder.filename_prefix(&*self.prefix).filename_suffix(&*self.suffix);
        Ok(Box::new(builder.build(&self.directory).map_err(cause)?))
    }

    fn prune(&self, current: &Path) -> io::Result<()> {
        if self.keep == 0 || self.rotation == Rotation::Never {
            return Ok(());
        }
        let mut old = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            let name = entry.file_name();
            let date = name.to_str().and_then(|name| self.date_in(name));
            if let Some(date) = date.filter(|_| Some(&*name) != current.file_name())
                && entry.file_type()?.is_file()
            {
                old.push((date.to_owned(), entry.path()));
            }
        }
        // Dates sort as text; with the current one there are as many as are kept.
        old.sort();
        let more = (old.len() + 1).saturating_sub(self.keep);
        let mut result = Ok(());
        // All are tried; the first error is told.
        for (_, path) in old.into_iter().take(more) {
            if let Err(error) = fs::remove_file(&path)
                && error.kind() != ErrorKind::NotFound
            {
                let error = io::Error::new(error.kind(), format!("{}: {error}", path.display()));
                result = result.and(Err(error));
            }
        }
        result
    }
}

/// What the operating system said.
fn cause(error: InitError) -> io::Error {
    let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<io::Error>());
    let kind = source.map_or(ErrorKind::Other, io::Error::kind);
    io::Error::new(kind, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-10-03T12:34:56Z
    const NOW: Timestamp = Timestamp::from_unix_nanos(1_791_030_896_000_000_000);

    #[track_caller]
    fn check(named: &str, rotation: Rotation, expected: &str) {
        let appender = Appender::new(Path::new(named), rotation, 0).unwrap();
        assert_eq!(appender.path(NOW), Path::new(expected));
    }

    #[test]
    fn a_date_stands_between_the_name_and_its_ending() {
        check("/var/log/orders.log", Rotation::Never, "/var/log/orders.log");
        check("/var/log/orders.log", Rotation::Daily, "/var/log/orders.2026-10-03.log");
        check("/var/log/orders.log", Rotation::Hourly, "/var/log/orders.2026-10-03-12.log");
        check("orders", Rotation::Hourly, "./orders.2026-10-03-12");
        check("a.b/orders.api.log", Rotation::Daily, "a.b/orders.api.2026-10-03.log");
        check(".orders", Rotation::Daily, "./.orders.2026-10-03");
        for named in ["", "/", "..", "/var/.."] {
            assert!(Appender::new(Path::new(named), Rotation::Daily, 0).is_err(), "{named}");
        }
    }

    #[test]
    fn only_names_with_a_date_between_are_its_own() {
        let appender = Appender::new(Path::new("orders.log"), Rotation::Daily, 0).unwrap();
        for (name, date) in [
            ("orders.2026-10-03.log", Some("2026-10-03")),
            ("orders.2026-10-03-12.log", Some("2026-10-03-12")),
            ("orders.log", None),
            ("orders-audit.2026-10-03.log", None),
            ("orders.audit.2026-10-03.log", None),
            ("orders.2026-10-03.log.gz", None),
            ("orders.2026-10-3.log", None),
            ("orders.2026_10_03.log", None),
            ("orders.2026-10-03xlog", None),
        ] {
            assert_eq!(appender.date_in(name), date, "{name}");
        }
    }
}
