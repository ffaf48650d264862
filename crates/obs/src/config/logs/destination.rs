//! One of several named outputs of lines.

use std::path::PathBuf;
use std::time::Duration;

use super::{LogFormat, Rotation};
use crate::config::{Credentials, OtlpCompression, OtlpProtocol, ProxyChoice};

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
    /// Whether lines are kept in a journal until they are delivered, so that they survive the process; default no.
    pub durable: bool,
    /// The most bytes of that journal; default those of all journals.
    pub spill: Option<u64>,
    /// How a file is written and kept.
    pub file: LogFile,
    /// How another machine is asked.
    pub ship: LogShip,
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
    /// Loki, or whoever takes its pushes; needs the feature `logs-ship`.
    Loki,
    /// Elasticsearch or OpenSearch; needs the feature `logs-ship`.
    Elastic,
    /// A collector of OpenTelemetry, or whoever takes OTLP; needs the feature `logs-ship`.
    Otlp,
    /// A receiver of syslog; needs the feature `logs-syslog`.
    Syslog,
    /// The journal of systemd on this machine; needs the feature `logs-journald`, and Linux.
    Journald,
}

impl LogPlace {
    /// Whether it is another machine, or may be one.
    pub(crate) fn is_far(&self) -> bool {
        self.is_http() || *self == Self::Syslog
    }

    /// Whether it is asked by HTTP.
    pub(crate) fn is_http(&self) -> bool {
        matches!(self, Self::Loki | Self::Elastic | Self::Otlp)
    }
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
            durable: false,
            spill: None,
            file: LogFile::default(),
            ship: LogShip::default(),
        }
    }
}

/// How lines are sent to another machine.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LogShip {
    /// Where it is: `http://` URLs, or `https://` with the feature `logs-ship-tls`; of syslog `tcp://`, `udp://` and
    /// `unix://`, and `tls://` with the feature `logs-syslog-tls`. Where one has trouble the next is asked.
    pub urls: Vec<String>,
    /// Of OTLP: whether the URLs are whole, with the path that records are posted to; so is one of
    /// `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT`. Default no.
    pub exact: bool,
    /// Of Loki: labels of all lines beside `service_name` and `env`.
    pub labels: Vec<(String, String)>,
    /// Of Loki: the tenant.
    pub tenant: Option<String>,
    /// Of Loki: whether bodies are JSON, for receivers that read no protobuf of its; default no.
    pub json: bool,
    /// Of Elasticsearch: the data stream or index; default `logs-obs-<service>`. A URL that ends in `/_bulk` has none.
    pub index: Option<String>,
    /// Of OTLP: what is spoken; default http/protobuf.
    pub protocol: OtlpProtocol,
    /// Of OTLP: how requests are compressed; default gzip.
    pub compression: OtlpCompression,
    /// Of syslog: what kind of program speaks, such as `local0`; default `daemon`.
    pub facility: Option<String>,
    /// Of syslog: the name of structured data; default `obs@32473`.
    pub sd_id: Option<String>,
    /// Of syslog: the name of this host; default what the system says.
    pub hostname: Option<String>,
    /// Of syslog: the most bytes of a datagram over UDP; default 2 KiB.
    pub max_datagram: Option<u64>,
    /// Of the journal: where it listens; default `/run/systemd/journal/socket`.
    pub socket: Option<PathBuf>,
    /// Headers of each request; default none. Never printed.
    pub headers: Vec<(String, String)>,
    /// Who we are to it, and whom to believe over TLS; default nobody, and the system's authorities.
    pub credentials: Credentials,
    /// Through which proxy it is asked; default what the environment says.
    pub proxy: ProxyChoice,
    /// Whether it is asked at the start whether it is there; default yes.
    pub probe: bool,
    /// Whether there is a check of health that fails while lines do not get through; default no.
    pub health: bool,
    /// How long one attempt may take; default 10 s.
    pub timeout: Duration,
    /// How long a batch is tried before it is lost; default 5 minutes, and for ever what is durable.
    pub retry_for: Option<Duration>,
    /// At how many bytes lines are sent; default by receiver.
    pub batch: Option<u64>,
}

impl Default for LogShip {
    fn default() -> Self {
        Self {
            urls: Vec::new(),
            exact: false,
            labels: Vec::new(),
            tenant: None,
            json: false,
            index: None,
            protocol: OtlpProtocol::default(),
            compression: OtlpCompression::Gzip,
            facility: None,
            sd_id: None,
            hostname: None,
            max_datagram: None,
            socket: None,
            headers: Vec::new(),
            credentials: Credentials::default(),
            proxy: ProxyChoice::default(),
            probe: true,
            health: false,
            timeout: Duration::from_secs(10),
            retry_for: None,
            batch: None,
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
