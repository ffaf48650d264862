//! Traces: the sampler, server spans, spans of `tracing`, and the way to a collector.

#[cfg_attr(not(feature = "traces-debug"), path = "traces/forced_absent.rs")]
mod forced;
#[cfg_attr(not(feature = "traces-grpc"), path = "traces/no_grpc.rs")]
mod grpc;
#[cfg_attr(all(feature = "journal", unix), path = "traces/kept.rs")]
#[cfg_attr(not(all(feature = "journal", unix)), path = "traces/kept_absent.rs")]
mod kept;
mod sampling;

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use obs_core::{Base, Observer};
use obs_export::http::{ClientSettings, Endpoint, Remote, Retry};
use obs_export::otlp::port_hint;
use obs_export::queue::{self, Worker};
use obs_trace::otlp::{self, Otlp};
use obs_trace::semconv::{Renamed, Semconv};
use obs_trace::stdout::{self, StdoutTree};
use obs_trace::{Limits, OperationSpans, ServerSpans, SpanSink, Tracer};
use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};

use super::credentials::{Wrong, client, identified};
use super::otlp::{encoding, path_fault};
use super::proxies::proxies;
use super::{Reloader, Signal};
use crate::config::{Config, Exporter, Journal, Mistake, OtlpProtocol, SpanLimits, Traces};
use crate::remotes::{Watched, unfit};
use crate::subscriber::TargetFilter;
use crate::{Error, Obs};

/// Traces that are running.
pub(crate) struct Part {
    tracer: Tracer,
    spans: Arc<ServerSpans>,
    filter: TargetFilter,
    way: Way,
    /// Whether it has no say in what is recorded.
    is_disabled: bool,
}

/// How spans are delivered once the sink has them.
pub(crate) enum Way {
    /// Nothing waits: there is no sink, or one that keeps them itself.
    Direct,
    Otlp(Arc<Remote>, Worker),
    Stdout(StdoutTree, Worker),
}

/// What brings TLS.
const TLS: &str = "traces-tls";
/// Losses are told this often at most.
const TELL_EVERY: Duration = Duration::from_secs(60);
/// How many attempts fail before that is told.
const TELL_FROM: u32 = 3;

impl Part {
    pub(crate) fn start(config: &Config, base: &Arc<Base>) -> Result<Self, Error> {
        let choices = &config.traces;
        let failed =
            |source: Box<dyn std::error::Error + Send + Sync>| Error::Signal { name: "traces", source };
        match (choices.exporter, choices.endpoints.is_empty()) {
            (Exporter::Otlp, false) => {
                let (sink, worker) = exporter(config, &config.journal, base).map_err(failed)?;
                let way = Way::Otlp(Arc::clone(sink.remote()), worker);
                Self::to(Some(sink), way, config, base)
            }
            (Exporter::Stdout, _) => {
                let (tree, worker) = tree(config, base).map_err(|error| failed(error.into()))?;
                Self::to(Some(tree.clone()), Way::Stdout(tree, worker), config, base)
            }
            (Exporter::Otlp | Exporter::None, _) => Self::to(None::<Otlp>, Way::Direct, config, base),
        }
    }

    /// Spans to this sink, delivered in this way.
    pub(crate) fn to(
        sink: Option<impl SpanSink + 'static>,
        way: Way,
        config: &Config,
        base: &Arc<Base>,
    ) -> Result<Self, Error> {
        let choices = &config.traces;
        let failed =
            |source: Box<dyn std::error::Error + Send + Sync>| Error::Signal { name: "traces", source };
        let filter = TargetFilter::new(levels(&choices.filter).map_err(|error| failed(error.into()))?);
        let sampler = sampling::sampler(choices).map_err(|error| failed(error.into()))?;
        let tail = sampling::tail(&choices.tail).map_err(|error| failed(error.into()))?;
        let builder =
            Tracer::builder(Arc::clone(base)).sampler(sampler).limits(limits(choices.limits)).tail(tail);
        let builder = forced::chosen(builder, choices).map_err(|error| failed(error.into()))?;
        let semconv = Semconv::of(choices.semconv.iter().map(String::as_str));
        let tracer = match sink {
            Some(sink) if semconv.is_stable() => builder.sink(sink).build(),
            Some(sink) => builder.sink(Renamed::new(sink, semconv)).build(),
            None => builder.build(),
        };
        let is_disabled = choices.is_disabled;
        if !is_disabled {
            base.operations.register(Arc::new(OperationSpans::new(&tracer)));
        }
        let spans = Arc::new(ServerSpans::new(&tracer));
        Ok(Self { tracer, spans, filter, way, is_disabled })
    }
}

