//! Rate, errors and duration of every request, and how many are in flight.

use std::sync::OnceLock;
use std::time::Duration;

use obs_core::Outcome;
use obs_core::context::{Context, Ids, Muted, Route};
use obs_core::keys::{Metric, metric};
use obs_core::observe::{End, Method, Observer, Request, UpgradeEnd, Verdict};

use crate::lately::{self, Lately};
use crate::rpc::RpcRed;
use crate::{Counter, Histogram, Recorder};

/// Counts and times requests under their route template, method and status.
///
/// - A request whose client went away is counted and timed in the families of its own, and nowhere else.
/// - Every other one is counted under its status, or the status it implies ([`End::status_or_implied`]), and timed.
/// - Server errors, panics and time-outs are counted by kind besides.
/// - A request that is kept leaves an exemplar in the bucket of its duration.
/// - Sizes of bodies and the time to the response's head are counted where [`Red::measuring`] asks for it.
/// - A connection that is in use for another protocol after a request has families of its own.
/// - Remote procedure calls have families of their own, under service, method and code, and are in none of the others.
#[derive(Debug)]
pub struct Red {
    recorder: Recorder,
    in_flight: metrics::Gauge,
    rpc: RpcRed,
    measured: Measured,
    /// Most services have none.
    upgraded: OnceLock<metrics::Gauge>,
}

/// What is measured of requests that are not cancelled, beside their duration; default none of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Measured {
    /// The sizes of both bodies.
    pub sizes: bool,
    /// The time to the response's head.
    pub head: bool,
}

impl Red {
    /// An observer that counts in `recorder`.
    pub fn new(recorder: &Recorder) -> Self {
        // The recorder declares our own families before any user can.
        Self {
            recorder: recorder.clone(),
            in_flight: gauge(recorder, &metric::HTTP_REQUESTS_IN_FLIGHT),
            rpc: RpcRed::new(recorder),
            measured: Measured::default(),
            upgraded: OnceLock::new(),
        }
    }

    /// The same, which counts what else is measured.
    #[must_use]
    pub fn measuring(mut self, measured: Measured) -> Self {
        self.measured = measured;
        self
    }

    fn in_use(&self) -> &metrics::Gauge {
        self.upgraded.get_or_init(|| gauge(&self.recorder, &metric::HTTP_UPGRADED_IN_FLIGHT))
    }

    fn handles(&self, key: &Key) -> OfRequest {
        let (route, method) = (key.route.as_str(), key.method.as_str());
        let mut status = itoa::Buffer::new();
        let status = status.format(key.status);
        let counter = |metric: &Metric, labels: &[&str]| {
            self.recorder.counter(metric.name, &pairs(metric, labels)).unwrap_or(Counter::noop())
        };
        let histogram = |metric: &Metric| {
            let labels = pairs(metric, &[route, method]);
            self.recorder.histogram(metric.name, &labels).unwrap_or(Histogram::noop())
        };
        if key.outcome == Outcome::Cancelled {
            let handles = Handles {
                count: counter(&metric::HTTP_REQUESTS_CANCELLED, &[route, method]),
                duration: histogram(&metric::HTTP_REQUEST_CANCELLED_DURATION),
                errors: None,
            };
            return OfRequest { handles, more: None };
        }
        let Measured { sizes, head } = self.measured;
        let more = (sizes || head).then(|| {
            Box::new(More {
                head: head.then(|| histogram(&metric::HTTP_RESPONSE_HEAD_DURATION)),
                request: sizes.then(|| histogram(&metric::HTTP_REQUEST_BODY_SIZE)),
                response: sizes.then(|| histogram(&metric::HTTP_RESPONSE_BODY_SIZE)),
            })
        });
        let kind = key.outcome.is_error().then_some(key.outcome.as_str());
        let handles = Handles {
            count: counter(&metric::HTTP_REQUESTS, &[route, method, status]),
            duration: histogram(&metric::HTTP_REQUEST_DURATION),
            errors: kind.map(|kind| counter(&metric::HTTP_REQUEST_ERRORS, &[route, method, kind])),
        };
        OfRequest { handles, more }
    }
}

fn gauge(recorder: &Recorder, metric: &Metric) -> metrics::Gauge {
    recorder.gauge(metric.name, &[]).unwrap_or(metrics::Gauge::noop())
}

pub(crate) fn pairs<'a>(metric: &Metric, values: &[&'a str]) -> Vec<(&'static str, &'a str)> {
    metric.labels.iter().copied().zip(values.iter().copied()).collect()
}

