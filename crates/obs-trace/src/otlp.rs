//! Spans to a collector as OTLP, by http/protobuf, http/json or gRPC: encoded where they end, sent from a thread of their own.

use std::fmt;
use std::io;
use std::sync::Arc;

use obs_core::Base;
use obs_export::http::{
    Call, Client, ClientSettings, Encoding, Endpoint, Failure, Post, Probe, Remote, Retry, Retrying, Traffic,
};
#[cfg(all(feature = "journal", unix))]
use obs_export::journal::{self, Journal};
use obs_export::otlp::{CONTENT_TYPE, CONTENT_TYPE_JSON, Export, Request};
#[cfg(all(feature = "journal", unix))]
use obs_export::queue::Durable;
use obs_export::queue::{self, Queue, Worker};

use crate::encode;
use crate::record::SpanRecord;
use crate::sink::SpanSink;

/// The name of the way out on metrics.
pub const PIPELINE: &str = "traces_otlp";
/// What is appended to an endpoint that serves all signals.
pub const PATH: &str = "/v1/traces";
/// What is called over gRPC.
#[cfg(feature = "grpc")]
const METHOD: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// The producers' end; clones share the queue.
#[derive(Clone, Debug)]
pub struct Otlp {
    queue: Queue,
    remote: Arc<Remote>,
}

/// Makes what asks whether endpoints are there.
type Question = fn(ClientSettings, &[Endpoint]) -> io::Result<Probe>;
/// Makes what sends batches to an endpoint.
type Transport = fn(ClientSettings, Endpoint, Export) -> io::Result<Post<Export>>;

fn posted(client: ClientSettings, endpoint: Endpoint, export: Export) -> io::Result<Post<Export>> {
    Ok(Post::new(Client::new(client)?, endpoint, CONTENT_TYPE, export))
}

/// A request without spans is a good one, and changes nothing.
fn asked(client: ClientSettings, endpoints: &[Endpoint]) -> io::Result<Probe> {
    let question = |endpoint: &Endpoint| Call::post(endpoint.clone()).body(CONTENT_TYPE, Vec::new());
    Ok(Probe::new(client, endpoints.iter().map(question)))
}

fn posted_json(client: ClientSettings, endpoint: Endpoint, export: Export) -> io::Result<Post<Export>> {
    Ok(Post::new(Client::new(client)?, endpoint, CONTENT_TYPE_JSON, export.json(Request::Traces)))
}

fn asked_json(client: ClientSettings, endpoints: &[Endpoint]) -> io::Result<Probe> {
    let question = |endpoint: &Endpoint| Call::post(endpoint.clone()).body(CONTENT_TYPE_JSON, "{}");
    Ok(Probe::new(client, endpoints.iter().map(question)))
}

#[cfg(feature = "grpc")]
fn asked_by_call(client: ClientSettings, endpoints: &[Endpoint]) -> io::Result<Probe> {
    Probe::grpc(client, endpoints, METHOD)
}

#[cfg(feature = "grpc")]
fn called(client: ClientSettings, endpoint: Endpoint, export: Export) -> io::Result<Post<Export>> {
    Post::grpc(client, endpoint, METHOD, export)
}

