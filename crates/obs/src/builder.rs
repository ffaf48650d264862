//! Choices made in code, and the call that starts it all.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::{Admin, Config, LogFormat, LogOutput, SamplerChoice, TrustChoice};
use crate::{ConfigError, Error, Obs, install, signals};

/// Starts everything for the service called `name`, with defaults and the environment, and sets the process's
/// `tracing` subscriber, `metrics` recorder and panic hook.
///
/// # Errors
/// Every mistake in the environment at once; an address in use; an unwritable log file; a second call.
pub fn init(name: impl Into<String>) -> Result<Obs, Error> {
    builder(name).install()
}

/// Begins with the defaults for the service called `name`.
pub fn builder(name: impl Into<String>) -> Builder {
    Builder { config: Config::new(name) }
}

/// Choices made in code; the environment goes before them.
#[derive(Clone, Debug)]
#[must_use = "nothing happens before `install`"]
pub struct Builder {
    config: Config,
}

impl Builder {
    /// `service.version`; default none. A good value is `env!("CARGO_PKG_VERSION")`.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.config.resource.version = Some(version.into());
        self
    }

    /// An attribute of the service, by its OpenTelemetry name, such as `cloud.region`; default none.
    pub fn attribute(mut self, key: &str, value: impl Into<String>) -> Self {
        self.config.resource.set(key, value);
        self
    }

    /// Level directives, such as `info,hyper=warn`; default `info`.
    pub fn log_filter(mut self, filter: impl Into<String>) -> Self {
        self.config.logs.filter = filter.into();
        self
    }

    /// The form of lines on stdout; default pretty on a terminal, JSON elsewhere.
    pub fn log_format(mut self, format: LogFormat) -> Self {
        self.config.logs.format = Some(format);
        self
    }

    /// Appends lines to this file instead of stdout.
    pub fn log_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.config.logs.output = LogOutput::File(path.into());
        self
    }

    /// Where lines go; default stdout.
    pub fn log_output(mut self, output: LogOutput) -> Self {
        self.config.logs.output = output;
        self
    }

    /// Puts `file:line` on each line; default not.
    pub fn log_caller(mut self) -> Self {
        self.config.logs.caller = true;
        self
    }

    /// The full URL spans are posted to, such as `http://127.0.0.1:4318/v1/traces`; default none.
    pub fn otlp_endpoint(mut self, url: impl Into<String>) -> Self {
        self.config.traces.endpoint = Some(url.into());
        self
    }

    /// How long one request of spans may take; default 10 s.
    pub fn otlp_timeout(mut self, timeout: Duration) -> Self {
        self.config.traces.timeout = timeout;
        self
    }

    /// How long spans gather before they are posted; default 1 s.
    pub fn otlp_linger(mut self, linger: Duration) -> Self {
        self.config.traces.linger = linger;
        self
    }

    /// Which `tracing` spans and events become spans and their events, such as `info,h2=off`; default `info`.
    pub fn trace_filter(mut self, filter: impl Into<String>) -> Self {
        self.config.traces.filter = filter.into();
        self
    }

    /// Which traces are recorded; default all that start here, and for others what the caller decided.
    pub fn sampler(mut self, sampler: SamplerChoice) -> Self {
        self.config.traces.sampler = sampler;
        self
    }

    /// Where `/metrics` is served; default 127.0.0.1:9464.
    pub fn admin(mut self, admin: Admin) -> Self {
        self.config.admin = admin;
        self
    }

    /// Whether callers are believed; default [`TrustChoice::Internal`].
    pub fn trust(mut self, trust: TrustChoice) -> Self {
        self.config.trust = trust;
        self
    }

    /// Starts everything and touches no global: for tests, or for two installations in one process. Lines and spans
    /// reach it only through its own dispatcher and recorder.
    ///
    /// # Errors
    /// As [`init`], but for the second call.
    pub fn build(self) -> Result<Obs, Error> {
        Obs::start(self.resolved()?)
    }

    /// Starts everything and sets the process's `tracing` subscriber, `metrics` recorder and panic hook.
    ///
    /// # Errors
    /// As [`init`].
    pub fn install(self) -> Result<Obs, Error> {
        let config = self.resolved()?;
        // Before anything is started, so that a second call leaves no trace.
        let claim = install::claim()?;
        let obs = Obs::start(config)?;
        obs.install()?;
        claim.keep();
        Ok(obs)
    }

    /// The choices with the environment over them; every mistake in either, of whatever signal, at once.
    fn resolved(self) -> Result<Config, ConfigError> {
        let (config, mut mistakes) = self.config.under_environment();
        mistakes.extend(signals::mistakes(&config));
        ConfigError::checked(config, mistakes)
    }
}
