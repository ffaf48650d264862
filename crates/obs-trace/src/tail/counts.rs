//! What has waited, was kept and was let go, for a scrape.

use std::sync::atomic::{AtomicU64, Ordering};

use obs_core::keys::metric;
use obs_core::meter::{Meter, Source};

use super::judge::{Kept, Tails};

/// Why a span that waited was let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LetGo {
    /// Its local root was not kept.
    Verdict,
    /// Its trace had no room left.
    TraceFull,
    /// The process had no room left.
    ProcessFull,
    /// It had waited for long, and others had no room.
    Overdue,
    /// Its local root never ended, or what it was handed on to had failed before it.
    Unjudged,
}

/// Counts that only grow.
#[derive(Debug, Default)]
pub(super) struct Counts {
    waited: AtomicU64,
    kept: AtomicU64,
    let_go: [AtomicU64; 5],
    roots_kept: [AtomicU64; Kept::ALL.len()],
    roots_let_go: AtomicU64,
}

impl Counts {
    pub(super) fn waited(&self) {
        self.waited.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn kept(&self, spans: u64) {
        self.kept.fetch_add(spans, Ordering::Relaxed);
    }

    pub(super) fn let_go(&self, spans: u64, why: LetGo) {
        if spans > 0 {
            self.let_go[why as usize].fetch_add(spans, Ordering::Relaxed);
        }
    }

    pub(super) fn root(&self, kept: Option<Kept>) {
        let count = match kept {
            Some(kept) => &self.roots_kept[kept as usize],
            None => &self.roots_let_go,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    fn is_untouched(&self) -> bool {
        [&self.waited, &self.roots_let_go]
            .into_iter()
            .chain(&self.roots_kept)
            .all(|count| count.load(Ordering::Relaxed) == 0)
    }
}

impl Source for Tails {
    fn collect(&self, meter: &mut dyn Meter) {
        let Counts { waited, kept, let_go, roots_kept, roots_let_go } = self.counts();
        if !self.is_on() && self.counts().is_untouched() {
            return;
        }
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        meter.counter(&metric::TAIL_SPANS, &[], of(waited));
        meter.counter(&metric::TAIL_SPANS_KEPT, &[], of(kept));
        let reasons = ["verdict", "trace_full", "process_full", "overdue", "unjudged"];
        for (reason, count) in reasons.into_iter().zip(let_go) {
            meter.counter(&metric::TAIL_SPANS_DROPPED, &[reason], of(count));
        }
        meter.gauge(&metric::TAIL_BYTES, &[], self.bytes() as f64);
        // What the head decides does not wait, and is not counted here.
        for (kept, count) in Kept::ALL.iter().zip(roots_kept).filter(|(kept, _)| kept.is_by_tail()) {
            meter.counter(&metric::TAIL_ROOTS_KEPT, &[kept.as_str()], of(count));
        }
        meter.counter(&metric::TAIL_ROOTS_DROPPED, &[], of(roots_let_go));
    }
}