type OnFailure = Box<dyn FnMut(&Failure<'_>) + Send>;
type OnRetry = Box<dyn FnMut(&Retrying<'_>) + Send>;
type OnWarning = Box<dyn FnMut(&str) + Send>;
#[cfg(all(feature = "journal", unix))]
type OnTrouble = Box<dyn FnMut(&journal::Error) + Send>;

/// How spans are gathered and sent.
#[must_use]
pub struct Settings {
    queue: queue::Settings,
    client: ClientSettings,
    retry: Retry,
    encoding: Encoding,
    most_bytes: usize,
    most_records: u64,
    /// Further places beside the first.
    others: Vec<Endpoint>,
    /// What stands behind the path of each place.
    path: Option<&'static str>,
    transport: Transport,
    question: Question,
    on_failure: OnFailure,
    on_retry: OnRetry,
    on_warning: OnWarning,
    #[cfg(all(feature = "journal", unix))]
    durable: Option<(journal::Settings, OnTrouble)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

impl Settings {
    /// The most spans of a request by default.
    pub const MOST_SPANS: u64 = 2_048;

    /// 8 MiB of spans at most, sent at 256 KiB or after a second, in requests of at most 1 MiB and 2,048 spans; defaults of
    /// [`ClientSettings`] and [`Retry`].
    pub fn new() -> Self {
        let queue =
            queue::Settings::new(PIPELINE).batch_bytes(256 * 1024).linger(std::time::Duration::from_secs(1));
        Self {
            queue,
            client: ClientSettings::new(),
            retry: Retry::new(),
            encoding: Encoding::Plain,
            most_bytes: 1 << 20,
            most_records: Self::MOST_SPANS,
            others: Vec::new(),
            path: Some(PATH),
            transport: posted,
            question: asked,
            on_failure: Box::new(|_| ()),
            on_retry: Box::new(|_| ()),
            on_warning: Box::new(|_| ()),
            #[cfg(all(feature = "journal", unix))]
            durable: None,
        }
    }

    /// Bounds of the queue and its name on metrics ([`PIPELINE`]); default see [`Settings::new`].
    pub fn queue(mut self, queue: queue::Settings) -> Self {
        self.queue = queue;
        self
    }

    /// Time-outs and headers; default [`ClientSettings::new`].
    pub fn client(mut self, client: ClientSettings) -> Self {
        self.client = client;
        self
    }

    /// Retries; default [`Retry::new`].
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Posts to the endpoint's own path, as `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` asks, instead of appending
    /// [`PATH`].
    pub fn exact_endpoint(mut self) -> Self {
        self.path = None;
        self
    }

    /// A further place that takes the same spans, asked where the one before has trouble; default none.
    pub fn or_at(mut self, endpoint: Endpoint) -> Self {
        self.others.push(endpoint);
        self
    }

    /// Sends by gRPC, to the server that the endpoint names; of its path nothing counts. Default http/protobuf.
    #[cfg(feature = "grpc")]
    pub fn grpc(mut self) -> Self {
        (self.transport, self.question, self.path) = (called, asked_by_call, None);
        self
    }

    /// Posts OTLP's JSON, for receivers that read nothing else: twice as many bytes, and written anew from what waits.
    /// Default http/protobuf.
    pub fn json(mut self) -> Self {
        (self.transport, self.question) = (posted_json, asked_json);
        self
    }

    /// The most spans of one request; default 2,048. One that has more bytes than 1 MiB is cut too.
    pub fn most_spans(mut self, spans: u64) -> Self {
        self.most_records = spans;
        self
    }

    /// How requests are compressed; default not at all.
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Keeps spans in this journal until they are delivered, so that they survive the process; its bound takes the place
    /// of the queue's. `on_trouble` is told when the journal cannot be read, written or made longer. Default memory. How long one batch is
    /// tried is said by [`Settings::retry`]; for ever is `Retry::new().budget(Duration::MAX)`.
    #[cfg(all(feature = "journal", unix))]
    pub fn durable(
        mut self,
        journal: journal::Settings,
        on_trouble: impl FnMut(&journal::Error) + Send + 'static,
    ) -> Self {
        self.durable = Some((journal, Box::new(on_trouble)));
        self
    }

    /// Called on the worker's thread whenever spans are lost; default nothing.
    pub fn on_failure(mut self, hook: impl FnMut(&Failure<'_>) + Send + 'static) -> Self {
        self.on_failure = Box::new(hook);
        self
    }

    /// Called on the worker's thread after each attempt that will be followed by another; default nothing.
    pub fn on_retry(mut self, hook: impl FnMut(&Retrying<'_>) + Send + 'static) -> Self {
        self.on_retry = Box::new(hook);
        self
    }

    /// Called on the worker's thread with what a collector says that has kept all: at most once a minute, and each text
    /// once; default nothing.
    pub fn on_warning(mut self, hook: impl FnMut(&str) + Send + 'static) -> Self {
        self.on_warning = Box::new(hook);
        self
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("queue", &self.queue)
            .field("client", &self.client)
            .field("retry", &self.retry)
            .field("encoding", &self.encoding)
            .finish_non_exhaustive()
    }
}

impl Otlp {
    /// Starts the exporting thread. Its numbers are registered with the base; the worker's end delivers what waits.
    ///
    /// # Errors
    /// When the operating system gives no thread or no event queue. Whether the endpoint answers is not tried.
    pub fn spawn(base: &Arc<Base>, endpoint: Endpoint, settings: Settings) -> io::Result<(Self, Worker)> {
        let export = Export::new(&base.resource);
        let traffic = Traffic::new();
        let endpoints = std::iter::once(endpoint).chain(settings.others);
        let place =
            |endpoint: Endpoint| settings.path.map_or_else(|| endpoint.clone(), |path| endpoint.join(path));
        let endpoints: Vec<_> = endpoints.map(place).collect();
        let Some(first) = endpoints.first().cloned() else {
            return Err(io::Error::other("there is no endpoint"));
        };
        let probe = (settings.question)(settings.client.clone(), &endpoints)?;
        let post = (settings.transport)(settings.client, first, export)?
            .endpoints(endpoints)
            .traffic(&traffic)
            .encoding(settings.encoding)
            .most_bytes(settings.most_bytes)
            .most_records(settings.most_records)
            .retry(settings.retry)
            .clock(base.clock.clone())
            .on_failure(settings.on_failure)
            .on_retry(settings.on_retry)
            .on_warning(settings.on_warning);
        #[cfg(all(feature = "journal", unix))]
        let worker = match settings.durable {
            Some((journal, on_trouble)) => {
                let journal = Journal::open(journal.content("otlp spans")).map_err(io::Error::other)?;
                let durable = Durable::new(journal).on_trouble(on_trouble);
                Worker::spawn_durable(settings.queue, durable, "obs-traces", post)?
            }
            None => Worker::spawn(settings.queue, "obs-traces", post)?,
        };
        #[cfg(not(all(feature = "journal", unix)))]
        let worker = Worker::spawn(settings.queue, "obs-traces", post)?;
        let queue = worker.queue().clone();
        base.sources.register(Arc::new(queue.clone()));
        let remote = Arc::new(Remote::new(queue.clone(), traffic).probe(probe));
        base.sources.register(Arc::clone(&remote) as _);
        Ok((Self { queue, remote }, worker))
    }

    /// The queue: its books, and a flush.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// What is to be seen of the way to the collector: its traffic, its troubles, and whether it is there.
    pub fn remote(&self) -> &Arc<Remote> {
        &self.remote
    }
}

impl SpanSink for Otlp {
    fn export(&self, span: &SpanRecord<'_>) {
        encode::with_span(span, |bytes| self.queue.push(bytes));
    }

    fn export_encoded(&self, span: &[u8]) {
        self.queue.push(span);
    }
}
