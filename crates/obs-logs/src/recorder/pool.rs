//! Chunks that are used again and again, within the budget of the process.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::chunk::{CHUNK_BYTES, Chunk};

/// The free chunks that are kept, at most: 1 MiB.
const MOST_FREE: usize = 256;

/// The chunks of one recorder.
#[derive(Debug)]
pub(super) struct Pool {
    free: Mutex<Vec<Chunk>>,
    /// Bytes that requests hold.
    held: AtomicUsize,
    most: usize,
    /// Numbers the uses of chunks, from one.
    numbers: AtomicU64,
}

impl Pool {
    pub(super) fn new(most: usize) -> Self {
        Self { free: Mutex::default(), held: AtomicUsize::new(0), most, numbers: AtomicU64::new(1) }
    }

    /// The bytes that requests hold.
    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Takes so many bytes more out of the budget; whether they are there.
    pub(super) fn charge(&self, bytes: usize) -> bool {
        let more = |held: usize| held.checked_add(bytes).filter(|held| *held <= self.most);
        self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// A number that no chunk has had.
    pub(super) fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// An empty chunk; `None` where the budget is used up.
    pub(super) fn take(&self) -> Option<Chunk> {
        if !self.charge(CHUNK_BYTES) {
            return None;
        }
        let number = self.next_number();
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Some(match free {
            Some(mut chunk) => {
                chunk.clear(number);
                chunk
            }
            None => Chunk::new(number),
        })
    }

    /// The same chunk, empty; `None` where it is one of those that are not used again.
    pub(super) fn renew(&self, mut chunk: Chunk) -> Option<Chunk> {
        if !chunk.is_regular() {
            self.give(chunk);
            return self.take();
        }
        chunk.clear(self.next_number());
        Some(chunk)
    }

    /// Gives one back.
    pub(super) fn give(&self, chunk: Chunk) {
        self.held.fetch_sub(chunk.charged, Ordering::Relaxed);
        if chunk.is_regular() {
            let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
            if free.len() < MOST_FREE {
                free.push(chunk);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_bounds_what_is_taken_and_all_of_it_comes_back() {
        let pool = Pool::new(3 * CHUNK_BYTES + 1);
        let mut taken: Vec<_> = std::iter::from_fn(|| pool.take()).collect();
        assert_eq!((taken.len(), pool.held()), (3, 3 * CHUNK_BYTES));
        assert!(pool.charge(1) && !pool.charge(1));
        pool.held.fetch_sub(1, Ordering::Relaxed);
        let numbers: Vec<_> = taken.iter().map(|chunk| chunk.number).collect();
        taken.drain(..).for_each(|chunk| pool.give(chunk));
        assert_eq!(pool.held(), 0);
        assert!(!numbers.contains(&pool.take().unwrap().number), "a chunk that is used again is another");
    }

    #[test]
    fn a_chunk_that_has_grown_is_not_kept() {
        let pool = Pool::new(1 << 20);
        let mut chunk = pool.take().unwrap();
        chunk.bytes.extend([0; CHUNK_BYTES]);
        let more = chunk.more_than_charged();
        assert!(more > 0 && pool.charge(more));
        chunk.charged += more;
        assert_eq!((chunk.more_than_charged(), pool.held()), (0, CHUNK_BYTES + more));
        let renewed = pool.renew(chunk).unwrap();
        assert!(renewed.is_regular() && renewed.bytes.is_empty());
        assert_eq!(pool.held(), CHUNK_BYTES);
    }
}