impl Part {
    pub(crate) fn tracer(&self) -> &Tracer {
        &self.tracer
    }

    /// Which call sites are looked at; can be changed while running.
    pub(crate) fn filter(&self) -> &TargetFilter {
        &self.filter
    }
}

/// The endpoint, its headers and the sampler, unless they are well formed.
pub(crate) fn mistakes(config: &Config) -> Vec<Mistake> {
    let choices = &config.traces;
    let is_used = choices.exporter == Exporter::Otlp;
    let used: Vec<_> = choices.endpoints.iter().filter_map(|url| Endpoint::parse(url).ok()).collect();
    let used = if is_used { used } else { Vec::new() };
    let endpoint = endpoints(choices).err().map(|wrong| Mistake::new("traces.endpoint", wrong));
    let protocol = grpc::MISSING.filter(|_| choices.protocol == OtlpProtocol::Grpc);
    let protocol = protocol.map(|what| Mistake::new("traces.protocol", what));
    let compression = encoding(choices.compression).err();
    let compression = compression.map(|what| Mistake::new("traces.compression", what));
    let health = unfit(otlp::PIPELINE).filter(|_| choices.health && !used.is_empty());
    let health = health.map(|why| Mistake::new("traces.health", why));
    let proxy = proxies(&choices.proxy, &config.proxies, &used).err();
    let proxy = proxy.filter(|_| !used.is_empty()).map(|wrong| Mistake::new("traces.proxy", wrong));
    let credentials = identified(ClientSettings::new(), &choices.credentials, TLS).err().filter(|_| is_used);
    let credentials = credentials.map(|Wrong { key, what }| Mistake::new(&format!("traces.{key}"), what));
    let headers = choices.headers.iter().filter_map(|(name, value)| {
        let error = ClientSettings::new().header(name, value).err()?;
        Some(Mistake::new(&format!("traces.headers.{name}"), error))
    });
    let sampling = sampling::mistakes(choices).into_iter().chain(forced::problems(choices));
    let filter = levels(&choices.filter).err().map(|error| Mistake::new("traces.level", error));
    let kept = kept::problem(choices, &config.journal).map(|problem| Mistake::new("traces.durable", problem));
    let way = endpoint.into_iter().chain(protocol).chain(compression).chain(proxy).chain(credentials);
    way.chain(health).chain(kept).chain(headers).chain(sampling).chain(filter).collect()
}

/// Read as the levels of lines are: spaces around commas and equals signs are nothing, and where no level stands
/// alone, targets without a directive are at INFO. Without a filter, the spans that libraries make of their own inner
/// life at TRACE would leave by the hundred with each request.
fn levels(text: &str) -> Result<Targets, ParseError> {
    let trimmed = |directive: &str| directive.split('=').map(str::trim).collect::<Vec<_>>().join("=");
    let directives: Vec<_> = text.split(',').map(trimmed).filter(|directive| !directive.is_empty()).collect();
    // Without any directive `Targets` reads ERROR.
    let targets = if directives.is_empty() { Targets::new() } else { directives.join(",").parse()? };
    Ok(if targets.default_level().is_some() { targets } else { targets.with_default(LevelFilter::INFO) })
}

fn limits(choices: SpanLimits) -> Limits {
    let SpanLimits { attributes, attribute_length, events, links, event_attributes, link_attributes } =
        choices;
    Limits { attributes, attribute_length, events, links, event_attributes, link_attributes }
}

fn tree(config: &Config, base: &Arc<Base>) -> std::io::Result<(StdoutTree, Worker)> {
    // Trees stand beside lines, and look the same.
    let colours = match config.logs.colour {
        None => stdout::Colours::Auto,
        Some(true) => stdout::Colours::On,
        Some(false) => stdout::Colours::Off,
    };
    StdoutTree::spawn(base, stdout::Settings::new().colours(colours))
}

