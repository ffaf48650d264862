//! What an operator or the code may choose, and where each choice comes from: code first, then `obs.yaml`, then the
//! environment.
//!
//! Every key, its default and its variable are on one page, `docs/configuration.md`. Each mistake is told with its
//! place, and all of them at once:
//!
//! ```text
//! 2 mistakes in the configuration:
//!   obs.yaml:12:3: logs.levl: unknown key; did you mean `level`?
//!   OBS_DRAIN_DELAY: `2` is wrong, expected a duration such as 500ms, 2s or 1m, from 0s to 24h
//! ```

mod bytes;
#[cfg(feature = "config")]
mod changes;
mod check;
mod choice;
mod credentials;
#[cfg_attr(not(feature = "config"), expect(dead_code, reason = "the places of a file"))]
mod draft;
mod drain;
mod duration;
mod environment;
mod error;
#[cfg_attr(not(feature = "config"), path = "file/absent.rs")]
mod file;
mod flight;
mod health;
mod journal;
#[cfg_attr(
    not(feature = "config"),
    expect(dead_code, reason = "what only a file and its schema ask of a key")
)]
mod key;
#[cfg_attr(not(feature = "config"), expect(dead_code, reason = "read once, never again"))]
mod layers;
mod links;
mod listener;
mod logs;
mod metrics;
mod near;
mod otlp;
mod propagation;
mod proxy;
mod redacted;
mod redaction;
mod requests;
mod routing;
#[cfg(feature = "config")]
mod schema;
mod tail;
mod traces;
mod web;

use std::collections::BTreeSet;
use std::time::Duration;

use obs_core::Resource;

/// What `traces.semconv` may say.
const SEMCONV: [&str; 6] = ["http", "http/dup", "http/old", "database", "database/dup", "database/old"];

pub use credentials::Credentials;
pub use drain::{Drain, Flush};
pub(crate) use environment::inherited;
pub use error::{ConfigError, Mistake};
pub use flight::FlightRecorder;
pub use health::Health;
pub use journal::Journal;
pub use links::LinkChoices;
pub use listener::Admin;
pub use logs::{
    LogDestination, LogFile, LogFormat, LogLevel, LogMatch, LogOutput, LogPlace, LogRateLimit, LogRoute,
    LogSampling, LogShip, LogSync, Logs, Rotation, WhenFull,
};
pub use metrics::{BucketMatch, BucketRule, Metrics};
pub use otlp::{OtlpCompression, OtlpProtocol};
pub use propagation::Propagate;
pub use proxy::ProxyChoice;
pub use redaction::Redaction;
pub use requests::{ClientChoice, ProxyHeaderChoice, RequestRoute, Requests};
#[cfg(feature = "config")]
pub use schema::schema;
pub use tail::TraceTail;
pub use traces::{Exporter, SamplerChoice, SpanLimits, TraceRoute, Traces, TrustChoice};

pub(crate) use choice::FileChoice;
#[cfg(feature = "config")]
pub(crate) use file::File;
#[cfg(feature = "config")]
pub(crate) use file::read_web_again;
pub(crate) use layers::{Layers, Read};
pub(crate) use proxy::ProxyVariables;
#[cfg(any(test, feature = "admin-tls"))]
pub(crate) use web::Clients;
pub(crate) use web::{WebConfig, WebTls};

/// Everything that can be chosen, with its default. Prints without secrets: header values, values under a secret name,
/// credentials in URLs, and whatever the file took from a variable or another file.
#[derive(Clone)]
#[non_exhaustive]
pub struct Config {
    /// Who is speaking.
    pub resource: Resource,
    /// What is measured.
    pub metrics: Metrics,
    /// What is logged and where to.
    pub logs: Logs,
    /// What is traced and where to.
    pub traces: Traces,
    /// Where what is to survive the process is kept.
    pub journal: Journal,
    /// Where `/metrics` is served.
    pub admin: Admin,
    /// What whoever asks the admin listener to change something must bring; default none, and then only this machine
    /// may. Never printed.
    pub admin_token: Option<String>,
    /// The file with TLS, headers and users of the admin listener, in the format that exporters of Prometheus share;
    /// default none.
    pub admin_web_config: Option<String>,
    /// Whether credentials may come to an address other machines reach without TLS of ours.
    pub admin_insecure: bool,
    /// Whether the admin listener shows the requests that are in flight.
    pub admin_requests: bool,
    /// Whether callers are believed.
    pub trust: TrustChoice,
    /// Whose traces go on where callers are not believed: addresses and ranges such as `10.0.0.0/8`; default none.
    pub trusted_peers: Vec<String>,
    /// What holds for requests that are served, beside what each signal says.
    pub requests: Requests,
    /// In which formats traces come and go.
    pub propagate: Propagate,
    /// Where traces and lines are looked at.
    pub links: LinkChoices,
    /// What is taken for a secret.
    pub redaction: Redaction,
    /// The defaults of health checks.
    pub health: Health,
    /// How the service ends.
    pub drain: Drain,
    /// What is in the file of [`Config::admin_web_config`].
    pub(crate) web: Option<WebConfig>,
    /// How long delivering may take at the end.
    pub flush: Flush,
    /// What the environment says of proxies. Never printed.
    pub(crate) proxies: ProxyVariables,
    /// The keys whose values came from elsewhere by `${..}`, and are never printed.
    concealed: BTreeSet<String>,
}

impl Config {
    /// The address of the admin listener unless another is chosen: loopback only.
    pub const ADMIN_ADDR: std::net::SocketAddr = Admin::DEFAULT;

    /// The defaults for the service called `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            resource: Resource::new(name),
            metrics: Metrics::default(),
            logs: Logs::default(),
            traces: Traces::default(),
            journal: Journal::default(),
            admin: Admin::At(Admin::DEFAULT),
            admin_token: None,
            admin_web_config: None,
            admin_insecure: false,
            admin_requests: false,
            web: None,
            trust: TrustChoice::default(),
            trusted_peers: Vec::new(),
            requests: Requests::default(),
            propagate: Propagate::default(),
            links: LinkChoices::default(),
            redaction: Redaction::default(),
            health: Health::default(),
            drain: Drain::default(),
            flush: Flush::default(),
            proxies: ProxyVariables::default(),
            concealed: BTreeSet::new(),
        }
    }

    /// Whether what stands at the key `path` is never shown.
    pub(crate) fn conceals(&self, path: &str) -> bool {
        self.concealed.contains(path)
    }
}

/// The largest time-out or delay that is taken, so that a slip of units is found at start.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
