//! An output that only counts: for measuring, and for turning lines off where they are made.

use std::sync::atomic::{AtomicU64, Ordering};

use obs_core::keys::metric;
use obs_core::meter::{Meter, Source};

/// Counts lines and drops them.
#[derive(Debug)]
pub(crate) struct Discard {
    pipeline: &'static str,
    lines: AtomicU64,
}

impl Discard {
    pub(crate) fn new(pipeline: &'static str) -> Self {
        Self { pipeline, lines: AtomicU64::new(0) }
    }

    #[inline]
    pub(crate) fn push(&self) {
        self.lines.fetch_add(1, Ordering::Relaxed);
    }
}

impl Source for Discard {
    fn collect(&self, meter: &mut dyn Meter) {
        let lines = self.lines.load(Ordering::Relaxed);
        meter.counter(&metric::PIPELINE_PRODUCED, &[self.pipeline], lines);
        meter.counter(&metric::PIPELINE_DELIVERED, &[self.pipeline], lines);
    }
}