/// Where spans go.
///
/// # Errors
/// What is wrong with one of the URLs, and with which of several; repeats nothing of it.
fn endpoints(choices: &Traces) -> Result<Vec<Endpoint>, String> {
    let several = choices.endpoints.len() > 1;
    let told = |at: usize, what: &dyn std::fmt::Display| match several {
        true => format!("number {} {what}", at + 1),
        false => what.to_string(),
    };
    let parsed = |(at, url): (usize, &String)| {
        let endpoint = Endpoint::parse(url).map_err(|error| told(at, &error))?;
        match path_fault(&endpoint, choices.protocol, otlp::PATH) {
            Some(fault) => Err(told(at, &fault)),
            None => Ok(endpoint),
        }
    };
    choices.endpoints.iter().enumerate().map(parsed).collect()
}

fn exporter(
    config: &Config,
    journal: &Journal,
    base: &Arc<Base>,
) -> Result<(Otlp, Worker), Box<dyn std::error::Error + Send + Sync>> {
    let choices = &config.traces;
    let endpoints = endpoints(choices)?;
    let proxies = proxies(&choices.proxy, &config.proxies, &endpoints)?;
    let client = client(choices.timeout, &choices.headers, &choices.credentials, TLS);
    let client = client.map_err(|wrong| wrong.to_string())?.proxy(proxies);
    let mut endpoints = endpoints.into_iter();
    let endpoint = endpoints.next().ok_or("there is no `traces.endpoint`")?;
    let queue = queue::Settings::new(otlp::PIPELINE)
        .batch_bytes(256 * 1024)
        .capacity_bytes(usize::try_from(choices.queue).unwrap_or(usize::MAX))
        .linger(choices.linger);
    let hint = port_hint(&endpoint, choices.protocol == OtlpProtocol::Grpc);
    let (mut lost, mut late, mut warned) = (Teller::new(hint), Teller::new(hint), Teller::new(""));
    let settings = otlp::Settings::new()
        .queue(queue)
        .client(client)
        .most_spans(choices.batch)
        .retry(choices.retry_for.map_or_else(Retry::new, |patience| Retry::new().budget(patience)))
        .encoding(encoding(choices.compression)?)
        .on_failure(move |failure| lost.tell("are lost", failure, "obs_pipeline_dropped_total"))
        .on_warning(move |words| {
            warned.tell("got through with a warning", &words, "obs_pipeline_delivered_total")
        })
        .on_retry(move |retrying| {
            // A collector that starts anew is no news.
            if retrying.attempts >= TELL_FROM {
                late.tell("do not get through", retrying, "obs_pipeline_pending");
            }
        });
    let settings = kept::durable(settings, choices, journal)?;
    let settings = match choices.protocol {
        OtlpProtocol::HttpProtobuf => settings.exact_endpoint(),
        OtlpProtocol::HttpJson => settings.exact_endpoint().json(),
        OtlpProtocol::Grpc => grpc::chosen(settings),
    };
    Ok(Otlp::spawn(base, endpoint, endpoints.fold(settings, otlp::Settings::or_at))?)
}

/// Delivers what is in the journal of spans, as long as there is patience.
///
/// # Errors
/// Why that cannot be tried.
#[cfg(all(feature = "journal", unix, feature = "logs"))]
pub(crate) fn replay(
    config: &Config,
    journal: Journal,
    base: &Arc<Base>,
    patience: Duration,
) -> Result<queue::Counts, Box<dyn std::error::Error + Send + Sync>> {
    let mut config = config.clone();
    config.traces.durable = true;
    let (spans, mut worker) = exporter(&config, &journal, base)?;
    // What is left then is counted below.
    let _ = spans.queue().flush(patience);
    worker.shutdown(Duration::ZERO);
    Ok(spans.queue().counts())
}

/// Says on stderr what becomes of spans, because nobody may be looking at the numbers yet.
struct Teller {
    last: Option<Instant>,
    hint: &'static str,
}

impl Teller {
    fn new(hint: &'static str) -> Self {
        Self { last: None, hint }
    }

