//! Choices made in code, and the call that starts it all.

mod life;

use std::path::PathBuf;
use std::time::Duration;

use obs_core::Declaration;
use obs_core::propagate::Format;

use crate::config::{
    Admin, BucketRule, Config, Credentials, Exporter, FileChoice, FlightRecorder, Journal, Layers,
    LogDestination, LogFormat, LogOutput, LogRateLimit, LogRoute, LogSampling, Mistake, OtlpCompression,
    OtlpProtocol, ProxyChoice, Redaction, Requests, Rotation, SamplerChoice, SpanLimits, TraceRoute,
    TraceTail, TrustChoice,
};
use crate::entry::Reach;
use crate::reload::Hear;
use crate::subscriber::Compose;
use crate::{Error, Obs, admin, install, signals};

/// Starts everything for the service called `name`, with defaults, `obs.yaml` and the environment, and sets the
/// process's `tracing` subscriber, `metrics` recorder and panic hook.
///
/// # Errors
/// Every mistake in the file and the environment at once; an address in use; an unwritable log file; a second call.
pub fn init(name: impl Into<String>) -> Result<Obs, Error> {
    builder(name).install()
}

/// Begins with the defaults for the service called `name`.
pub fn builder(name: impl Into<String>) -> Builder {
    Builder { config: Config::new(name), file: FileChoice::Beside }
}

/// Choices made in code; `obs.yaml` goes before them, and the environment before both.
#[derive(Clone, Debug)]
#[must_use = "nothing happens before `install`"]
pub struct Builder {
    config: Config,
    file: FileChoice,
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

