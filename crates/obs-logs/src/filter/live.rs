//! The filter that is in use, which may be replaced while lines are written.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use obs_core::keys::target;
use tracing_core::metadata::LevelFilter;
use tracing_core::subscriber::NoSubscriber;
use tracing_core::{Dispatch, Level, Metadata, callsite};

use super::Filter;

/// A filter that is read without a lock. What it says of our own lines is kept beside it, so that they ask one byte.
#[derive(Debug)]
pub(crate) struct Live {
    filter: ArcSwap<Filter>,
    access: AtomicU8,
    panic: AtomicU8,
    /// Held while the filter is replaced, so that all parts and answers come from the same one.
    turn: Mutex<()>,
}

/// Which lines of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    Access,
    Panic,
}

impl Live {
    pub(crate) fn new(filter: Filter) -> Self {
        let [access, panic] = own(&filter);
        Self {
            filter: ArcSwap::from_pointee(filter),
            access: AtomicU8::new(access),
            panic: AtomicU8::new(panic),
            turn: Mutex::new(()),
        }
    }

    /// Puts `filter` in the place of the one before, and has every call site ask again.
    pub(crate) fn replace(&self, filter: Filter) {
        // Until all have asked, or an answer of before could be kept after that of now.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let [access, panic] = own(&filter);
        self.filter.store(Arc::new(filter));
        self.access.store(access, Ordering::Relaxed);
        self.panic.store(panic, Ordering::Relaxed);
        ask_again();
    }

    pub(crate) fn filter(&self) -> Arc<Filter> {
        self.filter.load_full()
    }

    pub(crate) fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.filter.load().enabled(metadata)
    }

    pub(crate) fn max_level_hint(&self) -> LevelFilter {
        self.filter.load().max_level_hint()
    }

    /// Whether lines of our own are written at `level`.
    #[inline]
    pub(crate) fn allows_own(&self, own: Own, level: Level) -> bool {
        let most = match own {
            Own::Access => &self.access,
            Own::Panic => &self.panic,
        };
        rank(LevelFilter::from_level(level)) <= most.load(Ordering::Relaxed)
    }
}

/// Has every call site of the process ask all subscribers again.
fn ask_again() {
    // As long as no more than one subscriber was ever known at a time, call sites ask only that of the thread that has
    // them ask. Where that is a thread without one, such as one that watches a file, all of them would fall silent. A
    // second subscriber, gone again at once, ends that.
    drop(Dispatch::new(NoSubscriber::default()));
    callsite::rebuild_interest_cache();
}

/// The levels of access and panic lines.
fn own(filter: &Filter) -> [u8; 2] {
    [target::ACCESS, target::PANIC].map(|target| rank(filter.level_of(target)))
}

/// A level as a number: the more verbose the higher.
fn rank(level: LevelFilter) -> u8 {
    match level {
        LevelFilter::OFF => 0,
        LevelFilter::ERROR => 1,
        LevelFilter::WARN => 2,
        LevelFilter::INFO => 3,
        LevelFilter::DEBUG => 4,
        LevelFilter::TRACE => 5,
    }
}
