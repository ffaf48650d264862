//! What the recorder has held, written and let go, for a scrape.

use std::sync::atomic::{AtomicU64, Ordering};

use obs_core::keys::metric;
use obs_core::meter::{Meter, Source};

use super::Recorder;
use super::buffer::LetGo;
use super::judge::Reason;

/// Counts that only grow.
#[derive(Debug, Default)]
pub(super) struct Counts {
    held: AtomicU64,
    written: AtomicU64,
    request_full: AtomicU64,
    process_full: AtomicU64,
    ended: AtomicU64,
    requests: [AtomicU64; Reason::ALL.len()],
}

impl Counts {
    /// A request's lines, at its end.
    pub(super) fn held(&self, held: u64, let_go: LetGo) {
        for (count, more) in [
            (&self.held, held),
            (&self.request_full, let_go.earlier + let_go.too_large),
            (&self.process_full, let_go.process_full),
        ] {
            // Most requests lose nothing, and need not touch what others count in.
            if more > 0 {
                count.fetch_add(more, Ordering::Relaxed);
            }
        }
    }

    /// A line of work whose request has ended.
    #[cold]
    pub(super) fn ended(&self) {
        self.ended.fetch_add(1, Ordering::Relaxed);
    }

    /// The lines of a request that were written.
    pub(super) fn written(&self, lines: u64, reason: Reason) {
        self.written.fetch_add(lines, Ordering::Relaxed);
        if let Some(count) = self.requests.get(usize::from(reason.code()) - 1) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Source for Recorder {
    fn collect(&self, meter: &mut dyn Meter) {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Counts { held, written, request_full, process_full, ended, requests } = &self.counts;
        meter.counter(&metric::RECORDER_LINES, &[], of(held));
        meter.counter(&metric::RECORDER_LINES_WRITTEN, &[], of(written));
        for (reason, count) in
            [("request_full", request_full), ("process_full", process_full), ("ended", ended)]
        {
            meter.counter(&metric::RECORDER_LINES_DROPPED, &[reason], of(count));
        }
        meter.gauge(&metric::RECORDER_BYTES, &[], self.pool.held() as f64);
        for (reason, count) in Reason::ALL.iter().zip(requests) {
            meter.counter(&metric::RECORDER_REQUESTS, &[reason.as_str()], of(count));
        }
    }
}
