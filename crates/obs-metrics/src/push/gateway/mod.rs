//! Into a Prometheus Pushgateway, which keeps the last push of each group for Prometheus to scrape.

mod builder;
mod sink;

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use obs_export::http::{Attempts, Call, ClientSettings, Endpoint, Once, Response, Retry};
use obs_export::queue::{self, Worker};

pub use builder::{AtEnd, Compression, PushgatewayBuilder};

use super::books::{Books, Outcome};
use super::{OnFailure, Periodic, PushError};
use crate::{Format, Recorder};

/// One group of a Pushgateway, and the recorder that fills it. Clones are cheap and share everything.
///
/// Everything the recorder holds is pushed, in the text format 0.0.4. The labels of the group go over labels of the
/// same names in the samples.
#[derive(Clone)]
pub struct Pushgateway(Arc<Group>);

/// All of it but the way to send.
struct Group {
    recorder: Recorder,
    endpoint: Endpoint,
    compression: Compression,
    client: ClientSettings,
    retry: Retry,
    at_end: AtEnd,
    pipeline: &'static str,
    books: Arc<Books>,
    on_failure: OnFailure,
}

impl Pushgateway {
    /// The name of the way out on metrics.
    pub const PIPELINE: &'static str = "metrics_pushgateway";

    /// Begins with the address of the gateway, such as `http://127.0.0.1:9091`; the path of the group comes behind its
    /// own path.
    pub fn builder(recorder: &Recorder, endpoint: impl Into<String>) -> PushgatewayBuilder {
        PushgatewayBuilder::new(recorder, endpoint.into())
    }

    /// Replaces all that the group has (PUT), and blocks this thread until the gateway has taken it, at most for
    /// `deadline`. May be called on any thread; on one of an async runtime nothing else runs there meanwhile.
    ///
    /// # Errors
    /// [`PushError`]; a refusal has the gateway's own words, for instance that another group has a metric of the same
    /// name and another type.
    pub fn push(&self, deadline: Duration) -> Result<(), PushError> {
        self.0.counted(self.once().call(self.0.filled(Method::PUT), deadline))
    }

    /// Replaces the group's metrics that have names of ours and leaves the others (POST), else as
    /// [`push`](Self::push).
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn add(&self, deadline: Duration) -> Result<(), PushError> {
        self.0.counted(self.once().call(self.0.filled(Method::POST), deadline))
    }

    /// Deletes the group, if it is there, else as [`push`](Self::push).
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn delete(&self, deadline: Duration) -> Result<(), PushError> {
        self.once().call(self.0.deletion(), deadline).map(drop)
    }

    /// [`push`](Self::push) for async code.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    ///
    /// # Cancel safety
    /// The push goes on where its future is dropped, until the deadline, and is not counted.
    pub fn push_async(
        &self,
        deadline: Duration,
    ) -> impl Future<Output = Result<(), PushError>> + Send + use<> {
        self.sent(Method::PUT, deadline)
    }

    /// [`add`](Self::add) for async code.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    ///
    /// # Cancel safety
    /// As [`push_async`](Self::push_async).
    pub fn add_async(
        &self,
        deadline: Duration,
    ) -> impl Future<Output = Result<(), PushError>> + Send + use<> {
        self.sent(Method::POST, deadline)
    }

    /// [`delete`](Self::delete) for async code.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    ///
    /// # Cancel safety
    /// The deletion goes on where its future is dropped, until the deadline.
    pub fn delete_async(
        &self,
        deadline: Duration,
    ) -> impl Future<Output = Result<(), PushError>> + Send + use<> {
        let deletion = self.once().call_async(self.0.deletion(), deadline);
        async move { deletion.await.map(drop) }
    }

    /// Pushes (PUT) each `interval`, at least 1 ms, from a thread of its own, and once more at the end. A push that fails is tried
    /// again until the next one is due.
    ///
    /// # Errors
    /// When the operating system gives no thread or no event queue, or a file with certificates cannot be used.
    pub fn every(&self, interval: Duration) -> io::Result<Periodic> {
        self.start(Some(interval))
    }

    /// Pushes (PUT) when it is flushed, and once more at the end: for what is called now and then.
    ///
    /// # Errors
    /// As [`every`](Self::every).
    pub fn on_flush(&self) -> io::Result<Periodic> {
        self.start(None)
    }

    fn start(&self, interval: Option<Duration>) -> io::Result<Periodic> {
        let group = Arc::clone(&self.0);
        let retry = group.retry.clone().budget_within(interval.unwrap_or(Duration::MAX));
        let client = obs_export::http::Client::new(group.client.clone())?;
        let attempts = Attempts::new(client).retry(retry).clock(group.recorder.0.base.clock.clone());
        // What is queued is only that a push is due; the sink renders what there is by then.
        let settings = queue::Settings::new(group.pipeline).linger(Duration::ZERO).capacity_bytes(1_024);
        let worker = Worker::spawn(settings, "obs-push", sink::Pushes::new(group, attempts))?;
        let due = worker.queue().clone();
        Periodic::start(worker, interval, move || due.push(b"."))
    }

    fn once(&self) -> Once {
        let clock = self.0.recorder.0.base.clock.clone();
        Once::new(self.0.client.clone(), self.0.retry.clone()).clock(clock)
    }

    fn sent(
        &self,
        method: Method,
        deadline: Duration,
    ) -> impl Future<Output = Result<(), PushError>> + Send + use<> {
        let group = Arc::clone(&self.0);
        let sent = self.once().call_async(group.filled(method), deadline);
        async move { group.counted(sent.await) }
    }
}

impl Group {
    fn filled(&self, method: Method) -> Call {
        let body = Bytes::from(self.recorder.render(Format::Text));
        let call = Call::new(method, self.endpoint.clone()).body(Format::Text.content_type(), body);
        match self.compression {
            Compression::None => call,
            Compression::Gzip => call.gzip(),
        }
    }

    fn deletion(&self) -> Call {
        Call::new(Method::DELETE, self.endpoint.clone())
    }

    fn counted(&self, result: Result<Response, PushError>) -> Result<(), PushError> {
        self.books.count(Outcome::of(&result));
        result.map(drop)
    }
}

impl fmt::Debug for Pushgateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pushgateway")
            .field("endpoint", &self.0.endpoint)
            .field("client", &self.0.client)
            .field("at_end", &self.0.at_end)
            .finish_non_exhaustive()
    }
}
