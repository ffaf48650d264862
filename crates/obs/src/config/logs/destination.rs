//! One of several named outputs of lines, and the keys it is chosen by.

use std::path::PathBuf;
use std::time::Duration;

use super::super::key::{Kind, Value};
use super::{LogFormat, Rotation};
use crate::config::LONGEST;

/// One of several outputs of lines, by the name that routes call it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LogDestination {
    /// What routes call it: letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// Where lines go.
    pub to: LogPlace,
    /// The form of lines; default pretty on a terminal and JSON elsewhere.
    pub format: Option<LogFormat>,
    /// Whether pretty lines are coloured; default on a terminal.
    pub colour: Option<bool>,
    /// Fields that are called otherwise on its lines; default none.
    pub rename: Vec<(String, String)>,
    /// Fields that are left out of its lines; default none.
    pub drop: Vec<String>,
    /// The most bytes of a line; default 256 KiB.
    pub max_line: Option<u64>,
    /// The most bytes of a text on a line; default what the line has room for.
    pub max_field: Option<u64>,
    /// The most bytes of lines that wait; default 8 MiB.
    pub queue: Option<u64>,
    /// What happens to a line that finds no room there.
    pub when_full: WhenFull,
    /// Of [`WhenFull::DropBelow`]: lines at this level or above stay; default `WARN`.
    pub keep_level: LogLevel,
    /// Of [`WhenFull::Block`]: how long whoever logs waits at most; default 50 ms.
    pub wait: Duration,
    /// How a file is written and kept.
    pub file: LogFile,
}

/// Where the lines of one output go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogPlace {
    /// Standard output.
    #[default]
    Stdout,
    /// Standard error.
    Stderr,
    /// A file.
    File(PathBuf),
    /// Memory, for tests and for pages of one's own: see [`Obs::lines_in`](crate::Obs::lines_in).
    Memory,
}

/// What happens to a line that finds its queue full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// It is dropped.
    #[default]
    DropNewest,
    /// The oldest that wait make room.
    DropOldest,
    /// The oldest of those below a level make room; one below it is dropped itself.
    DropBelow,
    /// Whoever logs waits for room, up to a limit; then it is dropped.
    Block,
}

/// A level, as the one at which something begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// `ERROR`.
    Error,
    /// `WARN`.
    Warn,
    /// `INFO`.
    Info,
    /// `DEBUG`.
    Debug,
    /// `TRACE`.
    Trace,
}

/// How a file is written and kept.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LogFile {
    /// How often a new one is begun by the clock; default never.
    pub rotate: Rotation,
    /// At how many bytes a new one is begun; default at none.
    pub max_size: Option<u64>,
    /// How many files are kept; default all.
    pub keep: Option<usize>,
    /// How long closed files are kept; default for ever.
    pub keep_age: Option<Duration>,
    /// How many bytes closed files have together at most; default as many as they have.
    pub keep_size: Option<u64>,
    /// Whether closed files are compressed; default no.
    pub gzip: bool,
    /// When lines are made sure to be on the disk; default never.
    pub sync: LogSync,
    /// Of [`LogSync::Interval`]; default one second.
    pub sync_every: Duration,
    /// Whether lines wait for room on a full disk, and how long at most; default they are dropped and counted.
    pub disk_full_wait: Option<Duration>,
}

/// When lines are made sure to be on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogSync {
    /// When the operating system likes.
    #[default]
    Never,
    /// After each batch of lines.
    Batch,
    /// Each so often.
    Interval,
}

impl LogDestination {
    /// An output of this name with defaults.
    pub fn new(name: impl Into<String>, to: LogPlace) -> Self {
        Self {
            name: name.into(),
            to,
            format: None,
            colour: None,
            rename: Vec::new(),
            drop: Vec::new(),
            max_line: None,
            max_field: None,
            queue: None,
            when_full: WhenFull::default(),
            keep_level: LogLevel::Warn,
            wait: Duration::from_millis(50),
            file: LogFile::default(),
        }
    }
}

impl Default for LogFile {
    fn default() -> Self {
        Self {
            rotate: Rotation::Never,
            max_size: None,
            keep: None,
            keep_age: None,
            keep_size: None,
            gzip: false,
            sync: LogSync::Never,
            sync_every: Duration::from_secs(1),
            disk_full_wait: None,
        }
    }
}

/// One key of an output.
#[cfg_attr(
    not(feature = "config"),
    expect(dead_code, reason = "what only a file and its schema ask of a key")
)]
pub(in crate::config) struct OutputKey {
    pub(in crate::config) name: &'static str,
    pub(in crate::config) kind: Kind,
    /// What holds where nothing is chosen, as the page says it.
    pub(in crate::config) default: &'static str,
    /// Whether only files have it.
    pub(in crate::config) of_files: bool,
    pub(in crate::config) doc: &'static str,
    pub(in crate::config) get: fn(&LogDestination) -> Value,
    pub(in crate::config) set: fn(&mut LogDestination, Value),
}

