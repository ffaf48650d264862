//! To whatever takes Prometheus remote write: 2.0 where it is understood, 1.0 for good where it is not.

mod classic;
mod sink;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use metrics_exporter_prometheus::formatting::sanitize_label_key;
use obs_core::Resource;
use obs_core::keys::resource;
use obs_export::http::{Endpoint, Remote, Retry};

use super::books::{Books, Outcome};
use super::timeline::Timeline;
use super::{Periodic, Settings, record};
use crate::expose::remote_write::{self, Stamp};
use crate::{BuildError, Recorder};

/// Sends samples of all series each interval; begun by [`RemoteWrite::builder`].
///
/// It begins with remote write 2.0. A server that answers 415, or 2xx without saying how much it has written, is one
/// of before 2.0: it is sent the same snapshot as 1.0, and all later ones.
#[derive(Debug)]
pub struct RemoteWrite;

impl RemoteWrite {
    /// The name of the way out on metrics.
    pub const PIPELINE: &'static str = "metrics_remote_write";

    /// Begins with the whole address, such as `http://127.0.0.1:9090/api/v1/write`.
    pub fn builder(recorder: &Recorder, endpoint: impl Into<String>) -> RemoteWriteBuilder {
        let resource = &recorder.0.base.resource;
        let instance = resource.instance.clone().unwrap_or_default();
        RemoteWriteBuilder {
            labels: vec![("job".to_owned(), job(resource)), ("instance".to_owned(), instance)],
            recorder: recorder.clone(),
            endpoint: endpoint.into(),
            version: WriteVersion::Negotiated,
            settings: Settings::new(),
        }
    }
}

/// As an OpenTelemetry collector and Prometheus' own OTLP receiver make it of the resource.
fn job(service: &Resource) -> String {
    let namespace = service.iter().find(|(key, _)| *key == resource::SERVICE_NAMESPACE);
    match namespace {
        Some((_, namespace)) if !namespace.is_empty() => format!("{namespace}/{}", service.name),
        _ => service.name.clone(),
    }
}

/// Which remote write is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WriteVersion {
    /// 2.0 until the server shows that it does not know it, then 1.0.
    #[default]
    Negotiated,
    /// 1.0 from the beginning.
    V1,
}

/// Where samples are sent, and how.
#[must_use = "nothing is sent before `start`"]
pub struct RemoteWriteBuilder {
    recorder: Recorder,
    endpoint: String,
    /// Job and instance first.
    labels: Vec<(String, String)>,
    version: WriteVersion,
    settings: Settings,
}

impl RemoteWriteBuilder {
    /// The label `job` of all series; default the service's name, with its namespace and a slash before it where it has
    /// one.
    pub fn job(self, job: impl Into<String>) -> Self {
        self.label("job", job)
    }

    /// The label `instance` of all series; default `service.instance.id`, and without one none.
    pub fn instance(self, instance: impl Into<String>) -> Self {
        self.label("instance", instance)
    }

    /// A label of all series that have none of that name themselves; a second value replaces the first, and an empty one
    /// stands for no label. Default: `job` and `instance`.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        match self.labels.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.labels.push((name, value)),
        }
        self
    }

    /// Which remote write is spoken; default [`WriteVersion::Negotiated`].
    pub fn version(mut self, version: WriteVersion) -> Self {
        self.version = version;
        self
    }

    /// Intervals, bounds and rules; default [`Settings::new`]. All answers of 500 to 599 are tried again, and 429.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Starts two threads: one takes a snapshot each interval, one sends it. Their numbers are registered with the
    /// recorder's base.
    ///
    /// # Errors
    /// Every mistake at once: an endpoint that is none, labels whose name is invalid or reserved, a file with
    /// certificates that cannot be used, or no thread to be had. Whether the endpoint answers is not tried.
    pub fn start(self) -> Result<Periodic, BuildError> {
        let mut mistakes = Vec::new();
        let endpoint = Endpoint::parse(&self.endpoint).map_err(|error| mistakes.push(error.to_string()));
        for (name, _) in &self.labels {
            if name.is_empty() || sanitize_label_key(name) != *name {
                mistakes.push(format!("label `{name}`: the name must match [a-zA-Z_][a-zA-Z0-9_]*"));
            } else if name.starts_with("__") || matches!(name.as_str(), "le" | "quantile") {
                mistakes.push(format!("label `{name}`: the name is reserved"));
            }
        }
        let (Ok(endpoint), true) = (endpoint, mistakes.is_empty()) else {
            return Err(BuildError { mistakes });
        };
        let (recorder, settings, labels) = (self.recorder, self.settings, self.labels);
        let base = Arc::clone(&recorder.0.base);
        let pipeline = settings.pipeline_or(RemoteWrite::PIPELINE);
        let books = Books::of(&base, pipeline);
        let (attempts, traffic) =
            settings.attempts(&recorder.0, Retry::server_errors).map_err(BuildError::one)?;
        let on_failure = Arc::clone(&settings.on_failure);
        let sink = sink::Samples::new(endpoint, self.version, attempts, Arc::clone(&books), on_failure);
        let worker = settings.spawn(pipeline, "remote write", sink).map_err(BuildError::one)?;
        let queue = worker.queue().clone();
        base.sources.register(Arc::new(queue.clone()));
        base.sources.register(Arc::new(Remote::new(queue.clone(), traffic)));
        let timeline = Mutex::new(Timeline::default());
        let tick = move || {
            let mut timeline = timeline.lock().unwrap_or_else(PoisonError::into_inner);
            let now = recorder.0.base.clock.now().unix_nanos() / 1_000_000;
            let Some(moment) = timeline.next(now) else { return books.count(Outcome::Skipped) };
            let stamp =
                Stamp { labels: &labels, millis: moment.millis, exemplars_since: moment.exemplars_since() };
            for request in remote_write::remote_write(&recorder.0, &stamp) {
                queue.push(&record::write(request.samples, &request.bytes));
            }
        };
        Periodic::start(worker, settings.interval, tick).map_err(BuildError::one)
    }
}

impl fmt::Debug for RemoteWriteBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteWriteBuilder")
            .field("labels", &self.labels)
            .field("version", &self.version)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
