//! What is traced and where to, in the words of the OpenTelemetry environment variables.

use std::fmt;
use std::time::Duration;

use obs_core::redact::REDACTED;

use super::ProxyChoice;
use super::TraceTail;
use super::redacted::url;
use super::{Credentials, OtlpCompression, OtlpProtocol};

/// What is traced and where to. Prints without the values of headers.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Traces {
    /// How spans leave; default OTLP, where there is an endpoint. `OTEL_TRACES_EXPORTER`.
    pub exporter: Exporter,
    /// The URLs spans are posted to, path and all, or by gRPC the servers, of which the next is asked where one has
    /// trouble; default none: ids are made, nothing is exported. `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` as it stands, or
    /// `OTEL_EXPORTER_OTLP_ENDPOINT` with `/v1/traces`.
    pub endpoints: Vec<String>,
    /// What is spoken to it; default http/protobuf. `OTEL_EXPORTER_OTLP_PROTOCOL`,
    /// `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL`.
    pub protocol: OtlpProtocol,
    /// How requests are compressed; default not at all. `OTEL_EXPORTER_OTLP_COMPRESSION`,
    /// `OTEL_EXPORTER_OTLP_TRACES_COMPRESSION`.
    pub compression: OtlpCompression,
    /// Headers sent along; default none. `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_TRACES_HEADERS`.
    pub headers: Vec<(String, String)>,
    /// Who we are to the collector, and whom to believe over TLS; default nobody, and the system's authorities.
    /// `OTEL_EXPORTER_OTLP_CERTIFICATE`, `OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE` and `OTEL_EXPORTER_OTLP_CLIENT_KEY`, or
    /// the same with `_TRACES_`.
    pub credentials: Credentials,
    /// How long one request may take; default 10 s. `OTEL_EXPORTER_OTLP_TIMEOUT`,
    /// `OTEL_EXPORTER_OTLP_TRACES_TIMEOUT`, in milliseconds.
    pub timeout: Duration,
    /// Through which proxy the collector is asked; default what the environment says.
    pub proxy: ProxyChoice,
    /// How long spans are tried before they are lost; default 5 minutes, and for ever what is durable.
    /// `OTEL_BSP_EXPORT_TIMEOUT`, in milliseconds.
    pub retry_for: Option<Duration>,
    /// Whether the collector is asked at the start whether it is there; default yes.
    pub probe: bool,
    /// Whether there is a check of health that fails while spans do not get through; default no.
    pub health: bool,
    /// How long spans gather; default 1 s. `OTEL_BSP_SCHEDULE_DELAY`, in milliseconds.
    pub linger: Duration,
    /// The most spans of one request; default 2,048. `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`.
    pub batch: u64,
    /// The most bytes of spans that wait or are being sent; default 8 MiB. `OTEL_BSP_MAX_QUEUE_SIZE`, a number of spans,
    /// counts 4 KiB for each.
    pub queue: u64,
    /// Which `tracing` spans and events are recorded, by target and level, such as `info,h2=off`; default `info`.
    /// `OBS_TRACE`. The server span of a request is recorded whatever this says.
    pub filter: String,
    /// Which traces are recorded; default parent-based, always on at the root. `OTEL_TRACES_SAMPLER` and
    /// `OTEL_TRACES_SAMPLER_ARG`.
    pub sampler: SamplerChoice,
    /// Up to how many traces a second a caller may force by its sampled flag; default 1,000.
    pub forced_per_second: u32,
    /// At most so many traces a second are recorded of those that the share and the routes would have, spread evenly;
    /// default as many as there are.
    pub per_second: Option<u32>,
    /// Shares of their own for the requests of some paths, of which the first counts; default none.
    pub routes: Vec<TraceRoute>,
    /// Which traces are kept by how they end, beside those that the sampler records; default none.
    pub tail: TraceTail,
    /// By whose signature on a header a request is recorded whatever else decides, 16 bytes at least; default nobody's. Never
    /// printed. `OBS_DEBUG_KEY`.
    pub debug_key: Option<String>,
    /// The name of that header; default `x-obs-debug`.
    pub debug_header: String,
    /// How much one span holds.
    pub limits: SpanLimits,
    /// Which attributes have the names they had before those were stable: `http/dup`, `database/dup` for both names, `http/old`,
    /// `database/old` for the old ones alone; default none. `OTEL_SEMCONV_STABILITY_OPT_IN`.
    pub semconv: Vec<String>,
    /// Whether spans are kept in a journal until they are delivered, so that they survive the process; default no.
    pub durable: bool,
    /// The most bytes of that journal; default those of all journals.
    pub spill: Option<u64>,
    /// Whether nothing is decided, recorded or sent here, and what callers have decided is handed on as it came:
    /// `OTEL_SDK_DISABLED`.
    pub(crate) is_disabled: bool,
}