/// The words of what a key of an output may be, each with its choice.
const FORMATS: [(&str, LogFormat); 5] = [
    ("json", LogFormat::Json),
    ("logfmt", LogFormat::Logfmt),
    ("pretty", LogFormat::Pretty),
    ("ecs", LogFormat::Ecs),
    ("otlp", LogFormat::Otlp),
];
const ROTATIONS: [(&str, Rotation); 3] =
    [("never", Rotation::Never), ("hourly", Rotation::Hourly), ("daily", Rotation::Daily)];
const WHEN_FULL: [(&str, WhenFull); 4] = [
    ("drop_newest", WhenFull::DropNewest),
    ("drop_oldest", WhenFull::DropOldest),
    ("drop_below", WhenFull::DropBelow),
    ("block", WhenFull::Block),
];
const SYNCS: [(&str, LogSync); 3] =
    [("never", LogSync::Never), ("batch", LogSync::Batch), ("interval", LogSync::Interval)];
pub(in crate::config) const LEVELS: [(&str, LogLevel); 5] = [
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
    ("trace", LogLevel::Trace),
];

/// The word of a choice.
pub(in crate::config) fn word_of<T: PartialEq>(words: &[(&'static str, T)], choice: &T) -> Value {
    words.iter().find(|(_, known)| known == choice).map_or(Value::None, |(word, _)| Value::Word(word))
}

/// The choice of a word.
pub(in crate::config) fn choice_of<T: Copy>(words: &[(&'static str, T)], value: &Value) -> Option<T> {
    let Value::Word(word) = value else { return None };
    words.iter().find(|(known, _)| known == word).map(|(_, choice)| *choice)
}

const SIZE: Kind = Kind::Bytes(1, 1 << 50);
const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);

macro_rules! words {
    ($name:literal, $of_files:literal, $kind:expr, $words:ident, $default:literal, $doc:literal, $($at:ident).+) => {
        OutputKey {
            name: $name,
            kind: $kind,
            default: $default,
            of_files: $of_files,
            doc: $doc,
            get: |output| word_of(&$words, &output.$($at).+),
            set: |output, value| {
                if let Some(choice) = choice_of(&$words, &value) {
                    output.$($at).+ = choice;
                }
            },
        }
    };
}

macro_rules! maybe {
    ($name:literal, $of_files:literal, $kind:expr, $default:literal, $doc:literal, $($at:ident).+) => {
        OutputKey {
            name: $name,
            kind: $kind,
            default: $default,
            of_files: $of_files,
            doc: $doc,
            get: |output| output.$($at).+.map_or(Value::None, |number| Value::Whole(number as u64)),
            set: |output, value| output.$($at).+ = value.whole(),
        }
    };
}

macro_rules! time {
    ($name:literal, $of_files:literal, $most:expr, $default:literal, $doc:literal, $($at:ident).+) => {
        OutputKey {
            name: $name,
            kind: Kind::Time(Duration::from_millis(1), $most),
            default: $default,
            of_files: $of_files,
            doc: $doc,
            get: |output| Value::Time(output.$($at).+),
            set: |output, value| {
                if let Value::Time(time) = value {
                    output.$($at).+ = time;
                }
            },
        }
    };
}

macro_rules! maybe_time {
    ($name:literal, $most:expr, $default:literal, $doc:literal, $($at:ident).+) => {
        OutputKey {
            name: $name,
            kind: Kind::Time(Duration::from_millis(1), $most),
            default: $default,
            of_files: true,
            doc: $doc,
            get: |output| output.$($at).+.map_or(Value::None, Value::Time),
            set: |output, value| {
                if let Value::Time(time) = value {
                    output.$($at).+ = Some(time);
                }
            },
        }
    };
}

/// Every key of an output, in the order of the page.
pub(in crate::config) const OUTPUT_KEYS: &[OutputKey] = &[
    OutputKey {
        name: "type",
        kind: Kind::Word(&["stdout", "stderr", "file", "memory"]),
        default: "",
        of_files: false,
        doc: "Where lines go; every output has it.",
        get: |output| {
            Value::Word(match output.to {
                LogPlace::Stdout => "stdout",
                LogPlace::Stderr => "stderr",
                LogPlace::File(_) => "file",
                LogPlace::Memory => "memory",
            })
        },
        set: |output, value| {
            output.to = match (value, &output.to) {
                (Value::Word("stdout"), _) => LogPlace::Stdout,
                (Value::Word("stderr"), _) => LogPlace::Stderr,
                (Value::Word("memory"), _) => LogPlace::Memory,
                (Value::Word("file"), LogPlace::File(_)) => return,
                (Value::Word("file"), _) => LogPlace::File(PathBuf::new()),
                _ => return,
            };
        },
    },
    OutputKey {
        name: "path",
        kind: Kind::Text,
        default: "",
        of_files: true,
        doc: "The file; a `file` has it.",
        get: |output| match &output.to {
            LogPlace::File(path) => Value::Text(path.to_string_lossy().into_owned()),
            _ => Value::None,
        },
        set: |output, value| {
            // A path alone makes no file of what is none.
            if let (Value::Text(path), LogPlace::File(_)) = (value, &output.to) {
                output.to = LogPlace::File(PathBuf::from(path));
            }
        },
    },
    OutputKey {
        name: "format",
        kind: Kind::Word(&["json", "logfmt", "pretty", "ecs", "otlp"]),
        default: "`pretty` on a terminal, else `json`",
        of_files: false,
        doc: "The form of lines.",
        get: |output| output.format.map_or(Value::None, |format| word_of(&FORMATS, &format)),
        set: |output, value| output.format = choice_of(&FORMATS, &value),
    },
    OutputKey {
        name: "colour",
        kind: Kind::Word(&["auto", "on", "off"]),
        default: "`auto`",
        of_files: false,
        doc: "Whether pretty lines are coloured; `auto` does so on a terminal.",
        get: |output| {
            Value::Word(match output.colour {
                None => "auto",
                Some(true) => "on",
                Some(false) => "off",
            })
        },
        set: |output, value| {
            output.colour = match value {
                Value::Word("on") => Some(true),
                Value::Word("off") => Some(false),
                _ => None,
            };
        },
    },
    OutputKey {
        name: "rename",
        kind: Kind::Pairs,
        default: "",
        of_files: false,
        doc: "Fields that are called otherwise on its lines.",
        get: |output| Value::Pairs(output.rename.clone()),
        set: |output, value| {
            if let Value::Pairs(pairs) = value {
                output.rename = pairs;
            }
        },
    },
    OutputKey {
        name: "drop",
        kind: Kind::Names,
        default: "",
        of_files: false,
        doc: "Fields that are left out of its lines.",
        get: |output| Value::Names(output.drop.clone()),
        set: |output, value| {
            if let Value::Names(names) = value {
                output.drop = names;
            }
        },
    },
    maybe!(
        "max_line",
        false,
        Kind::Bytes(1_024, 256 * 1_024),
        "`256KiB`",
        "The most bytes of a line; what is cut is marked.",
        max_line
    ),
    maybe!(
        "max_field",
        false,
        Kind::Bytes(16, 256 * 1_024),
        "what the line has room for",
        "The most bytes of a text on a line; what is cut is marked.",
        max_field
    ),
    maybe!(
        "queue",
        false,
        Kind::Bytes(4_096, 1 << 40),
        "`8MiB`",
        "The most bytes of lines that wait for this output.",
        queue
    ),
    words!(
        "when_full",
        false,
        Kind::Word(&["drop_newest", "drop_oldest", "drop_below", "block"]),
        WHEN_FULL,
        "`drop_newest`",
        "What happens to a line that finds the queue full.",
        when_full
    ),
    words!(
        "keep_level",
        false,
        Kind::Word(&["error", "warn", "info", "debug", "trace"]),
        LEVELS,
        "`warn`",
        "With `drop_below`: lines of this level or above stay as long as there are others to drop.",
        keep_level
    ),
    time!(
        "wait",
        false,
        LONGEST,
        "`50ms`",
        "With `block`: how long whoever logs waits for room at most.",
        wait
    ),
    words!(
        "rotate",
        true,
        Kind::Word(&["never", "hourly", "daily"]),
        ROTATIONS,
        "`never`",
        "How often a new file is begun, in UTC.",
        file.rotate
    ),
    maybe!(
        "max_size",
        true,
        Kind::Bytes(4_096, 1 << 50),
        "",
        "At how many bytes a new file is begun.",
        file.max_size
    ),
    maybe!("keep", true, Kind::Whole(1, 10_000), "all", "How many files are kept.", file.keep),
    maybe_time!("keep_age", YEAR, "for ever", "How long closed files are kept.", file.keep_age),
    maybe!(
        "keep_size",
        true,
        SIZE,
        "all",
        "How many bytes closed files have together at most.",
        file.keep_size
    ),
    OutputKey {
        name: "compress",
        kind: Kind::Word(&["none", "gzip"]),
        default: "`none`",
        of_files: true,
        doc: "How closed files are compressed.",
        get: |output| Value::Word(if output.file.gzip { "gzip" } else { "none" }),
        set: |output, value| output.file.gzip = value == Value::Word("gzip"),
    },
    words!(
        "sync",
        true,
        Kind::Word(&["never", "batch", "interval"]),
        SYNCS,
        "`never`",
        "When lines are made sure to be on the disk (fsync).",
        file.sync
    ),
    time!("sync_every", true, LONGEST, "`1s`", "With `interval`: how often.", file.sync_every),
    maybe_time!(
        "disk_full_wait",
        LONGEST,
        "",
        "How long lines wait for room on a full disk; without it they are dropped and counted at once.",
        file.disk_full_wait
    ),
];
