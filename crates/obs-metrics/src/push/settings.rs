//! What remote write and OTLP have in common: how often, how much may wait, and by which rules it is sent.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use obs_export::http::{Attempts, Client, ClientSettings, Retry, Traffic};
#[cfg(all(feature = "journal", unix))]
use obs_export::journal::{self, Journal};
#[cfg(all(feature = "journal", unix))]
use obs_export::queue::Durable;
use obs_export::queue::{self, Sink, Worker};

use super::{OnFailure, PushError};
use crate::recorder::Inner;

/// How snapshots are taken, kept and sent.
#[derive(Clone)]
#[must_use]
pub struct Settings {
    pub(super) interval: Option<Duration>,
    client: ClientSettings,
    retry: Retry,
    capacity_bytes: usize,
    pipeline: Option<&'static str>,
    pub(super) on_failure: OnFailure,
    #[cfg(all(feature = "journal", unix))]
    journal: Option<journal::Settings>,
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

impl Settings {
    /// Every 15 s, at most 8 MiB that wait, and defaults of [`ClientSettings`] and [`Retry`].
    pub fn new() -> Self {
        Self {
            interval: Some(Duration::from_secs(15)),
            client: ClientSettings::new(),
            retry: Retry::new(),
            capacity_bytes: 8 * 1024 * 1024,
            pipeline: None,
            on_failure: Arc::new(|_| ()),
            #[cfg(all(feature = "journal", unix))]
            journal: None,
        }
    }

    /// How often a snapshot is taken; default 15 s, at least 1 ms.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// Takes snapshots only on a flush and at the end: for functions that are called now and then.
    pub fn on_flush(mut self) -> Self {
        self.interval = None;
        self
    }

    /// Time-outs, credentials and TLS; default [`ClientSettings::new`].
    pub fn client(mut self, client: ClientSettings) -> Self {
        self.client = client;
        self
    }

    /// For how long a snapshot is tried, and in which rhythm; default [`Retry::new`]. Those behind it wait.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// The most bytes of snapshots that wait or are being sent; default 8 MiB. A snapshot that does not fit is dropped and
    /// counted in `obs_pipeline_dropped_total`.
    pub fn capacity_bytes(mut self, bytes: usize) -> Self {
        self.capacity_bytes = bytes;
        self
    }

    /// Keeps snapshots in this journal until they are delivered, so that those that were taken before an outage, or before
    /// the process was killed, arrive after it; its bound takes the place of [`Settings::capacity_bytes`]. Default memory.
    ///
    /// Snapshots are sent in their order, so that what is given up is what [`Settings::retry`] says; for ever is
    /// `Retry::new().budget(Duration::MAX)`. A server that takes no samples as old as that refuses them.
    #[cfg(all(feature = "journal", unix))]
    pub fn durable(mut self, journal: journal::Settings) -> Self {
        self.journal = Some(journal);
        self
    }

    /// The name it has on metrics, where there are several of a kind; default `metrics_remote_write` or `metrics_otlp`.
    pub fn pipeline(mut self, name: &'static str) -> Self {
        self.pipeline = Some(name);
        self
    }

    /// Called on the sending thread of each snapshot that is lost; default nothing.
    pub fn on_failure(mut self, hook: impl Fn(&PushError) + Send + Sync + 'static) -> Self {
        self.on_failure = Arc::new(hook);
        self
    }

    pub(super) fn pipeline_or(&self, name: &'static str) -> &'static str {
        self.pipeline.unwrap_or(name)
    }

    /// Starts the thread that sends; `content` is what a journal is said to hold.
    pub(super) fn spawn(
        &self,
        pipeline: &'static str,
        content: &str,
        sink: impl Sink + 'static,
    ) -> std::io::Result<Worker> {
        let queue = queue::Settings::new(pipeline).capacity_bytes(self.capacity_bytes).one_by_one();
        #[cfg(all(feature = "journal", unix))]
        if let Some(journal) = &self.journal {
            let journal = Journal::open(journal.clone().content(content)).map_err(std::io::Error::other)?;
            return Worker::spawn_durable(queue, Durable::new(journal), "obs-push", sink);
        }
        #[cfg(not(all(feature = "journal", unix)))]
        let _ = content;
        Worker::spawn(queue, "obs-push", sink)
    }

    pub(super) fn attempts(
        &self,
        recorder: &Inner,
        retry: impl Fn(Retry) -> Retry,
    ) -> std::io::Result<(Attempts, Traffic)> {
        let (client, traffic) = (Client::new(self.client.clone())?, Traffic::new());
        let attempts = Attempts::new(client).retry(retry(self.retry.clone())).traffic(&traffic);
        Ok((attempts.clock(recorder.base.clock.clone()), traffic))
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("interval", &self.interval)
            .field("client", &self.client)
            .field("retry", &self.retry)
            .field("capacity_bytes", &self.capacity_bytes)
            .finish_non_exhaustive()
    }
}
