//! The series that each thread asked for lately: found without a lock, so that macros on many threads do not meet.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::Key;
use obs_core::keys::Kind;

use crate::family::Family;
use crate::series::Stored;

/// How many series a thread remembers; a power of two. An entry that is pushed out costs a look into the registry, no
/// more.
const KEPT: usize = 512;

/// How many places beside each other a series may be in: with four, hardly any of a hundred series push each other out.
const WAYS: usize = 4;

struct Entry {
    /// The number of the recorder whose keys were asked for, or of the family by [`of_family`].
    owner: u64,
    hash: u64,
    series: Arc<dyn Stored>,
}

/// Entries made before it moved hold nothing back.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Which generation of what threads remember this is.
#[inline]
pub(crate) fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

struct Near {
    generation: u64,
    entries: Vec<Option<Entry>>,
}

impl Near {
    /// The entry under `hash` that `is` confirms.
    #[inline]
    fn entry(&self, owner: u64, hash: u64, is: impl Fn(&Arc<dyn Stored>) -> bool) -> Option<&Entry> {
        let first = place(hash);
        let places = self.entries.get(first..first + WAYS)?;
        places.iter().flatten().find(|entry| entry.hash == hash && entry.owner == owner && is(&entry.series))
    }
}

thread_local! {
    static NEAR: RefCell<Near> = const { RefCell::new(Near { generation: 0, entries: Vec::new() }) };
}

/// Has every thread let go of its entries, each when it next asks for a series.
pub(crate) fn forget() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// The first of the places for `hash`.
#[inline]
fn place(hash: u64) -> usize {
    // The highest bits, as they depend on all others.
    (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - KEPT.ilog2())) as usize & (KEPT - WAYS)
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
        let entry = near.entry(recorder, hash, |series| {
            let family = series.family();
            family.kind == kind && family.is(key, series.text())
        })?;
        Some(Arc::clone(&entry.series))
    };
    NEAR.try_with(find).ok().flatten()
}

/// The number of a family, which is no recorder's: its address, at which there is no other as long as a series of it is
/// held here.
pub(crate) fn of_family(family: &Arc<Family>) -> u64 {
    1 << 63 | Arc::as_ptr(family) as u64
}

/// Lends the series under `hash` that `is` confirms to `using`; whether there is one.
#[inline]
pub(crate) fn with(
    owner: u64,
    hash: u64,
    is: impl Fn(&Arc<dyn Stored>) -> bool,
    using: impl Fn(&Arc<dyn Stored>),
) -> bool {
    let found = |near: &RefCell<Near>| {
        let near = near.try_borrow().ok()?;
        if near.generation != GENERATION.load(Ordering::Relaxed) {
            return None;
        }
        using(&near.entry(owner, hash, is)?.series);
        Some(())
    };
    NEAR.try_with(found).ok().flatten().is_some()
}

/// Takes a further value into a hash. Words are multiplied on their own, so that none waits for the one before.
#[inline]
pub(crate) fn mix(seed: u64, bytes: &[u8]) -> u64 {
    const ODD: u64 = 0x517c_c1b7_2722_0a95;
    let with = |mixed: u64, word: u64| mixed.rotate_left(23) ^ word.wrapping_mul(ODD);
    let mut mixed = bytes.len() as u64;
    if let Some(&last) = bytes.last_chunk::<8>() {
        let (words, rest) = bytes.as_chunks::<8>();
        mixed = words.iter().fold(mixed, |mixed, &word| with(mixed, u64::from_le_bytes(word)));
        if !rest.is_empty() {
            // Some of them again, which is cheaper than to take the rest byte by byte.
            mixed = with(mixed, u64::from_le_bytes(last));
        }
    } else {
        mixed = with(mixed, short(bytes));
    }
    // What the last bytes changed is in the high bits only; the product below carries nothing down.
    (seed.rotate_left(5) ^ mixed ^ mixed >> 32).wrapping_mul(ODD)
}

/// At most seven bytes as a number.
#[inline]
fn short(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(&first), Some(&last)) => {
            u64::from(u32::from_le_bytes(first)) | u64::from(u32::from_le_bytes(last)) << 32
        }
        _ => bytes.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)),
    }
}

/// Remembers a series that the registry found under `hash`.
pub(crate) fn keep(owner: u64, hash: u64, series: &Arc<dyn Stored>) {
    let entry = Entry { owner, hash, series: Arc::clone(series) };
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
        // The latest stands first; the one that came before all others is pushed out.
        let places = &mut entries[first..first + WAYS];
        places.rotate_right(1);
        Some((places[0].replace(entry), forgotten))
    });
    // Dropped out here, where nothing is borrowed.
    drop(old);
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use obs_core::{Base, Resource};

    use super::*;
    use crate::Recorder;

    #[test]
    fn a_hundred_series_stay_near() {
        let recorder = Recorder::builder(Base::new(Resource::new("test"))).build().unwrap();
        let series = recorder.register(Kind::Counter, "x", std::iter::empty()).unwrap();
        let hashes: Vec<_> = (0..100).map(|n| mix(7, format!("/api/v1/resource-{n}").as_bytes())).collect();
        for &hash in &hashes {
            keep(u64::MAX, hash, &series);
        }
        assert!(hashes.iter().all(|&hash| with(u64::MAX, hash, |_| true, |_| ())));
    }

    #[test]
    fn values_that_differ_in_one_byte_lie_apart() {
        for len in 1..20 {
            for at in 0..len {
                let hash = |byte| {
                    let mut value = vec![b'a'; len];
                    value[at] = byte;
                    mix(7, &value)
                };
                let hashes: HashSet<_> = (b'0'..=b'z').map(hash).collect();
                assert_eq!(hashes.len(), 75, "{len} {at}");
                // Of 128 groups of places, 75 values at random meet in 56.
                let places: HashSet<_> = hashes.into_iter().map(place).collect();
                assert!(places.len() > 35, "{len} {at}: {}", places.len());
            }
        }
    }
}
