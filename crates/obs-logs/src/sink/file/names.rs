//! What closed files are called: by the moment they were closed, so that names sort as the lines in them do.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use obs_core::Timestamp;

use crate::format::second_text;

/// Behind the name of a compressed file.
pub(super) const GZ: &str = ".gz";
/// Behind that of one that is being compressed.
pub(super) const TEMP: &str = ".gz.tmp";

/// Later ones are no moments at which anything was closed, and those after them could not be written.
const LAST_YEAR: u64 = 9_000;

const FORM: &str = "0000-00-00T00-00-00.000000Z";

/// Microseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp(pub(crate) u64);

impl Stamp {
    pub(crate) fn of(time: Timestamp) -> Self {
        Self(time.unix_nanos() / 1_000)
    }

    /// `2026-11-22T20-24-07.123456Z`: no sign that a file system refuses.
    fn text(self) -> String {
        let second = String::from_utf8_lossy(&second_text(self.0 / 1_000_000)).replace(':', "-");
        format!("{second}{:06}Z", self.0 % 1_000_000)
    }

    /// The moment that is written so, if there is one.
    fn parse(text: &str) -> Option<Self> {
        let fits = |(byte, form): (u8, u8)| if form == b'0' { byte.is_ascii_digit() } else { byte == form };
        if text.len() != FORM.len() || !text.bytes().zip(FORM.bytes()).all(fits) {
            return None;
        }
        let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        if year >= LAST_YEAR {
            return None;
        }
        // A guess that is never too late, walked up to the day itself: no second way to count leap years.
        let years = year.checked_sub(1970)?;
        let days = years * 365 + month.checked_sub(1)? * 28 + day.checked_sub(1)?;
        let of_day = (hour * 60 + minute) * 60 + second;
        let fraction = number(20, 26)?;
        let leaps_and_months = years / 4 + 1 + 31;
        (days..=days + leaps_and_months)
            .map(|day| Self((day * 86_400 + of_day) * 1_000_000 + fraction))
            .find(|stamp| stamp.text() == text)
    }
}

/// What a name says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    Compressed,
    /// Half of a compressed one.
    Temporary,
}

/// The names that belong to one output: `orders.log`, and `orders.<moment>.log` with or without `.gz`.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) directory: PathBuf,
    /// `orders.`
    prefix: String,
    /// `.log`, or nothing.
    suffix: String,
}

impl Names {
    /// Refuses a path that ends in no name, or in one that is not UTF-8.
    pub(crate) fn new(path: &Path) -> io::Result<Self> {
        let part = |part: Option<&OsStr>| part.unwrap_or_default().to_str().map(str::to_owned);
        let stem = part(path.file_stem()).filter(|stem| !stem.is_empty());
        let (Some(stem), Some(ending)) = (stem, part(path.extension())) else {
            return Err(io::Error::new(ErrorKind::InvalidInput, "it must end in a file name in UTF-8"));
        };
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let suffix = if ending.is_empty() { ending } else { format!(".{ending}") };
        Ok(Self {
            directory: directory.unwrap_or(Path::new(".")).to_owned(),
            prefix: format!("{stem}."),
            suffix,
        })
    }

    /// Where a file is that was closed then.
    pub(crate) fn closed(&self, stamp: Stamp) -> PathBuf {
        self.directory.join(format!("{}{}{}", self.prefix, stamp.text(), self.suffix))
    }

    /// Whether a name is one of this output's closed files, and of which moment.
    pub(crate) fn read(&self, name: &str) -> Option<(Stamp, Kind)> {
        let rest = name.strip_prefix(&*self.prefix)?;
        let (rest, kind) = match rest {
            _ if rest.ends_with(TEMP) => (rest.strip_suffix(TEMP)?, Kind::Temporary),
            _ if rest.ends_with(GZ) => (rest.strip_suffix(GZ)?, Kind::Compressed),
            _ => (rest, Kind::Plain),
        };
        Some((Stamp::parse(rest.strip_suffix(&*self.suffix)?)?, kind))
    }

