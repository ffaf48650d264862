//! A counter for each kind of line, found by hash, as many as are kept.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tracing_core::Level;

use super::counter::{Counter, Millis};
use super::summary::{Suppressed, SuppressedLines};

/// Kinds of lines in one shard at most; those beyond are not counted, and so always written.
const MOST: usize = 256;
const SHARDS: usize = 16;
/// After how many ticks without a line a counter goes.
const IDLE_TICKS: u32 = 10;
/// The most bytes of a message that a counter keeps, to be told with.
const SHOWN: usize = 256;

/// One kind of line.
#[derive(Debug)]
pub(super) struct Entry {
    counter: Counter,
    level: Level,
    target: &'static str,
    like: String,
    /// Lines left out and not told of yet.
    untold: AtomicU64,
}

impl Entry {
    pub(super) fn new(counter: Counter, level: Level, target: &'static str, like: &str) -> Self {
        let end = (0..=SHOWN.min(like.len())).rev().find(|end| like.is_char_boundary(*end));
        let like = &like[..end.unwrap_or(0)];
        Self { counter, level, target, like: like.to_owned(), untold: AtomicU64::new(0) }
    }

    pub(super) fn count(&self, now: Millis, tick: Duration) -> u64 {
        self.counter.count(now, tick)
    }

    pub(super) fn left_out(&self) {
        self.untold.fetch_add(1, Ordering::Relaxed);
    }
}

/// Counters by the hash of what lines have in common.
#[derive(Debug)]
pub(super) struct Table {
    tick: Duration,
    reason: Suppressed,
    shards: [RwLock<Shard>; SHARDS],
}

type Shard = HashMap<u64, Arc<Entry>, BuildHasherDefault<AsItIs>>;

impl Table {
    pub(super) fn new(tick: Duration, reason: Suppressed) -> Self {
        Self { tick, reason, shards: Default::default() }
    }

    pub(super) fn find(&self, hash: u64) -> Option<Arc<Entry>> {
        self.shard(hash).read().unwrap_or_else(PoisonError::into_inner).get(&hash).cloned()
    }

    /// The counter of this hash, made if there is room for one.
    pub(super) fn insert(&self, hash: u64, make: impl FnOnce() -> Entry) -> Option<Arc<Entry>> {
        let mut shard = self.shard(hash).write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = shard.get(&hash) {
            return Some(Arc::clone(known));
        }
        if shard.len() >= MOST {
            return None;
        }
        let entry = Arc::new(make());
        shard.insert(hash, Arc::clone(&entry));
        Some(entry)
    }

    /// Calls `tell` of what was left out in ticks that are over (of all, where it is the `last` time), and lets go of
    /// counters that nobody uses.
    pub(super) fn sweep(&self, now: Millis, last: bool, tell: &mut dyn FnMut(SuppressedLines<'_>)) {
        for shard in &self.shards {
            let mut told = Vec::new();
            shard.write().unwrap_or_else(PoisonError::into_inner).retain(|_, entry| {
                let age = entry.counter.age(now);
                if age >= self.tick || last {
                    let lines = entry.untold.swap(0, Ordering::Relaxed);
                    if lines > 0 {
                        told.push((Arc::clone(entry), lines));
                        return true;
                    }
                }
                // One that is in use at this moment stays: what it counts next must be found.
                age < self.tick.saturating_mul(IDLE_TICKS) || Arc::strong_count(entry) > 1
            });
            // Nothing is locked here: lines are written.
            for (entry, lines) in told {
                let Entry { level, target, like, .. } = &*entry;
                tell(SuppressedLines { level: *level, target, like, lines, reason: self.reason });
            }
        }
    }

    fn shard(&self, hash: u64) -> &RwLock<Shard> {
        &self.shards[(hash >> 32) as usize % SHARDS]
    }
}

/// Keys are hashes already.
#[derive(Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = word;
    }
}
