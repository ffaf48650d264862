//! Rate, errors and duration of remote procedure calls that are served, what went each way, and how many are in flight.

use std::collections::HashMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};

use obs_core::context::{Context, Ids};
use obs_core::keys::{Metric, metric};
use obs_core::observe::{End, RpcCall, RpcCode, RpcEnd, RpcMethod, Verdict};

use crate::lately::{self, Lately};
use crate::red::pairs;
use crate::{Counter, Histogram, Recorder};

/// Counts calls under service, method and code. Whoever tells of them bounds the methods.
pub(crate) struct RpcRed {
    recorder: Recorder,
    /// Held for good, so that none of them is let go of as idle while a call goes on.
    in_flight: RwLock<HashMap<(&'static str, &'static str), metrics::Gauge>>,
}

impl RpcRed {
    pub(crate) fn new(recorder: &Recorder) -> Self {
        Self { recorder: recorder.clone(), in_flight: RwLock::default() }
    }

    pub(crate) fn start(&self, call: &RpcCall) {
        self.in_flight(call.began, |gauge| gauge.increment(1.0));
    }

    pub(crate) fn finish(
        &self,
        context: &Context,
        call: &RpcCall,
        (end, how): (&End<'_>, &RpcEnd),
        verdict: Verdict,
    ) {
        self.in_flight(call.began, |gauge| gauge.decrement(1.0));
        let key = Key {
            recorder: self.recorder.0.id,
            method: call.method,
            code: how.code,
            sees_request: how.request.is_some(),
        };
        let ids = (verdict == Verdict::Keep).then(|| context.ids());
        Lately::with(&LATELY, key, |key| self.handles(key), |handles| handles.count(end, how, ids.as_ref()));
    }

    fn in_flight(&self, method: RpcMethod, using: impl Fn(&metrics::Gauge)) {
        let key = (method.service, method.method);
        if let Some(gauge) = self.in_flight.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return using(gauge);
        }
        let labels = pairs(&metric::RPC_SERVER_REQUESTS_IN_FLIGHT, &[key.0, key.1]);
        let gauge = self.recorder.gauge(metric::RPC_SERVER_REQUESTS_IN_FLIGHT.name, &labels);
        let mut all = self.in_flight.write().unwrap_or_else(PoisonError::into_inner);
        using(all.entry(key).or_insert(gauge.unwrap_or(metrics::Gauge::noop())));
    }

    fn handles(&self, key: &Key) -> Handles {
        let RpcMethod { service, method, .. } = key.method;
        let counter = |metric: &Metric, labels: &[&str]| {
            self.recorder.counter(metric.name, &pairs(metric, labels)).unwrap_or(Counter::noop())
        };
        let (whole, code) = ([service, method], [service, method, key.code.as_str()]);
        let duration = &metric::RPC_SERVER_REQUEST_DURATION;
        // Where nobody looks at requests, no series says that nothing came.
        let of_request =
            |metric: &Metric| if key.sees_request { counter(metric, &whole) } else { Counter::noop() };
        Handles {
            count: counter(&metric::RPC_SERVER_REQUESTS, &code),
            duration: self
                .recorder
                .histogram(duration.name, &pairs(duration, &code))
                .unwrap_or(Histogram::noop()),
            request_messages: of_request(&metric::RPC_SERVER_REQUEST_MESSAGES),
            request_bytes: of_request(&metric::RPC_SERVER_REQUEST_BYTES),
            response_messages: counter(&metric::RPC_SERVER_RESPONSE_MESSAGES, &whole),
            response_bytes: counter(&metric::RPC_SERVER_RESPONSE_BYTES, &whole),
        }
    }
}

impl fmt::Debug for RpcRed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RpcRed").finish_non_exhaustive()
    }
}

/// What one kind of call updates.
struct Handles {
    count: Counter,
    duration: Histogram,
    request_messages: Counter,
    request_bytes: Counter,
    response_messages: Counter,
    response_bytes: Counter,
}

impl Handles {
    fn count(&self, end: &End<'_>, how: &RpcEnd, ids: Option<&Ids>) {
        self.count.add_of(1, ids);
        self.duration.observe_of(end.duration.as_secs_f64(), ids);
        let request = how.request.unwrap_or_default();
        self.request_messages.add_of(request.messages, None);
        self.request_bytes.add_of(request.bytes, None);
        self.response_messages.add_of(how.response.messages, None);
        self.response_bytes.add_of(how.response.bytes, None);
    }
}

#[derive(Clone, Copy)]
struct Key {
    recorder: u64,
    method: RpcMethod,
    code: RpcCode,
    sees_request: bool,
}

thread_local! {
    static LATELY: Lately<Key, Handles> = const { Lately::new() };
}

impl lately::Key for Key {
    #[inline]
    fn mixed(&self) -> u64 {
        let small = (self.code as u64) << 1 | u64::from(self.sees_request);
        // Names stand at one address for the life of the process; a service without a method has that of the service.
        let names =
            self.method.service.as_ptr() as u64 ^ (self.method.method.as_ptr() as u64).rotate_left(17);
        (names ^ self.recorder << 48 ^ small << 20 ^ small).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    #[inline]
    fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self.method.service, other.method.service)
            && std::ptr::eq(self.method.method, other.method.method)
            && self.recorder == other.recorder
            && self.code == other.code
            && self.sees_request == other.sees_request
    }
}
