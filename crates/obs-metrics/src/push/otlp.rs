//! To an OpenTelemetry collector as OTLP http/protobuf, cumulative.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::Method;
use obs_export::http::{Attempts, Call, Endpoint, Remote, Response, SendError};
use obs_export::otlp::{CONTENT_TYPE, Envelope, rejected};
use obs_export::queue::{Batch, Control, Delivery, Reason, Sink};

use super::books::{Books, Outcome};
use super::timeline::Timeline;
use super::{OnFailure, Periodic, PushError, Settings, record};
use crate::{BuildError, Recorder, expose};

/// Sends all metrics to a collector each interval; begun by [`Otlp::builder`].
///
/// Counters are monotonic sums and histograms have their fixed bounds, both cumulative since their series began;
/// everything else is a gauge. The labels are attributes of the data points, the service's identity is the resource.
#[derive(Debug)]
pub struct Otlp;

impl Otlp {
    /// The name of the way out on metrics.
    pub const PIPELINE: &'static str = "metrics_otlp";
    /// What is appended to an endpoint that serves all signals.
    pub const PATH: &'static str = "/v1/metrics";

    /// Begins with the address of the collector, such as `http://127.0.0.1:4318`.
    pub fn builder(recorder: &Recorder, endpoint: impl Into<String>) -> OtlpBuilder {
        let settings = Settings::new();
        OtlpBuilder { recorder: recorder.clone(), endpoint: endpoint.into(), exact: false, settings }
    }
}

/// Where metrics are sent as OTLP, and how.
#[must_use = "nothing is sent before `start`"]
pub struct OtlpBuilder {
    recorder: Recorder,
    endpoint: String,
    exact: bool,
    settings: Settings,
}

impl OtlpBuilder {
    /// Intervals, bounds and rules; default [`Settings::new`].
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Posts to the endpoint's own path, as `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT` asks, instead of appending
    /// [`Otlp::PATH`].
    pub fn exact_endpoint(mut self) -> Self {
        self.exact = true;
        self
    }

    /// Starts two threads: one takes a snapshot each interval, one sends it. Their numbers are registered with the
    /// recorder's base.
    ///
    /// # Errors
    /// An endpoint that is none, a file with certificates that cannot be used, or no thread to be had. Whether the
    /// endpoint answers is not tried.
    pub fn start(self) -> Result<Periodic, BuildError> {
        let endpoint = Endpoint::parse(&self.endpoint).map_err(BuildError::one)?;
        let endpoint = if self.exact { endpoint } else { endpoint.join(Otlp::PATH) };
        let (recorder, settings) = (self.recorder, self.settings);
        let base = Arc::clone(&recorder.0.base);
        let pipeline = settings.pipeline_or(Otlp::PIPELINE);
        let books = Books::of(&base, pipeline);
        let (attempts, traffic) = settings.attempts(&recorder.0, |retry| retry).map_err(BuildError::one)?;
        let sink = Metrics {
            call: Call::new(Method::POST, endpoint),
            attempts,
            books: Arc::clone(&books),
            on_failure: Arc::clone(&settings.on_failure),
        };
        let worker = settings.spawn(pipeline, "otlp metrics", sink).map_err(BuildError::one)?;
        let queue = worker.queue().clone();
        base.sources.register(Arc::new(queue.clone()));
        base.sources.register(Arc::new(Remote::new(queue.clone(), traffic)));
        let envelope = Envelope::new(&base.resource);
        let timeline = Mutex::new(Timeline::default());
        let tick = move || {
            let mut timeline = timeline.lock().unwrap_or_else(PoisonError::into_inner);
            let now = recorder.0.base.clock.now().unix_nanos() / 1_000_000;
            let Some(moment) = timeline.next(now) else { return books.count(Outcome::Skipped) };
            let (metrics, points) = expose::otlp(&recorder.0, moment.millis, moment.exemplars_since());
            if points > 0 {
                let mut request = Vec::with_capacity(metrics.len() + 1_024);
                envelope.write(metrics.len(), &mut request);
                request.extend_from_slice(&metrics);
                queue.push(&record::write(points, &request));
            }
        };
        Periodic::start(worker, settings.interval, tick).map_err(BuildError::one)
    }
}

impl fmt::Debug for OtlpBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtlpBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The sending end.
struct Metrics {
    call: Call,
    attempts: Attempts,
    books: Arc<Books>,
    on_failure: OnFailure,
}

impl Sink for Metrics {
    fn deliver(&mut self, batch: &mut Batch, control: &Control) -> Delivery {
        let (points, request) = record::read(&batch.bytes);
        let call = self.call.clone().body(CONTENT_TYPE, Bytes::copy_from_slice(request));
        let tried = self.attempts.send(&call, control, |_| ());
        let reason = tried.lost.unwrap_or(Reason::Rejected);
        let kept = tried.into_result().and_then(|response| kept(&response, points));
        self.books.count(Outcome::of(&kept));
        match kept {
            Ok(lost) => {
                self.books.lose_samples(lost);
                Delivery::Delivered
            }
            Err(error) => {
                if reason == Reason::Rejected {
                    self.books.lose_samples(points.into());
                }
                (self.on_failure)(&error);
                Delivery::Dropped(reason, batch.records)
            }
        }
    }
}

/// How many of the data points a 2xx answer says were refused. One without a body, or with one in JSON, is taken at its
/// word; anything else that is no `ExportMetricsServiceResponse` comes from something that has not kept them.
fn kept(response: &Response, points: u32) -> Result<u64, PushError> {
    if response.content_type() == Some("application/json") {
        return Ok(0);
    }
    let refused = rejected(&response.body).map_err(|_| PushError::Answer(SendError::Foreign))?;
    Ok(refused.min(points.into()))
}
