//! How many lines there were, by level and target.
//!
//! Each pair of level and target has a number for the life of the process, which its call sites know; an engine counts
//! in a list by these numbers. So a line costs one addition, and names are looked at only where a call site is new.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use obs_core::keys::metric;
use obs_core::meter::{Meter, Source};
use tracing_core::Level;

use crate::policy::rank;

/// How many pairs are told apart. Targets are the text of programs, so there are few; should a program make them up
/// while it runs, those beyond count together, by level.
const MOST: usize = 500;

/// What targets beyond those that are told apart are called.
const OVERFLOW: &str = "_overflow";

/// In the order of their numbers, which the first pairs have.
const LEVELS: [Level; 5] = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];

static PAIRS: LazyLock<RwLock<Pairs>> = LazyLock::new(|| RwLock::new(Pairs::new()));

/// The number of a pair of level and target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counter(usize);

/// All pairs that are known, in the order of their numbers.
struct Pairs {
    all: Vec<(Level, Arc<str>)>,
    by_target: HashMap<Arc<str>, [Option<Counter>; LEVELS.len()]>,
}

impl Pairs {
    fn new() -> Self {
        Self { all: LEVELS.map(|level| (level, OVERFLOW.into())).into(), by_target: HashMap::new() }
    }

    fn find(&self, level: Level, target: &str) -> Option<Counter> {
        self.by_target.get(target)?[place(level)]
    }

    fn add(&mut self, level: Level, target: &str) -> Counter {
        if let Some(known) = self.find(level, target) {
            return known;
        }
        let rank = place(level);
        if self.all.len() >= LEVELS.len() + MOST {
            return Counter(rank);
        }
        let new = Counter(self.all.len());
        let target = Arc::<str>::from(target);
        self.all.push((level, Arc::clone(&target)));
        self.by_target.entry(target).or_default()[rank] = Some(new);
        new
    }
}

/// The place of a level among [`LEVELS`].
fn place(level: Level) -> usize {
    LEVELS.len() - usize::from(rank(level))
}

impl Counter {
    /// That of lines of this level and target.
    pub(crate) fn of(level: Level, target: &str) -> Self {
        let known = PAIRS.read().unwrap_or_else(PoisonError::into_inner).find(level, target);
        known.unwrap_or_else(|| PAIRS.write().unwrap_or_else(PoisonError::into_inner).add(level, target))
    }
}

/// The lines of one engine.
pub(crate) struct Counts([AtomicU64; LEVELS.len() + MOST]);

impl Counts {
    pub(crate) fn new() -> Self {
        Self([const { AtomicU64::new(0) }; LEVELS.len() + MOST])
    }

    /// One more.
    #[inline]
    pub(crate) fn count(&self, counter: Counter) {
        if let Some(count) = self.0.get(counter.0) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Source for Counts {
    fn collect(&self, meter: &mut dyn Meter) {
        // Taken out, so that no call site waits for a scrape.
        let pairs = PAIRS.read().unwrap_or_else(PoisonError::into_inner).all.clone();
        for (count, (level, target)) in self.0.iter().zip(pairs) {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                meter.counter(&metric::LOG_LINES, &[level.as_str(), &target], count);
            }
        }
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: u64 = self.0.iter().map(|count| count.load(Ordering::Relaxed)).sum();
        f.debug_struct("Counts").field("lines", &lines).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_keep_their_numbers_and_those_beyond_the_cap_share_one_by_level() {
        let mut pairs = Pairs::new();
        let first = pairs.add(Level::INFO, "shop");
        assert_eq!(pairs.add(Level::INFO, "shop"), first);
        assert_ne!(pairs.add(Level::ERROR, "shop"), first);
        for n in 2..MOST {
            pairs.add(Level::INFO, &format!("shop::{n}"));
        }
        assert_eq!(pairs.all.len(), LEVELS.len() + MOST);
        for level in LEVELS {
            let beyond = pairs.add(level, "beyond");
            assert_eq!(beyond, pairs.add(level, "further beyond"));
            let (known, target) = &pairs.all[beyond.0];
            assert_eq!((*known, &**target), (level, OVERFLOW));
        }
        assert_eq!(pairs.add(Level::INFO, "shop"), first, "what is known stays");
        assert_eq!(pairs.all.len(), LEVELS.len() + MOST);
    }
}
