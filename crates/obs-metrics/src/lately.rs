//! The handles of what a thread has counted lately, found without a lock and without a look into the registry.

use std::cell::RefCell;
use std::thread::LocalKey;

use crate::near;

/// What handles are found by.
pub(crate) trait Key: Copy {
    /// A number that differs for most keys.
    fn mixed(&self) -> u64;
    /// Whether both are the same; by address where names stand at one address for the life of the process.
    fn is(&self, other: &Self) -> bool;
}

/// The handles of one thread.
pub(crate) struct Lately<K, H>(RefCell<Kept<K, H>>);

struct Kept<K, H> {
    /// As [`near::generation`] was when the entries were made.
    generation: u64,
    entries: Vec<Option<(K, H)>>,
}

/// How many keys a thread remembers; a power of two. One that takes the place of another costs a look into the registry, no
/// more.
const KEPT: usize = 256;

impl<K: Key, H> Lately<K, H> {
    pub(crate) const fn new() -> Self {
        Self(RefCell::new(Kept { generation: 0, entries: Vec::new() }))
    }

    /// Lends the handles of `key` to `using`, made where this thread does not have them.
    #[inline]
    pub(crate) fn with(this: &'static LocalKey<Self>, key: K, make: impl Fn(&K) -> H, using: impl Fn(&H)) {
        let done = this.try_with(|kept| {
            let Ok(mut kept) = kept.0.try_borrow_mut() else { return false };
            let Kept { generation, entries } = &mut *kept;
            let now = near::generation();
            if *generation != now || entries.is_empty() {
                *generation = now;
                fresh(entries);
            }
            let entry = &mut entries[(key.mixed() >> 32) as usize & (KEPT - 1)];
            match entry {
                Some((known, handles)) if known.is(&key) => using(handles),
                _ => using(&entry.insert((key, make(&key))).1),
            }
            true
        });
        // While the thread ends there is none.
        if done != Ok(true) {
            using(&make(&key));
        }
    }
}

/// Room for all, and nothing in it.
#[cold]
fn fresh<K, H>(entries: &mut Vec<Option<(K, H)>>) {
    entries.clear();
    entries.resize_with(KEPT, || None);
}
