//! The series that each thread asked for lately: found without a lock, so that macros on many threads do not meet.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::Key;
use obs_core::keys::Kind;

use crate::series::Stored;

/// How many series a thread remembers; a power of two. Each has two places to be in. An entry that is pushed out costs
/// a look into the registry, no more.
const KEPT: usize = 256;

struct Entry {
    recorder: u64,
    hash: u64,
    series: Arc<dyn Stored>,
}

/// Entries made before it moved hold nothing back.
static GENERATION: AtomicU64 = AtomicU64::new(0);

struct Near {
    generation: u64,
    entries: Vec<Option<Entry>>,
}

thread_local! {
    static NEAR: RefCell<Near> = const { RefCell::new(Near { generation: 0, entries: Vec::new() }) };
}

/// Has every thread let go of its entries, each when it next asks for a series.
pub(crate) fn forget() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

fn place(hash: u64) -> usize {
    (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & (KEPT - 1)
}

/// The series of `key`. What is held here stays in its recorder, and no two recorders have the same number, so that
/// nothing here is ever out of date; what a recorder leaves behind is dropped with the thread or overwritten.
#[inline]
pub(crate) fn find(recorder: u64, kind: Kind, key: &Key) -> Option<Arc<dyn Stored>> {
    let hash = key.get_hash();
    let find = |near: &RefCell<Near>| {
        let near = near.try_borrow().ok()?;
        if near.generation != GENERATION.load(Ordering::Relaxed) {
            return None;
        }
        let entries = &near.entries;
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
    NEAR.try_with(find).ok().flatten()
}

/// Lends the series under `hash` that `is` confirms to `using`; whether there is one.
#[inline]
pub(crate) fn with(
    recorder: u64,
    hash: u64,
    is: impl Fn(&Arc<dyn Stored>) -> bool,
    using: impl Fn(&Arc<dyn Stored>),
) -> bool {
    let found = |near: &RefCell<Near>| {
        let near = near.try_borrow().ok()?;
        if near.generation != GENERATION.load(Ordering::Relaxed) {
            return None;
        }
        let asked = |entry: &&Entry| entry.hash == hash && entry.recorder == recorder && is(&entry.series);
        let at = |place: usize| near.entries.get(place)?.as_ref().filter(asked);
        let first = place(hash);
        let entry = at(first).or_else(|| at(first ^ 1))?;
        using(&entry.series);
        Some(())
    };
    NEAR.try_with(found).ok().flatten().is_some()
}

/// Takes further bytes into a hash, eight at a time.
#[inline]
pub(crate) fn mix(seed: u64, bytes: &[u8]) -> u64 {
    let step = |seed: u64, word: u64| (seed.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    let mut words = bytes.chunks_exact(8);
    let mut mixed = step(seed, bytes.len() as u64);
    for word in &mut words {
        mixed = step(mixed, word.try_into().map_or(0, u64::from_le_bytes));
    }
    let rest = words.remainder();
    if rest.is_empty() {
        return mixed;
    }
    step(mixed, rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)))
}

/// Remembers a series that the registry found under `hash`.
pub(crate) fn keep(recorder: u64, hash: u64, series: &Arc<dyn Stored>) {
    let entry = Entry { recorder, hash, series: Arc::clone(series) };
    let old = NEAR.try_with(|near| {
        let mut near = near.try_borrow_mut().ok()?;
        let Near { generation, entries } = &mut *near;
        let now = GENERATION.load(Ordering::Relaxed);
        let forgotten = if *generation == now { Vec::new() } else { std::mem::take(entries) };
        *generation = now;
        if entries.is_empty() {
            entries.resize_with(KEPT, || None);
        }
        let first = place(entry.hash);
        // What was here goes next door: two series that meet in one place both stay near.
        let moved = entries[first].replace(entry).and_then(|moved| entries[first ^ 1].replace(moved));
        Some((moved, forgotten))
    });
    // Dropped out here, where nothing is borrowed.
    drop(old);
}
