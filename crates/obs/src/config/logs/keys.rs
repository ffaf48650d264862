//! The keys that one of several outputs of lines is chosen by.

use std::path::PathBuf;
use std::time::Duration;

use super::super::key::{Kind, Value};
use super::{LogDestination, LogFormat, LogLevel, LogPlace, LogSync, Rotation, WhenFull};
use crate::config::{LONGEST, OtlpCompression, OtlpProtocol};

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
    /// Which outputs have it.
    pub(in crate::config) of: Of,
    pub(in crate::config) doc: &'static str,
    pub(in crate::config) get: fn(&LogDestination) -> Value,
    pub(in crate::config) set: fn(&mut LogDestination, Value),
}

/// Which outputs have a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum Of {
    All,
    Files,
    /// Outputs to other machines.
    Network,
    Loki,
    Elastic,
    Otlp,
}

impl Of {
    /// As the page calls them.
    #[cfg_attr(not(feature = "config"), expect(dead_code, reason = "only the schema and the page ask"))]
    pub(in crate::config) fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Files => "files",
            Self::Network => "network",
            Self::Loki => "`loki`",
            Self::Elastic => "`elasticsearch`",
            Self::Otlp => "`otlp`",
        }
    }

    /// Why a key comes to nothing for an output of another kind, where it does.
    #[cfg_attr(not(feature = "config"), expect(dead_code, reason = "only a file has such keys"))]
    pub(in crate::config) fn void(self, to: &LogPlace) -> Option<&'static str> {
        match self {
            Self::Files if !matches!(to, LogPlace::File(_)) => Some("`type` is not `file`"),
            Self::Network if !to.is_far() => {
                Some("`type` is no other machine: `loki`, `elasticsearch` or `otlp`")
            }
            Self::Loki if *to != LogPlace::Loki => Some("`type` is not `loki`"),
            Self::Elastic if *to != LogPlace::Elastic => Some("`type` is not `elasticsearch`"),
            Self::Otlp if *to != LogPlace::Otlp => Some("`type` is not `otlp`"),
            _ => None,
        }
    }
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
const PROTOCOLS: [(&str, OtlpProtocol); 2] =
    [("http/protobuf", OtlpProtocol::HttpProtobuf), ("grpc", OtlpProtocol::Grpc)];
