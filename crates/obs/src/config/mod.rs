//! What an operator or the code may choose, and where each choice comes from: code first, then the environment.

mod environment;
mod error;
mod traces;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use obs_core::Resource;

pub use error::{ConfigError, Mistake};
pub use traces::{SamplerChoice, Traces};

/// Everything that can be chosen, with its default.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Who is speaking.
    pub resource: Resource,
    /// What is logged and where to.
    pub logs: Logs,
    /// What is traced and where to.
    pub traces: Traces,
    /// Where `/metrics` is served.
    pub admin: Admin,
    /// Whether callers are believed.
    pub trust: TrustChoice,
}

/// What is logged and where to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Logs {
    /// Level directives, such as `info,hyper=warn`; default `info`. `OBS_LOG`.
    pub filter: String,
    /// The form of lines on stdout; default pretty on a terminal and JSON elsewhere. `OBS_LOG_FORMAT`. Files are
    /// always JSON.
    pub format: Option<LogFormat>,
    /// Where lines go; default stdout. `OBS_LOG_FILE` names a file, or is `off`.
    pub output: LogOutput,
    /// Whether lines carry `file:line`; default no. `OBS_LOG_CALLER`.
    pub caller: bool,
    /// Whether pretty lines are coloured; default on a terminal, unless `NO_COLOR` is set.
    pub colour: Option<bool>,
}

/// The form of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One flat object a line.
    Json,
    /// For people at a terminal.
    Pretty,
}

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogOutput {
    /// Standard output.
    Stdout,
    /// A file that is appended to.
    File(PathBuf),
    /// Nowhere.
    Off,
}

/// Where the admin listener is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admin {
    /// Listens here; port 0 takes any free one.
    At(SocketAddr),
    /// Not at all.
    Off,
}

/// Whether callers are believed. `OBS_TRUST`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrustChoice {
    /// Callers are services of one's own: their traces go on.
    #[default]
    Internal,
    /// Callers are anybody: each request starts a trace of its own and links to the caller's.
    Edge,
}

impl Config {
    /// The address of the admin listener unless another is chosen: loopback only.
    pub const ADMIN_ADDR: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9464);

    /// The defaults for the service called `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            resource: Resource::new(name),
            logs: Logs {
                filter: String::from("info"),
                format: None,
                output: LogOutput::Stdout,
                caller: false,
                colour: None,
            },
            traces: Traces::default(),
            admin: Admin::At(Self::ADMIN_ADDR),
            trust: TrustChoice::default(),
        }
    }

    /// Lays the process's environment over this, as far as it can be read, and tells what cannot.
    pub(crate) fn under_environment(self) -> (Self, Vec<Mistake>) {
        environment::lay_over(self, &environment::process)
    }
}

/// The largest time-out or delay that is taken, so that a slip of units is found at start.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
