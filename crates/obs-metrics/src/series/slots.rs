//! Exemplar slots of counters: a few thousand for all series of a recorder, so that a counter has four bytes for its own.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::exemplar::Slot;

/// How many counters may have an exemplar at once; those beyond go without.
const SLOTS: u32 = 8_192;

/// Slots are allocated so many at a time.
const CHUNK: u32 = 64;

/// Slots are numbered from 1: 0 in a series says that it has none.
#[derive(Debug)]
pub(crate) struct Slots {
    chunks: Box<[OnceLock<Box<[Slot]>>]>,
    next: AtomicU32,
    /// Whether none is left, so that those who come late need no lock to know.
    is_empty: AtomicBool,
    /// Given back by series that are gone.
    free: Mutex<Vec<u32>>,
}

impl Slots {
    pub(crate) fn new() -> Self {
        let chunks = (0..SLOTS / CHUNK).map(|_| OnceLock::new()).collect();
        Self {
            chunks,
            next: AtomicU32::new(1),
            is_empty: AtomicBool::new(false),
            free: Mutex::new(Vec::new()),
        }
    }

    /// The slot of a series that has its number in `own`, taken if it has none yet and one is left.
    #[inline]
    pub(crate) fn of(&self, own: &AtomicU32) -> Option<&Slot> {
        match own.load(Ordering::Acquire) {
            0 => self.take(own),
            number => self.get(number),
        }
    }

    /// The slot of a number; `None` for 0.
    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<&Slot> {
        let at = number.checked_sub(1)?;
        let chunk = self.chunks.get((at / CHUNK) as usize)?;
        chunk.get()?.get((at % CHUNK) as usize)
    }

    #[cold]
    fn take(&self, own: &AtomicU32) -> Option<&Slot> {
        if self.is_empty.load(Ordering::Relaxed) {
            return None;
        }
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock, so that two threads do not take two for one series.
        let known = own.load(Ordering::Acquire);
        if known != 0 {
            return self.get(known);
        }
        let number = match free.pop() {
            Some(number) => number,
            None => {
                let next = self.next.load(Ordering::Relaxed);
                if next > SLOTS {
                    self.is_empty.store(true, Ordering::Relaxed);
                    return None;
                }
                self.next.store(next + 1, Ordering::Relaxed);
                next
            }
        };
        let chunk = self.chunks.get(((number - 1) / CHUNK) as usize)?;
        chunk.get_or_init(|| (0..CHUNK).map(|_| Slot::default()).collect());
        own.store(number, Ordering::Release);
        self.get(number)
    }

    /// Gives the slot of a series that is gone to whichever comes next.
    pub(crate) fn give_back(&self, number: u32) {
        let Some(slot) = self.get(number) else { return };
        slot.clear();
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.push(number);
        self.is_empty.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_end_at_the_cap_and_go_to_others_when_they_are_given_back() {
        let slots = Slots::new();
        let series: Vec<_> = (0..SLOTS + 10).map(|_| AtomicU32::new(0)).collect();
        let have = series.iter().filter(|own| slots.of(own).is_some()).count();
        assert_eq!(have, SLOTS as usize);
        let mut numbers: Vec<_> = series.iter().map(|own| own.load(Ordering::Relaxed)).collect();
        numbers.retain(|&number| number != 0);
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=SLOTS).collect::<Vec<_>>());
        slots.give_back(7);
        let late = AtomicU32::new(0);
        assert!(slots.of(&late).is_some());
        assert_eq!(late.into_inner(), 7);
        assert!(slots.of(&AtomicU32::new(0)).is_none());
    }
}