impl Observer for Red {
    fn start(&self, context: &Context, request: &Request<'_>) {
        if context.local().mutes(Muted::METRICS) {
            return;
        }
        match request.rpc {
            None => self.in_flight.increment(1.0),
            Some(call) => self.rpc.start(call),
        }
    }

    fn finish(&self, context: &Context, request: &Request<'_>, end: &End<'_>, verdict: Verdict) {
        if context.local().mutes(Muted::METRICS) {
            return;
        }
        if let Some((call, how)) = request.rpc.zip(end.rpc) {
            return self.rpc.finish(context, call, (end, how), verdict);
        }
        self.in_flight.decrement(1.0);
        let route = context.local().route().unwrap_or(Route::UNMATCHED);
        // Cancelled requests are counted without a status, so that it makes no entries in the cache either.
        let status = if end.outcome == Outcome::Cancelled { 0 } else { end.status_or_implied() };
        let key =
            Key { recorder: self.recorder.0.id, route, method: request.method, status, outcome: end.outcome };
        let ids = (verdict == Verdict::Keep).then(|| context.ids());
        Lately::with(
            &LATELY,
            key,
            |key| self.handles(key),
            |of| {
                of.handles.count(end.duration, ids.as_ref());
                if let Some(more) = &of.more {
                    more.count(end, ids.as_ref());
                }
            },
        );
    }

    fn upgraded(&self, context: &Context, _: &Request<'_>) {
        if !context.local().mutes(Muted::METRICS) {
            self.in_use().increment(1.0);
        }
    }

    fn closed(&self, context: &Context, _: &Request<'_>, end: &UpgradeEnd<'_>) {
        if context.local().mutes(Muted::METRICS) {
            return;
        }
        self.in_use().decrement(1.0);
        let route = context.local().route().unwrap_or(Route::UNMATCHED).as_str();
        let count = pairs(&metric::HTTP_UPGRADED, &[route, end.outcome.as_str()]);
        if let Ok(count) = self.recorder.counter(metric::HTTP_UPGRADED.name, &count) {
            count.add_of(1, None);
        }
        let duration = pairs(&metric::HTTP_UPGRADED_DURATION, &[route]);
        if let Ok(duration) = self.recorder.histogram(metric::HTTP_UPGRADED_DURATION.name, &duration) {
            duration.observe_of(end.duration.as_secs_f64(), None);
        }
    }
}

/// What one kind of request, or of operation, updates.
pub(crate) struct Handles {
    pub(crate) count: Counter,
    pub(crate) duration: Histogram,
    pub(crate) errors: Option<Counter>,
}

struct OfRequest {
    handles: Handles,
    /// Where more is measured.
    more: Option<Box<More>>,
}

/// What is measured by option.
struct More {
    head: Option<Histogram>,
    request: Option<Histogram>,
    response: Option<Histogram>,
}

impl More {
    fn count(&self, end: &End<'_>, ids: Option<&Ids>) {
        if let Some((histogram, head)) = self.head.as_ref().zip(end.head) {
            histogram.observe_of(head.as_secs_f64(), ids);
        }
        if let Some((histogram, bytes)) = self.request.as_ref().zip(end.request_bytes) {
            histogram.observe_of(bytes as f64, ids);
        }
        // Without a head nothing was sent that anybody could take for a response.
        if let (Some(histogram), Some(_)) = (&self.response, end.status) {
            histogram.observe_of(end.response_bytes as f64, ids);
        }
    }
}

impl Handles {
    #[inline]
    pub(crate) fn count(&self, duration: Duration, ids: Option<&Ids>) {
        self.count.add_of(1, ids);
        self.duration.observe_of(duration.as_secs_f64(), ids);
        if let Some(errors) = &self.errors {
            errors.add_of(1, ids);
        }
    }
}

#[derive(Clone, Copy)]
struct Key {
    recorder: u64,
    route: Route,
    method: Method,
    status: u16,
    outcome: Outcome,
}

thread_local! {
    static LATELY: Lately<Key, OfRequest> = const { Lately::new() };
}

impl lately::Key for Key {
    #[inline]
    fn mixed(&self) -> u64 {
        let route = self.route.as_str();
        let small = u64::from(self.status) << 16 | (self.outcome as u64) << 8 | self.method as u64;
        // A template stands at one address for the life of the process.
        (route.as_ptr() as u64 ^ self.recorder << 48 ^ small << 20 ^ small)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    #[inline]
    fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self.route.as_str(), other.route.as_str())
            && self.recorder == other.recorder
            && self.status == other.status
            && self.method == other.method
            && self.outcome == other.outcome
    }
}
