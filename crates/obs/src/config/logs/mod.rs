//! What is logged, in which form, and where to.

mod destination;
mod keys;
mod of;
mod route;
mod variables;

use std::path::PathBuf;
use std::time::Duration;

use super::FlightRecorder;
pub use destination::{LogDestination, LogFile, LogLevel, LogPlace, LogShip, LogSync, WhenFull};
pub(super) use keys::OutputKey;
pub(super) use keys::{LEVELS, OUTPUT_KEYS, choice_of, word_of};
#[cfg(feature = "config")]
pub(super) use of::Of;
#[cfg(feature = "config")]
pub(super) use route::FACTS;
pub use route::{LogMatch, LogRoute};
pub(super) use variables::OTLP_VARIABLES;
#[cfg(test)]
pub(super) use variables::OtlpVariables;

/// What stands for itself without named outputs, and has no effect beside them.
pub(super) const ONE_OUTPUT: [&str; 6] =
    ["logs.output", "logs.file.path", "logs.file.rotate", "logs.file.keep", "logs.format", "logs.colour"];

/// What is logged, in which form, and where to.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Logs {
    /// Level directives, such as `info,hyper=warn`; default `info`. `OBS_LOG`.
    pub filter: String,
    /// The form of lines; default pretty on a terminal and JSON elsewhere. `OBS_LOG_FORMAT`.
    pub format: Option<LogFormat>,
    /// Where lines go; default stdout. `OBS_LOG_FILE` names a file, or is `off`.
    pub output: LogOutput,
    /// How often a new log file is begun; default never. `OBS_LOG_ROTATE`.
    pub rotate: Rotation,
    /// How many log files are kept where they rotate; default all. `OBS_LOG_KEEP`.
    pub keep: Option<usize>,
    /// Whether lines carry `file:line`; default no. `OBS_LOG_CALLER`.
    pub caller: bool,
    /// Whether pretty lines are coloured; default on a terminal, unless `NO_COLOR` is set.
    pub colour: Option<bool>,
    /// Named outputs, in the place of the one above; default none.
    pub outputs: Vec<LogDestination>,
    /// Which lines go to which of them; default all to all.
    pub routes: Vec<LogRoute>,
    /// Which of many equal lines are written; default all.
    pub sampling: LogSampling,
    /// How many lines a call site may write; default as many as it likes.
    pub rate_limit: LogRateLimit,
    /// What is held of each request and written where it fails; default nothing.
    pub flight_recorder: FlightRecorder,
}

/// Which of many equal lines below `WARN` are written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogSampling {
    /// How long lines of one level and message are counted together; default one second.
    pub tick: Duration,
    /// How many of them are written; default all.
    pub first: Option<u64>,
    /// Each how many-th of those that follow is written, 0 for none; default 100.
    pub thereafter: u64,
    /// Whether lines of traces that are not recorded are left out; default no.
    pub follow_trace: bool,
}

/// How many lines a call site may write.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogRateLimit {
    /// How many lines; default as many as it likes.
    pub lines: Option<u64>,
    /// Within which time; default one second.
    pub tick: Duration,
    /// The most severe level that is limited; default `INFO`.
    pub up_to: LogLevel,
}

impl Default for LogSampling {
    fn default() -> Self {
        Self { tick: Duration::from_secs(1), first: None, thereafter: 100, follow_trace: false }
    }
}

impl Default for LogRateLimit {
    fn default() -> Self {
        Self { lines: None, tick: Duration::from_secs(1), up_to: LogLevel::Info }
    }
}

/// The form of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One flat object a line.
    Json,
    /// For people at a terminal.
    Pretty,
    /// `key=value` pairs.
    Logfmt,
    /// One object a line by the Elastic Common Schema.
    Ecs,
    /// One `LogsData` of OTLP a line, as JSON.
    Otlp,
}

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogOutput {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A file that is appended to.
    File(PathBuf),
    /// Nowhere.
    Off,
}

/// How often a new log file is begun, by the clock in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    /// One file for ever.
    #[default]
    Never,
    /// Each hour.
    Hourly,
    /// Each day.
    Daily,
}

impl Default for Logs {
    fn default() -> Self {
        Self {
            filter: String::from("info"),
            format: None,
            output: LogOutput::Stdout,
            rotate: Rotation::Never,
            keep: None,
            caller: false,
            colour: None,
            outputs: Vec::new(),
            routes: Vec::new(),
            sampling: LogSampling::default(),
            rate_limit: LogRateLimit::default(),
            flight_recorder: FlightRecorder::default(),
        }
    }
}
