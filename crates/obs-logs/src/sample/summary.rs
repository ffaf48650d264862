//! What is said of lines that were left out, and how many there were.

use std::sync::atomic::{AtomicU64, Ordering};

use obs_core::keys::metric;
use obs_core::meter::{Meter, Source};
use tracing_core::Level;

/// Why a line was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suppressed {
    /// There were enough of its level and message.
    Sampled,
    /// Its call site has written as many as it may.
    RateLimited,
    /// Its trace is not recorded.
    Unrecorded,
}

impl Suppressed {
    const ALL: [Self; 3] = [Self::Sampled, Self::RateLimited, Self::Unrecorded];

    /// The `reason` label and field.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Sampled => "sampled",
            Self::RateLimited => "rate_limited",
            Self::Unrecorded => "trace_not_recorded",
        }
    }
}

/// Lines of one kind that were left out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SuppressedLines<'a> {
    pub(crate) level: Level,
    pub(crate) target: &'static str,
    /// Their message, or their call site where messages were not looked at.
    pub(crate) like: &'a str,
    pub(crate) lines: u64,
    pub(crate) reason: Suppressed,
}

/// How many lines were left out, by reason.
#[derive(Debug, Default)]
pub(crate) struct SuppressedCounts([AtomicU64; Suppressed::ALL.len()]);

impl SuppressedCounts {
    pub(super) fn count(&self, reason: Suppressed) {
        self.0[reason as usize].fetch_add(1, Ordering::Relaxed);
    }
}

impl Source for SuppressedCounts {
    fn collect(&self, meter: &mut dyn Meter) {
        for (reason, count) in Suppressed::ALL.into_iter().zip(&self.0) {
            meter.counter(&metric::LOG_SUPPRESSED, &[reason.as_str()], count.load(Ordering::Relaxed));
        }
    }
}
