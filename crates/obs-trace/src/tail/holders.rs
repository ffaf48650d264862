//! The local roots under which spans wait, in the order in which they began to hold memory, and which of them make room for
//! others where there is none left.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use obs_core::Clock;
use obs_core::context::{Context, WeakContext};
use obs_core::time::Monotonic;

use super::judge::Tails;

/// How many are looked at for one piece.
const LOOKS: usize = 32;

#[derive(Debug, Default)]
pub(super) struct Holders {
    known: Mutex<Known>,
    /// How many of them hold more than their share.
    large: AtomicUsize,
}

#[derive(Debug, Default)]
struct Known {
    next: u64,
    /// Where to look next for one that holds more than its share.
    cursor: u64,
    roots: BTreeMap<u64, (Monotonic, WeakContext)>,
}

/// Known among the holders while this lives.
#[derive(Debug)]
pub(super) struct Holder {
    tails: Arc<Tails>,
    number: u64,
}

/// Counted among those above their share while this lives.
#[derive(Debug)]
pub(super) struct Large(Arc<Tails>);

impl Holders {
    // What is changed under it never panics half-way. Nothing else is locked inside.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one that has held memory for longest, where that is longer than `wait`; it is asked once.
    fn overdue(&self, now: Monotonic, wait: Duration) -> Option<WeakContext> {
        let mut known = self.lock();
        let oldest = known.roots.first_entry()?;
        let (since, _) = oldest.get();
        (now.since(*since) > wait).then(|| oldest.remove().1)
    }

    /// One after the other.
    fn next(&self) -> Option<WeakContext> {
        let mut known = self.lock();
        let found = known.roots.range(known.cursor..).next().or_else(|| known.roots.first_key_value());
        let (number, context) = found.map(|(number, (_, context))| (*number, context.clone()))?;
        known.cursor = number + 1;
        Some(context)
    }
}

impl Holder {
    pub(super) fn new(tails: &Arc<Tails>, root: &Context, since: Monotonic) -> Self {
        let mut known = tails.holders().lock();
        let number = known.next;
        known.next += 1;
        known.roots.insert(number, (since, root.downgrade()));
        Self { tails: Arc::clone(tails), number }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let gone = self.tails.holders().lock().roots.remove(&self.number);
        // Not under the lock.
        drop(gone);
    }
}

impl Large {
    pub(super) fn new(tails: &Arc<Tails>) -> Self {
        tails.holders().large.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(tails))
    }
}

impl Drop for Large {
    fn drop(&mut self) {
        self.0.holders().large.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Tails {
    /// Makes room for so many bytes: those whose spans have waited for longer than they may give way, the longest first, and then
    /// those that hold more than their share give what is above it. Whether anything came free. To be called with nothing locked.
    pub(super) fn make_room(self: &Arc<Self>, bytes: usize, clock: &Clock) -> bool {
        let (now, wait) = (clock.monotonic(), self.wait());
        let mut freed = 0;
        while freed < bytes
            && let Some(root) = self.holders().overdue(now, wait)
        {
            freed += root.upgrade().and_then(|root| Some(self.held(root.local())?.give_way())).unwrap_or(0);
        }
        for _ in 0..LOOKS {
            if freed >= bytes || self.holders().large.load(Ordering::Relaxed) == 0 {
                break;
            }
            let Some(root) = self.holders().next() else { break };
            freed += root.upgrade().and_then(|root| Some(self.held(root.local())?.trim())).unwrap_or(0);
        }
        freed > 0
    }
}
