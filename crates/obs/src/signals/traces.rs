//! Traces: the sampler, server spans, spans of `tracing`, and the way to a collector.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use obs_core::{Base, Observer};
use obs_export::http::{ClientSettings, Endpoint, Failure};
use obs_export::queue::{self, Worker};
use obs_trace::layer::TraceLayer;
use obs_trace::otlp::{self, Otlp};
use obs_trace::{Sampler, ServerSpans, Tracer};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;

use super::Signal;
use crate::Error;
use crate::config::{Config, Mistake, SamplerChoice, Traces};
use crate::subscriber::SignalLayer;

/// Traces that are running.
pub(crate) struct Part {
    tracer: Tracer,
    spans: Arc<ServerSpans>,
    filter: Targets,
    worker: Option<Worker>,
}

/// Losses are told this often at most.
const TELL_EVERY: Duration = Duration::from_secs(60);

impl Part {
    pub(crate) fn start(config: &Config, base: &Arc<Base>) -> Result<Self, Error> {
        let choices = &config.traces;
        let failed =
            |source: Box<dyn std::error::Error + Send + Sync>| Error::Signal { name: "traces", source };
        let filter = filter(choices).map_err(|error| failed(error.into()))?;
        let sampler = sampler(choices).map_err(|error| failed(error.into()))?;
        let builder = Tracer::builder(Arc::clone(base)).sampler(sampler);
        let (tracer, worker) = match &choices.endpoint {
            Some(url) => {
                let (sink, worker) = exporter(url, choices, base).map_err(failed)?;
                (builder.sink(sink).build(), Some(worker))
            }
            None => (builder.build(), None),
        };
        let spans = Arc::new(ServerSpans::new(&tracer));
        Ok(Self { tracer, spans, filter, worker })
    }
}

/// The endpoint, its headers and the sampler, unless they are well formed.
pub(crate) fn mistakes(config: &Config) -> Vec<Mistake> {
    let choices = &config.traces;
    let endpoint = choices.endpoint.as_deref().and_then(|url| Endpoint::parse(url).err());
    let endpoint = endpoint.map(|error| Mistake::new("OTEL_EXPORTER_OTLP_ENDPOINT", error));
    let header = |(name, value): &(String, String)| ClientSettings::new().header(name, value).err();
    let headers = choices.headers.iter().filter_map(header);
    let headers = headers.map(|error| Mistake::new("OTEL_EXPORTER_OTLP_HEADERS", error));
    let sampler = sampler(choices).err().map(|error| Mistake::new("OTEL_TRACES_SAMPLER_ARG", error));
    let filter = filter(choices).err().map(|error| Mistake::new("OBS_TRACE", error));
    endpoint.into_iter().chain(headers).chain(sampler).chain(filter).collect()
}

/// Without one, the spans that libraries make of their own inner life at TRACE would leave by the hundred with each
/// request.
fn filter(choices: &Traces) -> Result<Targets, tracing_subscriber::filter::ParseError> {
    choices.filter.parse()
}

fn sampler(choices: &Traces) -> Result<Sampler, obs_trace::SamplerError> {
    Ok(match choices.sampler {
        SamplerChoice::AlwaysOn => Sampler::always_on(),
        SamplerChoice::AlwaysOff => Sampler::always_off(),
        SamplerChoice::Ratio(share) => Sampler::ratio(share)?,
        SamplerChoice::ParentBased(share) => {
            Sampler::ratio(share)?.parent_based().caller_limit(choices.forced_per_second)
        }
    })
}

fn exporter(
    url: &str,
    choices: &Traces,
    base: &Arc<Base>,
) -> Result<(Otlp, Worker), Box<dyn std::error::Error + Send + Sync>> {
    let endpoint = Endpoint::parse(url)?;
    let mut client = ClientSettings::new().request_timeout(choices.timeout);
    for (name, value) in &choices.headers {
        client = client.header(name, value)?;
    }
    let queue = queue::Settings::new(otlp::PIPELINE).batch_bytes(256 * 1024).linger(choices.linger);
    let settings = otlp::Settings::new().queue(queue).client(client).exact_endpoint().on_failure(tell());
    Ok(Otlp::spawn(base, endpoint, settings)?)
}

/// Says on stderr that spans are lost, because nobody may be looking at the counters yet.
fn tell() -> impl FnMut(&Failure<'_>) + Send + 'static {
    let mut told: Option<Instant> = None;
    move |failure| {
        if told.is_none_or(|last| last.elapsed() >= TELL_EVERY) {
            told = Some(Instant::now());
            // Where stderr is closed there is nobody left to tell.
            let _ = writeln!(
                std::io::stderr(),
                "obs: spans are lost: {failure} (said once a minute; see obs_pipeline_dropped_total)"
            );
        }
    }
}

impl Signal for Part {
    fn observer(&self) -> Option<Box<dyn Observer>> {
        Some(Box::new(Arc::clone(&self.spans)))
    }

    fn layer(&self) -> Option<SignalLayer> {
        Some(TraceLayer::new(&self.tracer).with_filter(self.filter.clone()).boxed())
    }

    fn flush(&self, deadline: Duration) -> bool {
        self.worker.as_ref().is_none_or(|worker| worker.queue().flush(deadline).is_ok())
    }

    fn shutdown(&mut self, deadline: Duration) {
        if let Some(worker) = &mut self.worker {
            worker.shutdown(deadline);
        }
    }
}
