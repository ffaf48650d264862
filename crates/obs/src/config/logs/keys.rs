//! The keys that one of several outputs of lines is chosen by.

use std::path::PathBuf;
use std::time::Duration;

use super::super::credentials::{self, Credential};
use super::super::key::{Kind, Value};
use super::of::Of;
use super::{LogDestination, LogFormat, LogLevel, LogPlace, LogSync, Rotation, WhenFull};
use crate::config::{LONGEST, OtlpCompression, OtlpProtocol, ProxyChoice};

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
/// Facilities of RFC 5424, but for the kernel's.
const FACILITIES: [&str; 23] = [
    "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
    "local7",
];
const PROTOCOLS: [(&str, OtlpProtocol); 3] = [
    ("http/protobuf", OtlpProtocol::HttpProtobuf),
    ("http/json", OtlpProtocol::HttpJson),
    ("grpc", OtlpProtocol::Grpc),
];
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
    ($name:literal, $of:ident, $most:expr, $default:literal, $doc:literal, $($at:ident).+) => {
        OutputKey {
            name: $name,
            kind: Kind::Time(Duration::from_millis(1), $most),
            default: $default,
            of: Of::$of,
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

macro_rules! credential {
    ($key:ident, $of:ident) => {
        OutputKey {
            name: credentials::$key.name,
            kind: Credential::KIND,
            default: "",
            of: Of::$of,
            doc: credentials::$key.doc,
            get: |output| (credentials::$key.get)(&output.ship.credentials),
            set: |output, value| (credentials::$key.set)(&mut output.ship.credentials, value),
        }
    };
}

macro_rules! flag {
    ($name:literal, $default:literal, $doc:literal, $at:ident) => {
        OutputKey {
            name: $name,
            kind: Kind::Flag,
            default: $default,
            of: Of::Sent,
            doc: $doc,
            get: |output| Value::Flag(output.ship.$at),
            set: |output, value| {
                if let Value::Flag(flag) = value {
                    output.ship.$at = flag;
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
        kind: Kind::Word(&[
            "stdout",
            "stderr",
            "file",
            "memory",
            "loki",
            "elasticsearch",
            "otlp",
            "syslog",
            "journald",
        ]),
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
                LogPlace::Syslog => "syslog",
                LogPlace::Journald => "journald",
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
                (Value::Word("syslog"), _) => LogPlace::Syslog,
                (Value::Word("journald"), _) => LogPlace::Journald,
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
    OutputKey {
        name: "durable",
        kind: Kind::Flag,
        default: "`false`",
        of: Of::Kept,
        doc: "Whether lines are kept in a journal until they are delivered, so that they survive the process.",
        get: |output| Value::Flag(output.durable),
        set: |output, value| output.durable = value == Value::Flag(true),
    },
    maybe!(
        "spill",
        Kept,
        Kind::Bytes(1 << 20, 1 << 50),
        "that of `journal.max`",
        "With `durable`: the most bytes of lines on the disk; then `when_full` says what becomes of further ones.",
        spill
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
    maybe_time!("keep_age", Files, YEAR, "for ever", "How long closed files are kept.", file.keep_age),
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
        Files,
        LONGEST,
        "",
        "How long lines wait for room on a full disk; without it they are dropped and counted at once.",
        file.disk_full_wait
    ),
    OutputKey {
        name: "url",
        kind: Kind::Urls,
        default: "",
        of: Of::Network,
        doc: "Where the receiver is: an `http://` or `https://` URL, for `syslog` one with `tcp://`, `tls://`, `udp://` or `unix://`; of several the next is asked where one has trouble.",
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
    text!("index", Elastic, "`logs-obs-<service>`", "The data stream or index, for URLs without one.", index),
    words!(
        "protocol",
        Otlp,
        Kind::Word(&["http/protobuf", "http/json", "grpc"]),
        PROTOCOLS,
        "`http/protobuf`",
        "What is spoken: over HTTP `/v1/logs` is added to `url` unless it ends so; `grpc` with the feature `logs-ship-grpc`.",
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
    OutputKey {
        name: "facility",
        kind: Kind::Word(&FACILITIES),
        default: "`daemon`",
        of: Of::Syslog,
        doc: "What kind of program speaks.",
        get: |output| {
            let known = |facility: &String| FACILITIES.into_iter().find(|known| known == facility);
            output.ship.facility.as_ref().and_then(known).map_or(Value::None, Value::Word)
        },
        set: |output, value| {
            if let Value::Word(word) = value {
                output.ship.facility = Some(word.to_owned());
            }
        },
    },
    text!(
        "sd_id",
        Syslog,
        "`obs@32473`",
        "The name of the structured data with the ids: a name, `@` and your private enterprise number.",
        sd_id
    ),
    text!("hostname", Syslog, "what the system says", "The name of this host.", hostname),
    maybe!(
        "max_datagram",
        Syslog,
        Kind::Bytes(1_024, 60 * 1_024),
        "`2KiB`",
        "The most bytes of a datagram over UDP; what is cut is marked.",
        ship.max_datagram
    ),
    OutputKey {
        name: "socket",
        kind: Kind::Text,
        default: "`/run/systemd/journal/socket`",
        of: Of::Journald,
        doc: "Where the journal listens.",
        get: |output| {
            let path = output.ship.socket.as_ref().map(|path| path.to_string_lossy());
            Value::from_text(path.as_deref())
        },
        set: |output, value| {
            if let Value::Text(text) = value {
                output.ship.socket = Some(PathBuf::from(text));
            }
        },
    },
    pairs!("headers", Http, "Headers of each request; their values are not printed.", ship.headers),
    credential!(USER, Http),
    credential!(PASSWORD, Http),
    credential!(TOKEN, Http),
    credential!(CA_FILE, Network),
    credential!(CERTIFICATE, Network),
    credential!(KEY_FILE, Network),
    OutputKey {
        name: "proxy",
        kind: Kind::UrlOr(&["none", "env"]),
        default: "`env`",
        of: Of::Http,
        doc: "The HTTP proxy to the receiver: `env` for the one that `HTTPS_PROXY` and its like name.",
        get: |output| Value::Text(output.ship.proxy.text().to_owned()),
        set: |output, value| {
            if let Value::Text(text) = value {
                output.ship.proxy = ProxyChoice::from_text(&text);
            }
        },
    },
    flag!(
        "probe",
        "`true`",
        "Whether the receiver is asked once at the start whether it is there; a warning says where it is not.",
        probe
    ),
    flag!(
        "health",
        "`false`",
        "Whether there is a check, of the name that the output has on metrics, that fails while lines do not get through; the service stays ready.",
        health
    ),
    time!(
        "timeout",
        Sent,
        LONGEST,
        "`10s`",
        "How long one attempt may take, or a socket may take nothing.",
        ship.timeout
    ),
    maybe_time!(
        "retry_for",
        Sent,
        LONGEST,
        "`5m`; for ever with `durable`",
        "How long a batch is tried before it is lost.",
        ship.retry_for
    ),
    maybe!(
        "batch",
        Http,
        Kind::Bytes(1_024, 64 << 20),
        "`768KiB` to Loki, `5MiB` to Elasticsearch, `1MiB` by OTLP",
        "At how many bytes lines are sent, before they are compressed.",
        ship.batch
    ),
];
