//! How reloads went, for a scrape.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use obs_core::keys::metric::{CONFIG_LAST_RELOAD_SUCCESS, CONFIG_RELOADS};
use obs_core::meter::{Meter, Source};

/// How one reload went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Something is another now.
    Applied,
    /// The file was wrong or not to be read; all is as it was.
    Rejected,
    /// The file says what it said.
    Unchanged,
}

impl Outcome {
    const ALL: [Self; 3] = [Self::Applied, Self::Rejected, Self::Unchanged];

    fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Rejected => "rejected",
            Self::Unchanged => "unchanged",
        }
    }
}

/// How reloads went.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    counts: [AtomicU64; 3],
    failed: AtomicBool,
}

impl Numbers {
    pub(super) fn count(&self, outcome: Outcome) {
        self.counts[outcome as usize].fetch_add(1, Ordering::Relaxed);
        self.failed.store(outcome == Outcome::Rejected, Ordering::Relaxed);
    }
}

impl Source for Numbers {
    fn collect(&self, meter: &mut dyn Meter) {
        for (outcome, count) in Outcome::ALL.into_iter().zip(&self.counts) {
            meter.counter(&CONFIG_RELOADS, &[outcome.word()], count.load(Ordering::Relaxed));
        }
        let success = if self.failed.load(Ordering::Relaxed) { 0.0 } else { 1.0 };
        meter.gauge(&CONFIG_LAST_RELOAD_SUCCESS, &[], success);
    }
}
