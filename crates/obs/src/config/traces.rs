//! What is traced and where to, in the words of the OpenTelemetry environment variables.

use std::time::Duration;

/// What is traced and where to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Traces {
    /// The URL spans are posted to, path and all; default none: ids are made, nothing is exported.
    /// `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` as it stands, or `OTEL_EXPORTER_OTLP_ENDPOINT` with `/v1/traces`.
    pub endpoint: Option<String>,
    /// Headers sent along; default none. `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_TRACES_HEADERS`.
    pub headers: Vec<(String, String)>,
    /// How long one request may take; default 10 s. `OTEL_EXPORTER_OTLP_TIMEOUT`,
    /// `OTEL_EXPORTER_OTLP_TRACES_TIMEOUT`, in milliseconds.
    pub timeout: Duration,
    /// How long spans gather; default 1 s. `OTEL_BSP_SCHEDULE_DELAY`, in milliseconds.
    pub linger: Duration,
    /// Which `tracing` spans and events are recorded, by target and level, such as `info,h2=off`; default `info`.
    /// `OBS_TRACE`. The server span of a request is recorded whatever this says.
    pub filter: String,
    /// Which traces are recorded; default parent-based, always on at the root. `OTEL_TRACES_SAMPLER` and
    /// `OTEL_TRACES_SAMPLER_ARG`.
    pub sampler: SamplerChoice,
    /// Up to how many traces a second a caller may force by its sampled flag; default 1,000.
    pub forced_per_second: u32,
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

impl Default for Traces {
    fn default() -> Self {
        Self {
            filter: String::from("info"),
            endpoint: None,
            headers: Vec::new(),
            timeout: Duration::from_secs(10),
            linger: Duration::from_secs(1),
            sampler: SamplerChoice::ParentBased(1.0),
            forced_per_second: 1_000,
        }
    }
}
