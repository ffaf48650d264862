//! Which slot belongs to the thread that runs: an index owned by one live thread at a time.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// How many threads own a slot at once; any beyond share [`SHARED`].
pub(crate) const OWNERS: usize = 128;

/// The slot of threads that own none: written with read-modify-write.
pub(crate) const SHARED: usize = OWNERS;

const UNKNOWN: usize = usize::MAX;

thread_local! {
    static SLOT: Cell<usize> = const { Cell::new(UNKNOWN) };
    static LEASE: Lease = const { Lease };
}

/// One bit for each slot that has an owner.
static TAKEN: [AtomicU64; OWNERS / 64] = [const { AtomicU64::new(0) }; OWNERS / 64];

/// One more than the highest slot that ever had an owner.
static HIGH: AtomicUsize = AtomicUsize::new(0);

/// Gives the slot back when the thread ends.
struct Lease;

impl Drop for Lease {
    fn drop(&mut self) {
        // Destructors that run after this one count in the shared slot.
        let slot = SLOT.replace(SHARED);
        if slot < OWNERS {
            release(slot);
        }
    }
}

/// The slot of this thread, at most [`SHARED`].
#[inline]
pub(crate) fn slot() -> usize {
    let slot = SLOT.get();
    if slot == UNKNOWN { first() } else { slot }
}

/// The slot of this thread if it is known already; else, or where threads share, at least [`OWNERS`].
#[inline]
pub(crate) fn known() -> usize {
    SLOT.get()
}

/// No slot from here up to [`SHARED`] ever had an owner.
pub(crate) fn high() -> usize {
    HIGH.load(Ordering::Acquire)
}

#[cold]
fn first() -> usize {
    let slot = acquire();
    SLOT.set(slot);
    // Registers the destructor; fails only while the thread ends, and then nobody would give the slot back.
    if slot < OWNERS && LEASE.try_with(|_| ()).is_err() {
        SLOT.set(SHARED);
        release(slot);
    }
    SLOT.get()
}

fn acquire() -> usize {
    for (word, taken) in TAKEN.iter().enumerate() {
        let mut bits = taken.load(Ordering::Relaxed);
        while bits != u64::MAX {
            let bit = bits.trailing_ones();
            // Acquire: what the slot's last owner counted is seen by its next one.
            match taken.compare_exchange_weak(bits, bits | 1 << bit, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => {
                    let slot = word * 64 + bit as usize;
                    HIGH.fetch_max(slot + 1, Ordering::AcqRel);
                    return slot;
                }
                Err(now) => bits = now,
            }
        }
    }
    SHARED
}

fn release(slot: usize) {
    TAKEN[slot / 64].fetch_and(!(1 << (slot % 64)), Ordering::Release);
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn live_threads_never_own_the_same_slot_and_keep_theirs() {
        let barrier = Barrier::new(OWNERS + 20);
        let mut slots: Vec<usize> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..OWNERS + 20)
                .map(|_| {
                    scope.spawn(|| {
                        let mine = slot();
                        barrier.wait();
                        assert_eq!(slot(), mine);
                        mine
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        slots.sort_unstable();
        slots.retain(|&slot| slot != SHARED);
        let owners = slots.len();
        slots.dedup();
        assert_eq!(slots.len(), owners);
        assert!(owners <= OWNERS);
    }

    #[test]
    fn a_destructor_that_runs_late_counts_in_the_shared_slot() {
        struct Late;
        impl Drop for Late {
            fn drop(&mut self) {
                assert!(slot() <= SHARED);
            }
        }
        thread_local!(static LATE: Late = const { Late });
        std::thread::spawn(|| {
            LATE.with(|_| ());
            slot();
        })
        .join()
        .unwrap();
    }
}