    fn tell(&mut self, what: &str, why: &dyn std::fmt::Display, metric: &str) {
        if self.last.is_none_or(|last| last.elapsed() >= TELL_EVERY) {
            self.last = Some(Instant::now());
            let hint = self.hint;
            let text = format!("obs: spans {what}: {why}{hint} (said once a minute; see {metric})\n");
            // Where stderr is closed there is nobody left to tell.
            let _ = std::io::stderr().write_all(text.as_bytes());
        }
    }
}

impl Obs {
    /// Changes which `tracing` spans and events become spans and their events, such as `info,h2=off`, while running.
    /// Spans that are open stay as they are.
    ///
    /// # Errors
    /// [`Error::Signal`] for directives that are not well formed; nothing changes then.
    pub fn set_trace_filter(&self, directives: &str) -> Result<(), Error> {
        let targets =
            levels(directives).map_err(|error| Error::Signal { name: "traces", source: error.into() })?;
        self.signals.traces.filter.set(targets);
        self.subscriber.levels_changed();
        Ok(())
    }
}

impl Signal for Part {
    fn observer(&self) -> Option<Box<dyn Observer>> {
        // Without anybody to decide, what callers have decided goes on.
        (!self.is_disabled).then(|| Box::new(Arc::clone(&self.spans)) as _)
    }

    fn reloader(&self) -> Option<Reloader> {
        let (tracer, filter) = (self.tracer.clone(), self.filter.clone());
        // What is wrong has been told as a mistake, and nothing is taken up with one.
        Some(Box::new(move |config| {
            sampling::take_up(&tracer, &config.traces);
            if let Ok(targets) = levels(&config.traces.filter) {
                filter.set(targets);
            }
        }))
    }

    fn watched(&self, config: &Config) -> Vec<Watched> {
        let Way::Otlp(remote, _) = &self.way else { return Vec::new() };
        let Traces { probe, health, .. } = config.traces;
        vec![Watched {
            shown: String::from("the collector of spans"),
            remote: Arc::clone(remote),
            probe,
            health,
        }]
    }

    fn flush(&self, deadline: Duration) -> bool {
        match &self.way {
            Way::Direct => true,
            Way::Otlp(_, worker) => worker.queue().flush(deadline).is_ok(),
            Way::Stdout(tree, _) => tree.flush(deadline).is_ok(),
        }
    }

    fn shutdown(&mut self, deadline: Duration) {
        match &mut self.way {
            Way::Direct => {}
            Way::Otlp(_, worker) | Way::Stdout(_, worker) => worker.shutdown(deadline),
        }
    }
}

#[cfg(test)]
mod tests {
    use obs_core::context::{Ids, TraceFlags};
    use obs_core::propagate::{Caller, Remote as CallerSpan};
    use obs_core::{Resource, SpanId, TraceId};

    use super::*;

    #[test]
    fn a_disabled_sdk_hands_on_what_callers_have_decided_and_decides_nothing() {
        let mut config = Config::new("orders");
        let traces = &mut config.traces;
        // Both would decide otherwise.
        (traces.is_disabled, traces.forced_per_second) = (true, 0);
        let base = Base::new(Resource::new("orders"));
        let part = Part::start(&config, &base).unwrap();
        assert!(part.observer().is_none());
        for sampled in [true, false] {
            let flags = TraceFlags::default().sampled(sampled);
            let ids = Ids { trace_id: TraceId::new(7).unwrap(), span_id: SpanId::new(9).unwrap(), flags };
            let root = base.open_root(Some(&Caller::Span(CallerSpan::new(ids))), None);
            assert_eq!(root.is_sampled(), sampled);
        }
        assert!(!base.open_root(None, None).is_sampled());
    }

    #[test]
    fn levels_are_read_as_those_of_lines() {
        let check =
            |text: &str, same: &str| assert_eq!(levels(text).unwrap(), same.parse().unwrap(), "{text}");
        check("info,h2=off", "info,h2=off");
        check(" info , h2 = off ,", "info,h2=off");
        check("h2=off", "info,h2=off");
        check("", "info");
        check("off,shop=debug", "off,shop=debug");
        assert!(levels("h2=loud").is_err());
    }
}