const COMPRESSIONS: [(&str, OtlpCompression); 3] =
    [("none", OtlpCompression::None), ("gzip", OtlpCompression::Gzip), ("zstd", OtlpCompression::Zstd)];
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
    ($name:literal, $of:ident, $kind:expr, $words:ident, $default:literal, $doc:literal, $($at:ident).+) => {
        OutputKey {
            name: $name,
            kind: $kind,
            default: $default,
            of: Of::$of,
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
    ($name:literal, $of:ident, $kind:expr, $default:literal, $doc:literal, $($at:ident).+) => {
        OutputKey {
            name: $name,
            kind: $kind,
            default: $default,
            of: Of::$of,
            doc: $doc,
            get: |output| output.$($at).+.map_or(Value::None, |number| Value::Whole(number as u64)),
            set: |output, value| output.$($at).+ = value.whole(),
        }
    };
}

macro_rules! time {
    ($name:literal, $of:ident, $most:expr, $default:literal, $doc:literal, $($at:ident).+) => {
        OutputKey {
            name: $name,
            kind: Kind::Time(Duration::from_millis(1), $most),
            default: $default,
            of: Of::$of,
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
            of: Of::Files,
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

macro_rules! text {
    ($name:literal, $of:ident, $default:literal, $doc:literal, $at:ident) => {
        OutputKey {
            name: $name,
            kind: Kind::Text,
            default: $default,
            of: Of::$of,
            doc: $doc,
            get: |output| output.ship.$at.clone().map_or(Value::None, Value::Text),
            set: |output, value| {
                if let Value::Text(text) = value {
                    output.ship.$at = Some(text);
                }
            },
        }
    };
}

macro_rules! path {
    ($name:literal, $doc:literal, $at:ident) => {
        OutputKey {
            name: $name,
            kind: Kind::Text,
            default: "",
            of: Of::Network,
            doc: $doc,
            get: |output| {
                let path = output.ship.$at.as_ref();
                path.map_or(Value::None, |path| Value::Text(path.to_string_lossy().into_owned()))
            },
            set: |output, value| {
                if let Value::Text(text) = value {
                    output.ship.$at = Some(PathBuf::from(text));
                }
            },
        }
    };
}

macro_rules! pairs {
    ($name:literal, $of:ident, $doc:literal, $($at:ident).+) => {
        OutputKey {
            name: $name,
            kind: Kind::Pairs,
            default: "",
            of: Of::$of,
            doc: $doc,
            get: |output| Value::Pairs(output.$($at).+.clone()),
            set: |output, value| {
                if let Value::Pairs(pairs) = value {
                    output.$($at).+ = pairs;
                }
            },
        }
    };
}

/// Every key of an output, in the order of the page.
pub(in crate::config) const OUTPUT_KEYS: &[OutputKey] = &[
    OutputKey {
        name: "type",
        kind: Kind::Word(&["stdout", "stderr", "file", "memory", "loki", "elasticsearch", "otlp"]),
        default: "",
        of: Of::All,
        doc: "Where lines go; every output has it.",
        get: |output| {
            Value::Word(match output.to {
                LogPlace::Stdout => "stdout",
                LogPlace::Stderr => "stderr",
                LogPlace::File(_) => "file",
                LogPlace::Memory => "memory",
                LogPlace::Loki => "loki",
                LogPlace::Elastic => "elasticsearch",
                LogPlace::Otlp => "otlp",
            })
        },
        set: |output, value| {
            output.to = match (value, &output.to) {
                (Value::Word("stdout"), _) => LogPlace::Stdout,
                (Value::Word("stderr"), _) => LogPlace::Stderr,
                (Value::Word("memory"), _) => LogPlace::Memory,
                (Value::Word("loki"), _) => LogPlace::Loki,
                (Value::Word("elasticsearch"), _) => LogPlace::Elastic,
                (Value::Word("otlp"), _) => LogPlace::Otlp,
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
        of: Of::Files,
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
        of: Of::All,
        doc: "The form of lines.",
        get: |output| output.format.map_or(Value::None, |format| word_of(&FORMATS, &format)),
        set: |output, value| output.format = choice_of(&FORMATS, &value),
    },
    OutputKey {
        name: "colour",
        kind: Kind::Word(&["auto", "on", "off"]),
        default: "`auto`",
        of: Of::All,
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
    pairs!("rename", All, "Fields that are called otherwise on its lines.", rename),
    OutputKey {
        name: "drop",
        kind: Kind::Names,
        default: "",
        of: Of::All,
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
        All,
        Kind::Bytes(1_024, 256 * 1_024),
        "`256KiB`",
        "The most bytes of a line; what is cut is marked.",
        max_line
    ),
    maybe!(
        "max_field",
        All,
        Kind::Bytes(16, 256 * 1_024),
        "what the line has room for",
        "The most bytes of a text on a line; what is cut is marked.",
        max_field
    ),
    maybe!(
        "queue",
        All,
        Kind::Bytes(4_096, 1 << 40),
        "`8MiB`",
        "The most bytes of lines that wait for this output.",
        queue
    ),
    words!(
        "when_full",
        All,
        Kind::Word(&["drop_newest", "drop_oldest", "drop_below", "block"]),
        WHEN_FULL,
        "`drop_newest`",
        "What happens to a line that finds the queue full.",
        when_full
    ),
    words!(
        "keep_level",
        All,
        Kind::Word(&["error", "warn", "info", "debug", "trace"]),
        LEVELS,
        "`warn`",
        "With `drop_below`: lines of this level or above stay as long as there are others to drop.",
        keep_level
    ),
    time!(
        "wait",
        All,
        LONGEST,
        "`50ms`",
        "With `block`: how long whoever logs waits for room at most.",
        wait
    ),
    words!(
        "rotate",
        Files,
        Kind::Word(&["never", "hourly", "daily"]),
        ROTATIONS,
        "`never`",
        "How often a new file is begun, in UTC.",
        file.rotate
    ),
    maybe!(
        "max_size",
        Files,
        Kind::Bytes(4_096, 1 << 50),
        "",
        "At how many bytes a new file is begun.",
        file.max_size
    ),
    maybe!("keep", Files, Kind::Whole(1, 10_000), "all", "How many files are kept.", file.keep),
    maybe_time!("keep_age", YEAR, "for ever", "How long closed files are kept.", file.keep_age),
    maybe!(
        "keep_size",
        Files,
        SIZE,
        "all",
        "How many bytes closed files have together at most.",
        file.keep_size
    ),
    OutputKey {
        name: "compress",
        kind: Kind::Word(&["none", "gzip"]),
        default: "`none`",
        of: Of::Files,
        doc: "How closed files are compressed.",
        get: |output| Value::Word(if output.file.gzip { "gzip" } else { "none" }),
        set: |output, value| output.file.gzip = value == Value::Word("gzip"),
    },
    words!(
        "sync",
        Files,
        Kind::Word(&["never", "batch", "interval"]),
        SYNCS,
        "`never`",
        "When lines are made sure to be on the disk (fsync).",
        file.sync
    ),
    time!("sync_every", Files, LONGEST, "`1s`", "With `interval`: how often.", file.sync_every),
    maybe_time!(
        "disk_full_wait",
        LONGEST,
        "",
        "How long lines wait for room on a full disk; without it they are dropped and counted at once.",
        file.disk_full_wait
    ),
    OutputKey {
        name: "url",
        kind: Kind::Names,
        default: "",
        of: Of::Network,
        doc: "Where the receiver is: an `http://` or `https://` URL, or a list of them of which the next is asked where one has trouble.",
        get: |output| Value::Names(output.ship.urls.clone()),
        set: |output, value| {
            if let Value::Names(urls) = value {
                output.ship.urls = urls;
            }
        },
    },
    pairs!(
        "labels",
        Loki,
        "Labels of all lines beside `service_name` and `env`, which may be given other values.",
        ship.labels
    ),
    text!("tenant", Loki, "", "The tenant, as `X-Scope-OrgID`.", tenant),
    OutputKey {
        name: "encoding",
        kind: Kind::Word(&["protobuf", "json"]),
        default: "`protobuf`",
        of: Of::Loki,
        doc: "The form of requests: protobuf in snappy, or JSON in gzip.",
        get: |output| Value::Word(if output.ship.json { "json" } else { "protobuf" }),
        set: |output, value| output.ship.json = value == Value::Word("json"),
    },
    text!("index", Elastic, "`logs-obs-<service>`", "The data stream or index.", index),
    words!(
        "protocol",
        Otlp,
        Kind::Word(&["http/protobuf", "grpc"]),
        PROTOCOLS,
        "`http/protobuf`",
        "What is spoken: over http/protobuf `/v1/logs` is added to `url` unless it ends so; `grpc` with the feature `logs-ship-grpc`.",
        ship.protocol
    ),
    words!(
        "compression",
        Otlp,
        Kind::Word(&["none", "gzip", "zstd"]),
        COMPRESSIONS,
        "`gzip`",
        "How requests are compressed; `zstd` with the feature of its name.",
        ship.compression
    ),
    pairs!("headers", Network, "Headers of each request; their values are not printed.", ship.headers),
    text!("user", Network, "", "Credentials by the scheme `Basic`, with `password`.", user),
    text!("password", Network, "", "Of `user`.", password),
    text!("token", Network, "", "A token by the scheme `Bearer`.", token),
    path!(
        "ca_file",
        "A PEM file with the authorities to believe over TLS, in the place of the system's.",
        ca_file
    ),
    path!(
        "certificate",
        "A PEM file with the certificate to show over TLS, its chain after it.",
        certificate
    ),
    path!("key_file", "A PEM file with the private key of `certificate`.", key_file),
    time!("timeout", Network, LONGEST, "`10s`", "How long one attempt may take.", ship.timeout),
    time!(
        "retry_for",
        Network,
        LONGEST,
        "`5m`",
        "How long a batch is tried before it is lost.",
        ship.retry_for
    ),
    maybe!(
        "batch",
        Network,
        Kind::Bytes(1_024, 64 << 20),
        "`768KiB` to Loki, `5MiB` to Elasticsearch, `1MiB` by OTLP",
        "At how many bytes lines are sent, before they are compressed.",
        ship.batch
    ),
];
