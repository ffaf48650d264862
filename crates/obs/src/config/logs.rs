//! What is logged, in which form, and where to.

use std::path::PathBuf;

use super::FlightRecorder;

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
    /// Lines below what is written that are held until their request has ended; default none.
    pub flight_recorder: Option<FlightRecorder>,
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
            flight_recorder: None,
        }
    }
}
