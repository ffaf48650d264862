//! What becomes of the lines of a call site, remembered with it until the filter changes.

use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers what was decided, so that a call site knows which engine's answer it has, and of when.
static STAMPS: AtomicU64 = AtomicU64::new(1);

/// An answer and its stamp: `stamp << 2 | way`. Zero is none.
#[derive(Debug, Default)]
pub(crate) struct Plan(AtomicU64);

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It is written at once.
    Written,
    /// It is held.
    Held,
    /// Nothing.
    Nowhere,
}

/// The answers of one engine.
#[derive(Debug)]
pub(super) struct Plans(AtomicU64);

impl Plans {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(next()))
    }

    pub(super) fn forget(&self) {
        self.0.store(next(), Ordering::Release);
    }

    /// What is known, or what `ask` says.
    #[inline]
    pub(super) fn of(&self, plan: &Plan, ask: impl FnOnce() -> Way) -> Way {
        self.known(plan).unwrap_or_else(|| {
            // Read before the filter is: an answer of one that has just gone is asked for again.
            let stamp = self.0.load(Ordering::Acquire);
            let way = ask();
            plan.0.store(stamp << 2 | way as u64, Ordering::Relaxed);
            way
        })
    }

    /// What is known.
    #[inline]
    pub(super) fn known(&self, plan: &Plan) -> Option<Way> {
        let known = plan.0.load(Ordering::Relaxed);
        if known >> 2 != self.0.load(Ordering::Acquire) {
            return None;
        }
        match known & 3 {
            0 => Some(Way::Written),
            1 => Some(Way::Held),
            _ => Some(Way::Nowhere),
        }
    }
}

fn next() -> u64 {
    STAMPS.fetch_add(1, Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_one_engines_and_holds_until_it_forgets() {
        let (one, other, plan) = (Plans::new(), Plans::new(), Plan::default());
        assert_eq!(one.known(&plan), None);
        for way in [Way::Written, Way::Held, Way::Nowhere] {
            one.forget();
            assert_eq!(one.of(&plan, || way), way);
            assert_eq!(one.of(&plan, || unreachable!()), way);
            assert_eq!(other.known(&plan), None);
        }
        one.forget();
        assert_eq!(one.known(&plan), None);
    }
}
