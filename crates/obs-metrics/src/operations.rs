//! Rate, errors and duration of calls, queries and whatever else this process asks of others.

use obs_core::Outcome;
use obs_core::context::Context;
use obs_core::keys::{Metric, label};
use obs_core::observe::{Measures, Operation, OperationEnd, OperationObserver};

use crate::lately::{self, Lately};
use crate::red::Handles;
use crate::{Counter, Histogram, Recorder};

/// Counts and times operations in the families and under the labels they bring along.
///
/// - One without families is counted by whoever does it, and not here.
/// - One that was given up is counted as cancelled, and nowhere else.
/// - Every other one is counted, and timed; those that failed are counted by kind besides. A family with a status counts under
///   that, or `error` where no answer came; one with a result or a code under what came of it, `success` or `error` unless its maker says
///   more.
/// - One that is recorded leaves an exemplar in the bucket of its duration.
#[derive(Debug)]
pub struct Operations {
    recorder: Recorder,
}

impl Operations {
    /// An observer that counts in `recorder`; to be registered with the operations of its base.
    pub fn new(recorder: &Recorder) -> Self {
        Self { recorder: recorder.clone() }
    }

    fn handles(&self, key: &Key) -> Handles {
        let labels = &key.labels[..key.len];
        let counter = |metric: &Metric, last: Option<&str>| {
            let pairs = pairs(metric, labels, last);
            self.recorder.counter(metric.name, &pairs).unwrap_or(Counter::noop())
        };
        let measures = key.measures;
        if key.is_cancelled {
            let (duration, errors) = (Histogram::noop(), None);
            return Handles { count: counter(measures.cancelled, None), duration, errors };
        }
        let mut status = itoa::Buffer::new();
        let last = if matches!(measures.count.labels.last(), Some(&(label::RESULT | label::CODE))) {
            key.result.unwrap_or(if key.fault.is_some() { label::NO_ANSWER } else { label::DONE })
        } else {
            key.status.map_or(label::NO_ANSWER, |code| class_of(code).unwrap_or_else(|| status.format(code)))
        };
        let duration = pairs(measures.duration, labels, None);
        Handles {
            count: counter(measures.count, Some(last)),
            duration: self.recorder.histogram(measures.duration.name, &duration).unwrap_or(Histogram::noop()),
            errors: key.fault.map(|kind| counter(measures.errors, Some(kind))),
        }
    }
}

/// What a status is counted under that nobody has registered: it is the other side that chooses it, and there are hundreds.
/// Registered are those of IANA's "HTTP Status Code Registry", and what proxies have made common besides (499, 520 to 530).
fn class_of(status: u16) -> Option<&'static str> {
    match status {
        100..=104
        | 200..=208
        | 226
        | 300..=308
        | 400..=426
        | 428
        | 429
        | 431
        | 451
        | 499
        | 500..=511
        | 520..=530 => None,
        100..=199 => Some("1xx"),
        200..=299 => Some("2xx"),
        300..=399 => Some("3xx"),
        400..=499 => Some("4xx"),
        500..=599 => Some("5xx"),
        _ => Some("other"),
    }
}

/// The names of a family with the values of its labels, of which `last` is what the end says. A value that is missing is empty,
/// so that no other takes its place.
fn pairs<'a>(metric: &Metric, labels: &[&'a str], last: Option<&'a str>) -> Vec<(&'static str, &'a str)> {
    let own = metric.labels.len().saturating_sub(usize::from(last.is_some()));
    let values = labels.iter().copied().chain(std::iter::repeat("")).take(own).chain(last);
    metric.labels.iter().copied().zip(values).collect()
}

impl OperationObserver for Operations {
    fn finish(&self, context: &Context, operation: &Operation<'_>, end: &OperationEnd<'_>) {
        let Some(measures) = operation.measures else { return };
        let mut labels = [""; Operation::LABELS];
        let len = operation.labels.len().min(Operation::LABELS);
        labels[..len].copy_from_slice(&operation.labels[..len]);
        let is_cancelled = end.outcome == Outcome::Cancelled;
        let key = Key {
            recorder: self.recorder.0.id,
            measures,
            labels,
            len,
            // What is cancelled has neither, so that it makes no entries of its own for them.
            status: end.status.filter(|_| !is_cancelled),
            result: end.result.filter(|_| !is_cancelled),
            fault: end.fault.filter(|_| !is_cancelled),
            is_cancelled,
        };
        let ids = context.is_sampled().then(|| context.ids());
        Lately::with(
            &LATELY,
            key,
            |key| self.handles(key),
            |handles| handles.count(end.duration, ids.as_ref()),
        );
    }
}

#[derive(Clone, Copy)]
struct Key {
    recorder: u64,
    measures: &'static Measures,
    labels: [&'static str; Operation::LABELS],
    len: usize,
    status: Option<u16>,
    result: Option<&'static str>,
    fault: Option<&'static str>,
    is_cancelled: bool,
}

thread_local! {
    static LATELY: Lately<Key, Handles> = const { Lately::new() };
}

impl lately::Key for Key {
    #[inline]
    fn mixed(&self) -> u64 {
        let status = u64::from(self.status.unwrap_or_default()) << 1 | u64::from(self.is_cancelled);
        let address = |text: Option<&'static str>| text.map_or(0, |text| text.as_ptr() as u64);
        let fault = address(self.fault) ^ address(self.result).rotate_left(13);
        let mut mixed = std::ptr::from_ref(self.measures) as u64 ^ fault ^ self.recorder << 48 ^ status << 20;
        for label in self.labels {
            mixed = mixed.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ label.as_ptr() as u64;
        }
        mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    /// By address: the same name at another address costs a look into the registry and finds the same series.
    #[inline]
    fn is(&self, other: &Self) -> bool {
        let same = |a: &str, b: &str| std::ptr::eq(a, b);
        let both = |a: Option<&str>, b: Option<&str>| match (a, b) {
            (Some(a), Some(b)) => same(a, b),
            (None, None) => true,
            _ => false,
        };
        self.recorder == other.recorder
            && std::ptr::eq(self.measures, other.measures)
            && self.status == other.status
            && self.is_cancelled == other.is_cancelled
            && both(self.fault, other.fault)
            && both(self.result, other.result)
            && self.labels.iter().zip(&other.labels).all(|(a, b)| same(a, b))
    }
}
