//! Rate, errors and duration of every request, and how many are in flight.

use std::time::Duration;

use obs_core::Outcome;
use obs_core::context::{Context, Ids, Route};
use obs_core::keys::{Metric, metric};
use obs_core::observe::{End, Method, Observer, Request, Verdict};

use crate::lately::{self, Lately};
use crate::rpc::RpcRed;
use crate::{Counter, Histogram, Recorder};

/// Counts and times requests under their route template, method and status.
///
/// - A request whose client went away is counted and timed in the families of its own, and nowhere else.
/// - Every other one is counted under its status, or the status it implies ([`End::status_or_implied`]), and timed.
/// - Server errors, panics and time-outs are counted by kind besides.
/// - A request that is kept leaves an exemplar in the bucket of its duration.
/// - Remote procedure calls have families of their own, under service, method and code, and are in none of the others.
#[derive(Debug)]
pub struct Red {
    recorder: Recorder,
    in_flight: metrics::Gauge,
    rpc: RpcRed,
}

impl Red {
    /// An observer that counts in `recorder`.
    pub fn new(recorder: &Recorder) -> Self {
        // The recorder declares our own families before any user can.
        let in_flight =
            recorder.gauge(metric::HTTP_REQUESTS_IN_FLIGHT.name, &[]).unwrap_or(metrics::Gauge::noop());
        Self { recorder: recorder.clone(), in_flight, rpc: RpcRed::new(recorder) }
    }

    fn handles(&self, key: &Key) -> Handles {
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
            return Handles {
                count: counter(&metric::HTTP_REQUESTS_CANCELLED, &[route, method]),
                duration: histogram(&metric::HTTP_REQUEST_CANCELLED_DURATION),
                errors: None,
            };
        }
        let kind = key.outcome.is_error().then_some(key.outcome.as_str());
        Handles {
            count: counter(&metric::HTTP_REQUESTS, &[route, method, status]),
            duration: histogram(&metric::HTTP_REQUEST_DURATION),
            errors: kind.map(|kind| counter(&metric::HTTP_REQUEST_ERRORS, &[route, method, kind])),
        }
    }
}

pub(crate) fn pairs<'a>(metric: &Metric, values: &[&'a str]) -> Vec<(&'static str, &'a str)> {
    metric.labels.iter().copied().zip(values.iter().copied()).collect()
}

impl Observer for Red {
    fn start(&self, _: &Context, request: &Request<'_>) {
        if let Some(call) = request.rpc {
            return self.rpc.start(call);
        }
        self.in_flight.increment(1.0);
    }

    fn finish(&self, context: &Context, request: &Request<'_>, end: &End<'_>, verdict: Verdict) {
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
            |handles| handles.count(end.duration, ids.as_ref()),
        );
    }
}

/// What one kind of request, or of operation, updates.
pub(crate) struct Handles {
    pub(crate) count: Counter,
    pub(crate) duration: Histogram,
    pub(crate) errors: Option<Counter>,
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
    static LATELY: Lately<Key, Handles> = const { Lately::new() };
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
