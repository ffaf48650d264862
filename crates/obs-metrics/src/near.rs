//! The series that each thread asked for lately: found without a lock, so that macros on many threads do not meet.

use std::cell::RefCell;
use std::sync::Arc;

use metrics::Key;
use obs_core::keys::Kind;

use crate::series::Stored;

/// How many series a thread remembers; a power of two. Each has two places to be in. An entry that is pushed out costs
/// a look into the registry, no more.
const NEAR: usize = 256;

struct Entry {
    recorder: u64,
    hash: u64,
    series: Arc<dyn Stored>,
}

thread_local! {
    static ENTRIES: RefCell<Vec<Option<Entry>>> = const { RefCell::new(Vec::new()) };
}

fn place(hash: u64) -> usize {
    (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & (NEAR - 1)
}

/// The series of `key`. Series live as long as their recorder, and no two recorders have the same number, so that
/// nothing here is ever out of date; what a recorder leaves behind is dropped with the thread or overwritten.
#[inline]
pub(crate) fn find(recorder: u64, kind: Kind, key: &Key) -> Option<Arc<dyn Stored>> {
    let hash = key.get_hash();
    let find = |entries: &RefCell<Vec<Option<Entry>>>| {
        let entries = entries.try_borrow().ok()?;
        let asked = |entry: &&Entry| {
            let family = entry.series.family();
            entry.hash == hash
                && entry.recorder == recorder
                && family.kind == kind
                && family.is(key, entry.series.text())
        };
        let at = |place: usize| entries.get(place)?.as_ref().filter(asked);
        let first = place(hash);
        at(first).or_else(|| at(first ^ 1)).map(|entry| Arc::clone(&entry.series))
    };
    ENTRIES.try_with(find).ok().flatten()
}

/// Remembers a series that the registry found for `key`.
pub(crate) fn keep(recorder: u64, key: &Key, series: &Arc<dyn Stored>) {
    let entry = Entry { recorder, hash: key.get_hash(), series: Arc::clone(series) };
    let old = ENTRIES.try_with(|entries| {
        let mut entries = entries.try_borrow_mut().ok()?;
        if entries.is_empty() {
            entries.resize_with(NEAR, || None);
        }
        let first = place(entry.hash);
        // What was here goes next door: two series that meet in one place both stay near.
        let moved = entries[first].replace(entry)?;
        entries[first ^ 1].replace(moved)
    });
    // Dropped out here, where nothing is borrowed.
    drop(old);
}
