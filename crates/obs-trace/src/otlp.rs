//! Spans to a collector as OTLP, by http/protobuf or gRPC: encoded where they end, sent from a thread of their own.

use std::fmt;
use std::io;
use std::sync::Arc;

use obs_core::Base;
use obs_export::http::{Client, ClientSettings, Encoding, Endpoint, Failure, Post, Retry, Retrying};
use obs_export::otlp::{CONTENT_TYPE, Export};
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
pub struct Otlp(Queue);

/// Makes what sends batches to an endpoint.
type Transport = fn(ClientSettings, Endpoint, Export) -> io::Result<Post<Export>>;

fn posted_below(client: ClientSettings, endpoint: Endpoint, export: Export) -> io::Result<Post<Export>> {
    posted_at(client, endpoint.join(PATH), export)
}

fn posted_at(client: ClientSettings, endpoint: Endpoint, export: Export) -> io::Result<Post<Export>> {
    Ok(Post::new(Client::new(client)?, endpoint, CONTENT_TYPE, export))
}

#[cfg(feature = "grpc")]
fn called(client: ClientSettings, endpoint: Endpoint, export: Export) -> io::Result<Post<Export>> {
    Post::grpc(client, endpoint, METHOD, export)
}

type OnFailure = Box<dyn FnMut(&Failure<'_>) + Send>;
type OnRetry = Box<dyn FnMut(&Retrying<'_>) + Send>;

/// How spans are gathered and sent.
#[must_use]
pub struct Settings {
    queue: queue::Settings,
    client: ClientSettings,
    retry: Retry,
    encoding: Encoding,
    transport: Transport,
    on_failure: OnFailure,
    on_retry: OnRetry,
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

impl Settings {
    /// 8 MiB of spans at most, sent at 256 KiB or after a second; defaults of [`ClientSettings`] and [`Retry`].
    pub fn new() -> Self {
        let queue =
            queue::Settings::new(PIPELINE).batch_bytes(256 * 1024).linger(std::time::Duration::from_secs(1));
        Self {
            queue,
            client: ClientSettings::new(),
            retry: Retry::new(),
            encoding: Encoding::Plain,
            transport: posted_below,
            on_failure: Box::new(|_| ()),
            on_retry: Box::new(|_| ()),
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
        self.transport = posted_at;
        self
    }

    /// Sends by gRPC, to the server that the endpoint names; of its path nothing counts. Default http/protobuf.
    #[cfg(feature = "grpc")]
    pub fn grpc(mut self) -> Self {
        self.transport = called;
        self
    }

    /// How requests are compressed; default not at all.
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
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
        let post = (settings.transport)(settings.client, endpoint, export)?
            .encoding(settings.encoding)
            .retry(settings.retry)
            .clock(base.clock.clone())
            .on_failure(settings.on_failure)
            .on_retry(settings.on_retry);
        let worker = Worker::spawn(settings.queue, "obs-traces", post)?;
        let queue = worker.queue().clone();
        base.sources.register(Arc::new(queue.clone()));
        Ok((Self(queue), worker))
    }

    /// The queue: its books, and a flush.
    pub fn queue(&self) -> &Queue {
        &self.0
    }
}

impl SpanSink for Otlp {
    fn export(&self, span: &SpanRecord<'_>) {
        encode::with_span(span, |bytes| self.0.push(bytes));
    }
}
