//! What went over the wire, and what came of it last.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use obs_core::Timestamp;
use obs_core::keys::metric;
use obs_core::meter::Meter;

use super::Trouble;

/// The traffic of one way out. Clones are the same; it is written by whoever sends, on its thread alone, and read by
/// anybody.
#[derive(Clone, Debug, Default)]
pub struct Traffic(Arc<Numbers>);

#[derive(Debug, Default)]
struct Numbers {
    batches: AtomicU64,
    retries: AtomicU64,
    bytes: AtomicU64,
    /// Nanoseconds since the epoch; 0 is never.
    success: AtomicU64,
    failure: AtomicU64,
    /// The trouble of the last attempt that ended; 0 where it was good.
    trouble: AtomicU32,
}

/// Traffic up to now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Batches begun, further attempts not counted.
    pub batches: u64,
    /// Further attempts.
    pub retries: u64,
    /// Bytes of all bodies, as they were sent, or all that was written to a socket.
    pub bytes: u64,
    /// When a batch was last answered well, or a record last written whole to a socket.
    pub last_success: Option<Timestamp>,
    /// When an attempt last came to nothing.
    pub last_failure: Option<Timestamp>,
    /// What was wrong with the last attempt that ended, if anything was.
    pub trouble: Option<Trouble>,
}

impl Traffic {
    /// Nothing so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// An attempt begins, the first or a further one.
    pub fn begins(&self, is_first: bool) {
        let attempts = if is_first { &self.0.batches } else { &self.0.retries };
        attempts.fetch_add(1, Ordering::Relaxed);
    }

    /// So many bytes go out.
    pub fn sends(&self, bytes: usize) {
        self.0.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// An attempt was answered well, or is out where nobody answers.
    pub fn succeeds(&self, now: Timestamp) {
        self.0.success.store(now.unix_nanos(), Ordering::Relaxed);
        self.0.trouble.store(0, Ordering::Relaxed);
    }

    /// An attempt came to nothing.
    pub fn fails(&self, now: Timestamp, trouble: Trouble) {
        self.0.failure.store(now.unix_nanos(), Ordering::Relaxed);
        self.0.trouble.store(trouble.code(), Ordering::Relaxed);
    }

    /// How it stands.
    pub fn report(&self) -> Report {
        let number = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let time = |time| Some(number(time)).filter(|nanos| *nanos > 0).map(Timestamp::from_unix_nanos);
        Report {
            batches: number(&self.0.batches),
            retries: number(&self.0.retries),
            bytes: number(&self.0.bytes),
            last_success: time(&self.0.success),
            last_failure: time(&self.0.failure),
            trouble: Trouble::of_code(self.0.trouble.load(Ordering::Relaxed)),
        }
    }

    /// Tells its numbers as those of the way out called `pipeline`; times only once there are any.
    pub fn tell(&self, pipeline: &str, meter: &mut dyn Meter) {
        let report = self.report();
        meter.counter(&metric::PIPELINE_SENT_BATCHES, &[pipeline], report.batches);
        meter.counter(&metric::PIPELINE_SENT_BYTES, &[pipeline], report.bytes);
        meter.counter(&metric::PIPELINE_RETRIES, &[pipeline], report.retries);
        for (metric, time) in [
            (&metric::PIPELINE_LAST_SUCCESS, report.last_success),
            (&metric::PIPELINE_LAST_FAILURE, report.last_failure),
        ] {
            if let Some(time) = time {
                meter.gauge(metric, &[pipeline], time.unix_nanos() as f64 / 1e9);
            }
        }
    }
}
