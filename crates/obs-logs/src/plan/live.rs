//! The plans that are in force, which may be replaced while lines are written.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};
use obs_core::keys::target;
use tracing_core::subscriber::NoSubscriber;
use tracing_core::{Dispatch, Level, callsite};

use super::{Plan, Plans};

/// Numbers sets of plans, those of all engines, so that a plan tells which set it is of. Zero is none.
static STAMPS: AtomicU64 = AtomicU64::new(1);

/// Plans that are read without a lock. What they say of our own lines is kept beside it, so that they ask one word.
#[derive(Debug)]
pub(crate) struct Live {
    plans: ArcSwap<Plans>,
    stamp: AtomicU64,
    /// In the order of [`OWN`].
    own: [AtomicU64; OWN.len()],
    /// Held while the plans are replaced, so that all parts and answers come from the same one.
    turn: Mutex<()>,
}

/// Which lines of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    Access,
    /// The same, of requests that failed.
    FailedAccess,
    Panic,
}

/// Their targets and levels.
const OWN: [(&str, Level); 3] =
    [(target::ACCESS, Level::INFO), (target::ACCESS, Level::ERROR), (target::PANIC, Level::ERROR)];

impl Own {
    /// The target of these lines.
    pub(crate) fn target(self) -> &'static str {
        OWN[self as usize].0
    }
}

impl Live {
    pub(crate) fn new(plans: Plans) -> Self {
        let own = OWN.map(|(target, level)| AtomicU64::new(plans.plan(&plans.own(target, level)).word()));
        Self { plans: ArcSwap::from_pointee(plans), stamp: AtomicU64::new(next()), own, turn: Mutex::new(()) }
    }

    /// Puts what `change` makes of the plans in its place, and has every call site ask again.
    pub(crate) fn replace<R>(&self, change: impl FnOnce(&mut Plans) -> R) -> R {
        // Until all have asked, or an answer of before could be kept after that of now.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut plans = Plans::clone(&self.plans.load());
        let result = change(&mut plans);
        for (kept, (target, level)) in self.own.iter().zip(OWN) {
            kept.store(plans.plan(&plans.own(target, level)).word(), Ordering::Relaxed);
        }
        self.plans.store(Arc::new(plans));
        // After the plans: a plan by the one before under the new number would stay.
        self.stamp.store(next(), Ordering::Release);
        ask_again();
        result
    }

    #[inline]
    pub(crate) fn stamp(&self) -> u64 {
        self.stamp.load(Ordering::Acquire)
    }

    pub(crate) fn plans(&self) -> Guard<Arc<Plans>> {
        self.plans.load()
    }

    /// What is done with lines of our own.
    #[inline]
    pub(crate) fn own(&self, own: Own) -> Plan {
        Plan::of_word(self.own[own as usize].load(Ordering::Relaxed))
    }
}

fn next() -> u64 {
    STAMPS.fetch_add(1, Ordering::Relaxed)
}

/// Has every call site of the process ask all subscribers again.
fn ask_again() {
    // As long as no more than one subscriber was ever known at a time, call sites ask only that of the thread that has
    // them ask. Where that is a thread without one, such as one that watches a file, all of them would fall silent. A
    // second subscriber, gone again at once, ends that.
    drop(Dispatch::new(NoSubscriber::default()));
    callsite::rebuild_interest_cache();
}