    /// The file an operator writes, which must be there; default `obs.yaml` in the working directory, if it is there.
    /// `OBS_CONFIG` names another, or none by `off`.
    pub fn config_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = FileChoice::At(path.into());
        self
    }

    /// Reads no file, unless `OBS_CONFIG` names one.
    pub fn no_config_file(mut self) -> Self {
        self.file = FileChoice::Off;
        self
    }

    /// Bounds of histograms that no rule matches, ascending; default for seconds of a request, 0.01 to 5.
    pub fn default_buckets(mut self, bounds: impl Into<Vec<f64>>) -> Self {
        self.config.metrics.default_buckets = bounds.into();
        self
    }

    /// Bounds of certain histograms; the first rule that matches counts. Default none.
    pub fn buckets(mut self, rule: BucketRule) -> Self {
        self.config.metrics.buckets.push(rule);
        self
    }

    /// How many series a family holds before further ones are counted together; default 2,000.
    pub fn series_cap(mut self, series: usize) -> Self {
        self.config.metrics.series_cap = series;
        self
    }

    /// How many series all families together hold before further ones are counted in the overflow series of their
    /// families; default 100,000.
    pub fn total_series_cap(mut self, series: usize) -> Self {
        self.config.metrics.total_series_cap = series;
        self
    }

    /// After how long a series goes in which nothing was recorded and that nobody holds a handle of, at least a second;
    /// default none, all stay.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.config.metrics.idle_timeout = Some(timeout);
        self
    }

    /// Gives the histogram of this name native buckets too, for scrapes in protobuf; a name may begin or end in `*`.
    /// Default: none has them.
    pub fn native_histograms(mut self, name: impl Into<String>) -> Self {
        self.config.metrics.native_histograms.push(name.into());
        self
    }

    /// Has OpenMetrics tell of each counter and histogram since when it counts, in a sample `_created`; default no.
    pub fn created_samples(mut self) -> Self {
        self.config.metrics.created_samples = true;
        self
    }

    /// A family that is there from the first scrape; what the file declares under its name goes before it. Default:
    /// those of obs's own.
    pub fn declare(mut self, family: Declaration) -> Self {
        self.config.metrics.declared.push(family);
        self
    }

    /// A file with a list of families to declare, as `metrics_file` in `obs.yaml` names one; its path begins in the
    /// working directory. Default: none.
    pub fn metrics_file(mut self, path: impl Into<String>) -> Self {
        self.config.metrics.file = Some(path.into());
        self
    }

    /// A part of the service that every sample carries as a label: `name`, `version`, `namespace`, `env`, `region`,
    /// `cluster`, or the key of an attribute; default none.
    pub fn metric_label(mut self, part: impl Into<String>) -> Self {
        self.config.metrics.labels.push(part.into());
        self
    }

    /// Leaves the process's memory, processor time and file descriptors unmeasured; default measured.
    pub fn no_process_metrics(mut self) -> Self {
        self.config.metrics.process = false;
        self
    }

    /// Leaves the tokio runtimes that the service is installed and served in unmeasured; default measured.
    pub fn no_runtime_metrics(mut self) -> Self {
        self.config.metrics.runtime = false;
        self
    }

    /// Level directives, such as `info,hyper=warn`; default `info`.
    pub fn log_filter(mut self, filter: impl Into<String>) -> Self {
        self.config.logs.filter = filter.into();
        self
    }

    /// The form of lines; default pretty on a terminal, JSON elsewhere.
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

    /// How often a new log file is begun; default never.
    pub fn log_rotation(mut self, rotate: Rotation) -> Self {
        self.config.logs.rotate = rotate;
        self
    }

    /// How many log files are kept where they rotate; default all.
    pub fn log_keep(mut self, files: usize) -> Self {
        self.config.logs.keep = Some(files);
        self
    }

    /// Puts `file:line` on each line; default not.
    pub fn log_caller(mut self) -> Self {
        self.config.logs.caller = true;
        self
    }

    /// Colours pretty lines, also where nobody may be looking; default on a terminal.
    pub fn log_colours(mut self) -> Self {
        self.config.logs.colour = Some(true);
        self
    }

    /// Leaves pretty lines without colours; default on a terminal.
    pub fn no_log_colours(mut self) -> Self {
        self.config.logs.colour = Some(false);
        self
    }

    /// Adds an output by name, for routes to lead to; without any there is the one of [`Builder::log_output`].
    pub fn log_output_named(mut self, output: LogDestination) -> Self {
        self.config.logs.outputs.push(output);
        self
    }

    /// Which lines go to which of the named outputs; the first route that a line matches counts. Default, without any:
    /// every line to every output.
    pub fn log_route(mut self, route: LogRoute) -> Self {
        self.config.logs.routes.push(route);
        self
    }

    /// Which of many equal lines are written; default all.
    pub fn log_sampling(mut self, sampling: LogSampling) -> Self {
        self.config.logs.sampling = sampling;
        self
    }

    /// How many lines a call site may write; default as many as it likes.
    pub fn log_rate_limit(mut self, limit: LogRateLimit) -> Self {
        self.config.logs.rate_limit = limit;
        self
    }

    /// Holds lines below what is written until their request has ended, and writes those of requests that fail or are
    /// slow; default not.
    ///
    /// ```
    /// # fn main() -> Result<(), obs::Error> {
    /// use obs::config::FlightRecorder;
    ///
    /// # #[cfg(all(feature = "metrics", feature = "logs", feature = "traces", feature = "middleware"))]
    /// let obs = obs::builder("orders").admin(obs::Admin::Off).flight_recorder(FlightRecorder::new()).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn flight_recorder(mut self, recorder: FlightRecorder) -> Self {
        self.config.logs.flight_recorder = recorder;
        self
    }

    /// Where journals are, of what is chosen to be durable; default nowhere.
    pub fn journal(mut self, journal: Journal) -> Self {
        self.config.journal = journal;
        self
    }

    /// Whether spans are kept in a journal until they are delivered; default no.
    pub fn durable_traces(mut self, durable: bool) -> Self {
        self.config.traces.durable = durable;
        self
    }

    /// What is taken for a secret; default what [`redact`](crate::redact) says.
    pub fn redaction(mut self, redaction: Redaction) -> Self {
        self.config.redaction = redaction;
        self
    }

    /// How spans leave; default to a collector, where an endpoint is named.
    pub fn traces_exporter(mut self, exporter: Exporter) -> Self {
        self.config.traces.exporter = exporter;
        self
    }

    /// The full URL spans are posted to, such as `http://127.0.0.1:4318/v1/traces`, or of a server of gRPC, such as
    /// `http://127.0.0.1:4317`; default none.
    pub fn otlp_endpoint(mut self, url: impl Into<String>) -> Self {
        self.config.traces.endpoints = vec![url.into()];
        self
    }

    /// A further place that takes the same spans, asked where the one before has trouble; default none.
    pub fn or_otlp_endpoint(mut self, url: impl Into<String>) -> Self {
        self.config.traces.endpoints.push(url.into());
        self
    }

    /// Who we are to the collector, and whom to believe over TLS; default nobody, and the system's authorities.
    ///
    /// ```
    /// let mut credentials = obs::config::Credentials::default();
    /// credentials.ca_file = Some("/etc/shop/ca.pem".into());
    /// # drop(obs::builder("orders").otlp_credentials(credentials));
    /// ```
    pub fn otlp_credentials(mut self, credentials: Credentials) -> Self {
        self.config.traces.credentials = credentials;
        self
    }

    /// How long spans are tried before they are lost; default 5 minutes, and for ever what is durable.
    pub fn otlp_retry_for(mut self, patience: Duration) -> Self {
        self.config.traces.retry_for = Some(patience);
        self
    }

    /// What is spoken to the collector; default http/protobuf.
    pub fn otlp_protocol(mut self, protocol: OtlpProtocol) -> Self {
        self.config.traces.protocol = protocol;
        self
    }

    /// How requests to the collector are compressed; default not at all.
    pub fn otlp_compression(mut self, compression: OtlpCompression) -> Self {
        self.config.traces.compression = compression;
        self
    }

    /// A header sent to the collector with each request; default none.
    pub fn otlp_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.config.traces.headers.push((name.into(), value.into()));
        self
    }

    /// How long one request of spans may take; default 10 s.
    pub fn otlp_timeout(mut self, timeout: Duration) -> Self {
        self.config.traces.timeout = timeout;
        self
    }

    /// Through which proxy the collector is asked; default the one that the environment names for it, if it does.
    pub fn otlp_proxy(mut self, proxy: ProxyChoice) -> Self {
        self.config.traces.proxy = proxy;
        self
    }

    /// Leaves the collector unasked at the start; default it is asked once, and a warning says where it is not there.
    pub fn no_otlp_probe(mut self) -> Self {
        self.config.traces.probe = false;
        self
    }

    /// Adds a check of health, `traces_otlp`, that fails while spans do not get through, and leaves the service ready; default
    /// none.
    pub fn otlp_health(mut self) -> Self {
        self.config.traces.health = true;
        self
    }

    /// How long spans gather before they are posted; default 1 s.
    pub fn otlp_linger(mut self, linger: Duration) -> Self {
        self.config.traces.linger = linger;
        self
    }

    /// The most spans of one request to the collector; default 2,048.
    pub fn otlp_batch(mut self, spans: u64) -> Self {
        self.config.traces.batch = spans;
        self
    }

    /// The most bytes of spans that wait or are being sent; default 8 MiB.
    pub fn otlp_queue(mut self, bytes: u64) -> Self {
        self.config.traces.queue = bytes;
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

    /// Up to how many traces a second a caller may force by its sampled flag; default 1,000.
    pub fn forced_per_second(mut self, traces: u32) -> Self {
        self.config.traces.forced_per_second = traces;
        self
    }

    /// At most so many traces a second are recorded of those that the share and the routes would have, spread evenly;
    /// default as many as there are.
    pub fn traces_per_second(mut self, traces: u32) -> Self {
        self.config.traces.per_second = Some(traces);
        self
    }

    /// Adds a share of its own for the requests to some path; of several that fit the first counts. Default none.
    pub fn trace_route(mut self, route: TraceRoute) -> Self {
        self.config.traces.routes.push(route);
        self
    }

    /// Which traces are kept by how they end, beside those that the sampler records; default none, and then no span waits.
    ///
    /// ```
    /// # fn main() -> Result<(), obs::Error> {
    /// use obs::config::{SamplerChoice, TraceTail};
    ///
    /// let builder = obs::builder("orders").sampler(SamplerChoice::ParentBased(0.01)).trace_tail(TraceTail::errors());
    /// # #[cfg(all(feature = "metrics", feature = "logs", feature = "traces", feature = "middleware"))]
    /// let obs = builder.admin(obs::Admin::Off).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn trace_tail(mut self, tail: TraceTail) -> Self {
        self.config.traces.tail = tail;
        self
    }

    /// By whose signature on a header a request is recorded whatever else decides, 16 bytes at least; default nobody's. Needs
    /// the feature `traces-debug`.
    pub fn debug_key(mut self, key: impl Into<String>) -> Self {
        self.config.traces.debug_key = Some(key.into());
        self
    }

    /// The name of that header; default `x-obs-debug`.
    pub fn debug_header(mut self, name: impl Into<String>) -> Self {
        self.config.traces.debug_header = name.into();
        self
    }

    /// How much one span holds; default 128 of each, and texts of any length.
    pub fn span_limits(mut self, limits: SpanLimits) -> Self {
        self.config.traces.limits = limits;
        self
    }

    /// Where `/metrics` is served; default 127.0.0.1:9464.
    pub fn admin(mut self, admin: Admin) -> Self {
        self.config.admin = admin;
        self
    }

    /// What whoever asks the admin listener to change something must bring as a bearer token; default none, and then only
    /// this machine may.
    pub fn admin_token(mut self, token: impl Into<String>) -> Self {
        self.config.admin_token = Some(token.into());
        self
    }

    /// A file with TLS, headers and users of the admin listener, in the format that exporters of Prometheus share; default
    /// none. It is looked at again while the service runs.
    pub fn admin_web_config(mut self, path: impl Into<String>) -> Self {
        self.config.admin_web_config = Some(path.into());
        self
    }

    /// Whether tokens and passwords may come without TLS to an address that other machines reach, because a mesh or a proxy
    /// has the TLS; default `false`.
    pub fn admin_insecure(mut self, insecure: bool) -> Self {
        self.config.admin_insecure = insecure;
        self
    }

    /// Whether `/debug/requests` on the admin listener shows the requests that are in flight, which costs each request a
    /// little; default `false`.
    pub fn admin_requests(mut self, shown: bool) -> Self {
        self.config.admin_requests = shown;
        self
    }

    /// In which formats callers' traces are read, the first that is written well; default W3C Trace Context, and
    /// `x-trace-id` where there is nothing better.
    pub fn extract(mut self, formats: impl IntoIterator<Item = Format>) -> Self {
        self.config.propagate.extract =
            formats.into_iter().map(|format| format.as_str().to_owned()).collect();
        self
    }

    /// In which formats calls tell of their trace, all of them; default W3C Trace Context.
    pub fn inject(mut self, formats: impl IntoIterator<Item = Format>) -> Self {
        self.config.propagate.inject = formats.into_iter().map(|format| format.as_str().to_owned()).collect();
        self
    }

    /// Gives attributes of spans the names they had before those were stable: `http/dup` and `database/dup` for both names,
    /// `http/old` and `database/old` for the old ones alone. Each call adds one; default none.
    pub fn semconv(mut self, word: impl Into<String>) -> Self {
        self.config.traces.semconv.push(word.into());
        self
    }

    /// Whether the baggage of callers that are believed is read and handed on; default not.
    pub fn baggage(mut self, baggage: bool) -> Self {
        self.config.propagate.baggage = baggage;
        self
    }

    /// Whether callers are believed; default [`TrustChoice::Internal`].
    pub fn trust(mut self, trust: TrustChoice) -> Self {
        self.config.trust = trust;
        self
    }

    /// A peer whose traces go on where callers are not believed: an address or a range, such as `10.0.0.0/8`; default none.
    ///
    /// It takes the address of the connection: `Obs::serve` and `obs::axum::serve` know it, and axum's own `serve` does with
    /// `into_make_service_with_connect_info`. Where nobody says it, no peer is trusted.
    pub fn trusted_peer(mut self, peer: impl Into<String>) -> Self {
        self.config.trusted_peers.push(peer.into());
        self
    }

    /// What holds for requests that are served, beside what each signal says; default [`Requests::default`].
    pub fn requests(mut self, requests: Requests) -> Self {
        self.config.requests = requests;
        self
    }

    /// Where traces and lines are looked at: the address of `jaeger`, `tempo`, `loki`, `kibana` or `console`, or a template
    /// such as `https://wiki/{trace_id}` under any other name; default none. [`Obs::links`] makes links of it.
    pub fn link(mut self, name: impl Into<String>, to: impl Into<String>) -> Self {
        self.config.links.to.push((name.into(), to.into()));
        self
    }

    /// Which of the links is on the access line of a request that failed, as `trace_url`; default none.
    pub fn link_on_line(mut self, name: impl Into<String>) -> Self {
        self.config.links.on_line = Some(name.into());
        self
    }

    /// Starts everything and touches no global: for tests, or for two installations in one process. Requests behind
    /// [`Obs::layer`] reach it by themselves; other work does inside of [`Obs::enter`].
    ///
    /// # Errors
    /// As [`init`], but for the second call.
    pub fn build(self) -> Result<Obs, Error> {
        self.build_with(None)
    }

    /// What was chosen, in the code, in the file and in the environment; nothing is started.
    #[cfg(any(
        all(feature = "journal", unix, feature = "logs", feature = "traces"),
        feature = "traces-debug"
    ))]
    pub(crate) fn read(self) -> Result<Config, Error> {
        Ok(Layers::read(self.config, &self.file, mistakes)?.config)
    }

    pub(crate) fn build_with(self, compose: Compose) -> Result<Obs, Error> {
        let read = Layers::read(self.config, &self.file, mistakes)?;
        let mut obs = Obs::start(read.config.clone(), compose, Reach::Apart)?;
        obs.watch(read, Hear::Nothing)?;
        obs.probe(true);
        {
            let _entered = obs.subscriber.enter();
            obs.tell_of_admin();
        }
        Ok(obs)
    }

    /// Starts everything and sets the process's `tracing` subscriber, `metrics` recorder and panic hook.
    ///
    /// # Errors
    /// As [`init`].
    pub fn install(self) -> Result<Obs, Error> {
        self.install_with(None)
    }

    pub(crate) fn install_with(self, compose: Compose) -> Result<Obs, Error> {
        let read = Layers::read(self.config, &self.file, mistakes)?;
        // Before anything is started, so that a second call leaves no trace.
        let claim = install::claim()?;
        let mut obs = Obs::start(read.config.clone(), compose, Reach::Process)?;
        obs.install()?;
        // After the subscriber is set, so that what is told of the file is heard; globals cannot be taken back, so the
        // process is claimed even where this fails.
        claim.keep();
        obs.watch(read, Hear::Hangup)?;
        obs.probe(false);
        obs.tell_of_admin();
        Ok(obs)
    }
}

/// What the parts of obs cannot make sense of; nothing is started for it.
fn mistakes(config: &Config) -> Vec<Mistake> {
    let mut mistakes = signals::mistakes(config);
    mistakes.extend(admin::mistakes(config));
    mistakes
}
