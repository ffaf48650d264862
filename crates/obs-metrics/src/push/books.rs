//! What a way out counts for itself: pushes by what came of them, the last success, and samples that were not kept.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use obs_core::keys::metric;
use obs_core::meter::{Meter, Source};
use obs_core::{Base, Clock};

use super::PushError;

/// What came of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Delivered,
    Rejected,
    Unreachable,
    TimedOut,
    Skipped,
    Internal,
}

impl Outcome {
    const ALL: [Self; 6] =
        [Self::Delivered, Self::Rejected, Self::Unreachable, Self::TimedOut, Self::Skipped, Self::Internal];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Rejected => "rejected",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::Skipped => "skipped",
            Self::Internal => "internal",
        }
    }

    pub(super) fn of<T>(result: &Result<T, PushError>) -> Self {
        match result {
            Ok(_) => Self::Delivered,
            Err(PushError::Refused(_) | PushError::Answer(_)) => Self::Rejected,
            Err(PushError::Unreachable { .. }) => Self::Unreachable,
            Err(PushError::Deadline { .. }) => Self::TimedOut,
            Err(_) => Self::Internal,
        }
    }
}

/// The numbers of one way out.
#[derive(Debug)]
pub(super) struct Books {
    pipeline: &'static str,
    clock: Clock,
    outcomes: [AtomicU64; Outcome::ALL.len()],
    /// Milliseconds since the Unix epoch; 0 before the first.
    last_success: AtomicU64,
    samples_lost: AtomicU64,
}

impl Books {
    /// Those of the way out called `pipeline`, which count on where there was one of that name before.
    pub(super) fn of(base: &Base, pipeline: &'static str) -> Arc<Self> {
        let all = base.sources.only::<All>();
        let mut all = all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.iter().find(|books| books.pipeline == pipeline) {
            return Arc::clone(known);
        }
        let made = Arc::new(Self::new(pipeline, base.clock.clone()));
        all.push(Arc::clone(&made));
        made
    }

    fn new(pipeline: &'static str, clock: Clock) -> Self {
        let [last_success, samples_lost] = [0, 0].map(AtomicU64::new);
        Self { pipeline, clock, outcomes: Default::default(), last_success, samples_lost }
    }

    pub(super) fn count(&self, outcome: Outcome) {
        self.outcomes[outcome as usize].fetch_add(1, Ordering::Relaxed);
        if outcome == Outcome::Delivered {
            let millis = self.clock.now().unix_nanos() / 1_000_000;
            self.last_success.store(millis, Ordering::Relaxed);
        }
    }

    pub(super) fn lose_samples(&self, samples: u64) {
        self.samples_lost.fetch_add(samples, Ordering::Relaxed);
    }
}

/// The books of one base.
#[derive(Debug, Default)]
struct All(Mutex<Vec<Arc<Books>>>);

impl Source for All {
    fn collect(&self, meter: &mut dyn Meter) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        all.iter().for_each(|books| books.collect(meter));
    }
}

impl Books {
    fn collect(&self, meter: &mut dyn Meter) {
        for outcome in Outcome::ALL {
            let count = self.outcomes[outcome as usize].load(Ordering::Relaxed);
            meter.counter(&metric::METRIC_PUSHES, &[self.pipeline, outcome.as_str()], count);
        }
        let last = self.last_success.load(Ordering::Relaxed);
        if last > 0 {
            meter.gauge(&metric::METRIC_PUSH_LAST_SUCCESS, &[self.pipeline], last as f64 / 1_000.0);
        }
        let lost = self.samples_lost.load(Ordering::Relaxed);
        meter.counter(&metric::METRIC_PUSH_SAMPLES_LOST, &[self.pipeline], lost);
    }
}