    /// Makes sure that nobody has the name of `stamp` or, where somebody has, a later one. An empty file keeps the
    /// place.
    pub(crate) fn reserve(&self, mut stamp: Stamp) -> io::Result<(Stamp, PathBuf)> {
        loop {
            let path = self.closed(stamp);
            if !with(&path, GZ).exists() {
                match fs::OpenOptions::new().write(true).create_new(true).open(&path) {
                    Ok(_) => return Ok((stamp, path)),
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                    Err(error) => return Err(error),
                }
            }
            stamp.0 += 1;
        }
    }
}

/// The path with more behind it.
pub(super) fn with(path: &Path, more: &str) -> PathBuf {
    let mut path = path.to_owned().into_os_string();
    path.push(more);
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected texts were made with `date -u -d @SECOND +%Y-%m-%dT%H-%M-%S`.
    #[test]
    fn a_moment_reads_back_as_it_was_written() {
        for (micros, text) in [
            (0, "1970-01-01T00-00-00.000000Z"),
            (951_782_400_000_001, "2000-02-29T00-00-00.000001Z"),
            (1_791_030_896_123_456, "2026-10-03T12-34-56.123456Z"),
            (4_107_542_399_999_999, "2100-02-28T23-59-59.999999Z"),
            (4_107_542_400_000_000, "2100-03-01T00-00-00.000000Z"),
            (13_574_563_200_000_000, "2400-02-29T00-00-00.000000Z"),
        ] {
            assert_eq!(Stamp(micros).text(), text);
            assert_eq!(Stamp::parse(text), Some(Stamp(micros)));
        }
        for day in (0..150_000).step_by(17) {
            let stamp = Stamp(day * 86_400_000_000 + 86_399_999_999);
            assert_eq!(Stamp::parse(&stamp.text()), Some(stamp));
        }
        for text in [
            "2026-02-29T00-00-00.000000Z",
            "2026-13-01T00-00-00.000000Z",
            "2026-00-01T00-00-00.000000Z",
            "2026-10-00T00-00-00.000000Z",
            "2026-10-03T24-00-00.000000Z",
            "2026-10-03T12:34:56.123456Z",
            "2026-10-03T12-34-56.12345Z",
            "9000-01-01T00-00-00.000000Z",
            "1969-12-31T23-59-59.000000Z",
            "",
        ] {
            assert_eq!(Stamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn only_exact_names_are_its_own() {
        let names = Names::new(Path::new("/var/log/orders.log")).unwrap();
        const AT: &str = "2026-10-03T12-34-56.123456Z";
        let stamp = Stamp(1_791_030_896_123_456);
        assert_eq!(names.closed(stamp), Path::new("/var/log").join(format!("orders.{AT}.log")));
        for (name, expected) in [
            (format!("orders.{AT}.log"), Some(Kind::Plain)),
            (format!("orders.{AT}.log.gz"), Some(Kind::Compressed)),
            (format!("orders.{AT}.log.gz.tmp"), Some(Kind::Temporary)),
            ("orders.log".to_owned(), None),
            (format!("orders.{AT}.log.1"), None),
            (format!("orders.{AT}"), None),
            (format!("orders-audit.{AT}.log"), None),
            (format!("orders.audit.{AT}.log"), None),
            ("orders.2026-10-03.log".to_owned(), None),
            (format!("orders.{AT}.log.gz.tmp.gz"), None),
        ] {
            assert_eq!(names.read(&name), expected.map(|kind| (stamp, kind)), "{name}");
        }
        let bare = Names::new(Path::new("orders")).unwrap();
        assert_eq!(bare.read(&format!("orders.{AT}.gz")), Some((stamp, Kind::Compressed)));
        assert_eq!(bare.read(&format!("orders.{AT}.log")), None);
        for path in ["", "/", ".."] {
            assert!(Names::new(Path::new(path)).is_err(), "{path}");
        }
    }
}
