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

    /// Counts a line; which one of its tick it is. `None` where another counter has taken its place, or will.
    pub(super) fn count(&self, now: Millis, tick: Duration) -> Option<u64> {
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

#[derive(Debug, Default)]
struct Shard {
    entries: HashMap<u64, Arc<Entry>, BuildHasherDefault<AsItIs>>,
    /// Retired at the last sweep: a thread may have counted in one before, and be about to leave the line out.
    retired: Vec<Arc<Entry>>,
}

impl Table {
    pub(super) fn new(tick: Duration, reason: Suppressed) -> Self {
        Self { tick, reason, shards: Default::default() }
    }

    /// Counts a line of this hash: the counter, and which line of its tick it is. A counter is made where `begun` says
    /// when its tick began; without, and where there is no room for another, it is nothing.
    pub(super) fn count(
        &self,
        (hash, now, tick): (u64, Millis, Duration),
        begun: impl Fn() -> Option<Millis>,
        make: impl Fn(Millis) -> Entry,
    ) -> Option<(Arc<Entry>, u64)> {
        loop {
            let entry = match self.find(hash) {
                Some(entry) => entry,
                None => self.insert(hash, begun()?, &make)?,
            };
            // One that was retired a moment ago is no longer found.
            if let Some(number) = entry.count(now, tick) {
                return Some((entry, number));
            }
        }
    }

    fn find(&self, hash: u64) -> Option<Arc<Entry>> {
        self.shard(hash).read().unwrap_or_else(PoisonError::into_inner).entries.get(&hash).cloned()
    }

    /// The counter of this hash, made if there is room for one.
    fn insert(&self, hash: u64, start: Millis, make: impl Fn(Millis) -> Entry) -> Option<Arc<Entry>> {
        let entries = &mut self.shard(hash).write().unwrap_or_else(PoisonError::into_inner).entries;
        if let Some(known) = entries.get(&hash) {
            return Some(Arc::clone(known));
        }
        if entries.len() >= MOST {
            return None;
        }
        let entry = Arc::new(make(start));
        entries.insert(hash, Arc::clone(&entry));
        Some(entry)
    }

    /// Calls `tell` of what was left out in ticks that are over (of all, where it is the `last` time), and retires
    /// counters that nobody uses.
    pub(super) fn sweep(&self, now: Millis, last: bool, tell: &mut dyn FnMut(SuppressedLines<'_>)) {
        for shard in &self.shards {
            let mut told = Vec::new();
            let mut take = |entry: &Arc<Entry>| {
                let lines = entry.untold.swap(0, Ordering::Relaxed);
                if lines > 0 {
                    told.push((Arc::clone(entry), lines));
                }
                lines
            };
            {
                let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
                let Shard { entries, retired } = &mut *shard;
                retired.drain(..).for_each(|entry| {
                    take(&entry);
                });
                entries.retain(|_, entry| {
                    let is_told = last || entry.counter.is_over(now, self.tick);
                    if is_told && take(entry) > 0 {
                        return true;
                    }
                    let goes = entry.counter.retire(now, self.tick.saturating_mul(IDLE_TICKS));
                    if goes {
                        retired.push(Arc::clone(entry));
                    }
                    !goes
                });
            }
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