/// How spans leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exporter {
    /// To a collector, where an endpoint is named.
    #[default]
    Otlp,
    /// As trees on standard output, for development.
    Stdout,
    /// Not at all.
    None,
}

/// Which traces are recorded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SamplerChoice {
    /// Every one.
    AlwaysOn,
    /// None.
    AlwaysOff,
    /// This share of them, by trace id; 0 to 1.
    Ratio(f64),
    /// As the caller decided; this share of those that start here, 0 to 1.
    ParentBased(f64),
}

/// The share of requests to some path that is recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceRoute {
    /// A path such as `/health*`, or a method and a path such as `POST /orders/{id}`; `*` stands for any text and `{id}`
    /// for one segment. It is the path as it was asked for: the decision comes before routing.
    pub route: String,
    /// The share that is recorded, 0 to 1.
    pub ratio: f64,
    /// At most so many of them a second; default what holds for all together.
    pub per_second: Option<u32>,
}

impl TraceRoute {
    /// How many there may be.
    pub const MOST: usize = 64;

    /// This share of the requests to `route`.
    pub fn new(route: impl Into<String>, ratio: f64) -> Self {
        Self { route: route.into(), ratio, per_second: None }
    }

    /// At most so many of them a second; default what holds for all together.
    #[must_use]
    pub fn per_second(mut self, traces: u32) -> Self {
        self.per_second = Some(traces);
        self
    }
}

/// How much one span holds; what is over is counted on it (OpenTelemetry specification, "Span Limits"). More than 256
/// attributes and 1,024 events or links are not granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanLimits {
    /// Attributes of a span; default 128. `OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT`.
    pub attributes: usize,
    /// Characters of a text; default no limit. `OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT`.
    pub attribute_length: Option<usize>,
    /// Events of a span; default 128. `OTEL_SPAN_EVENT_COUNT_LIMIT`.
    pub events: usize,
    /// Links of a span; default 128. `OTEL_SPAN_LINK_COUNT_LIMIT`.
    pub links: usize,
    /// Attributes of an event; default 128. `OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT`.
    pub event_attributes: usize,
    /// Attributes of a link; default 128. `OTEL_LINK_ATTRIBUTE_COUNT_LIMIT`.
    pub link_attributes: usize,
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

impl SamplerChoice {
    /// The share of traces it records of those that start here, where it records a share.
    pub fn ratio(self) -> Option<f64> {
        match self {
            Self::Ratio(ratio) | Self::ParentBased(ratio) => Some(ratio),
            Self::AlwaysOn | Self::AlwaysOff => None,
        }
    }
}

impl Default for Traces {
    fn default() -> Self {
        Self {
            exporter: Exporter::Otlp,
            endpoints: Vec::new(),
            protocol: OtlpProtocol::default(),
            compression: OtlpCompression::default(),
            headers: Vec::new(),
            credentials: Credentials::default(),
            timeout: Duration::from_secs(10),
            proxy: ProxyChoice::default(),
            retry_for: None,
            probe: true,
            health: false,
            linger: Duration::from_secs(1),
            batch: 2_048,
            queue: 8 << 20,
            filter: String::from("info"),
            sampler: SamplerChoice::ParentBased(1.0),
            forced_per_second: 1_000,
            per_second: None,
            routes: Vec::new(),
            tail: TraceTail::default(),
            debug_key: None,
            debug_header: String::from("x-obs-debug"),
            limits: SpanLimits::default(),
            semconv: Vec::new(),
            durable: false,
            spill: None,
            is_disabled: false,
        }
    }
}

impl Default for SpanLimits {
    fn default() -> Self {
        Self {
            attributes: 128,
            attribute_length: None,
            events: 128,
            links: 128,
            event_attributes: 128,
            link_attributes: 128,
        }
    }
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| (name, REDACTED)).collect();
        f.debug_struct("Traces")
            .field("exporter", &self.exporter)
            .field("endpoints", &self.endpoints.iter().map(|text| url(text)).collect::<Vec<_>>())
            .field("protocol", &self.protocol)
            .field("compression", &self.compression)
            .field("headers", &headers)
            .field("credentials", &self.credentials)
            .field("timeout", &self.timeout)
            .field("proxy", &self.proxy)
            .field("retry_for", &self.retry_for)
            .field("probe", &self.probe)
            .field("health", &self.health)
            .field("linger", &self.linger)
            .field("batch", &self.batch)
            .field("queue", &self.queue)
            .field("filter", &self.filter)
            .field("sampler", &self.sampler)
            .field("forced_per_second", &self.forced_per_second)
            .field("per_second", &self.per_second)
            .field("routes", &self.routes)
            .field("tail", &self.tail)
            .field("debug_key", &self.debug_key.as_ref().map(|_| REDACTED))
            .field("debug_header", &self.debug_header)
            .field("limits", &self.limits)
            .field("semconv", &self.semconv)
            .field("is_disabled", &self.is_disabled)
            .finish()
    }
}
