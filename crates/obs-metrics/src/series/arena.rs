//! The cells of hot series: for each thread one block, so that a count is a plain load and store on a line that no
//! other thread writes.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::threads::{self, OWNERS, SHARED};

/// How many cells hot series may use; a counter needs one, a histogram one for each bucket and one for the sum. At
/// 8 bytes for each thread that touches a hot series, this is also the cap on promoted series.
const CELLS: u32 = 2_048;

/// How many increments make a series hot.
pub(crate) const HOT: u64 = 1_024;

/// The same cell index means the same number in each thread's block. Cells are never reset: a thread that ends
/// leaves its counts behind and the next owner of its slot counts on.
#[derive(Debug)]
pub(crate) struct Arena {
    next: AtomicU32,
    /// By slot; of a length known to the compiler, as are blocks, so that a count does not read it.
    blocks: Box<[OnceLock<Box<Cells>>; OWNERS]>,
    shared: OnceLock<Box<Cells>>,
}

type Cells = [AtomicU64; CELLS as usize];

/// The cells of the thread that runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mine<'a> {
    cells: &'a Cells,
    alone: bool,
}

impl Arena {
    pub(crate) fn new() -> Self {
        // Index 0 says "cold", so that no run begins there.
        let (blocks, shared) = (Box::new([const { OnceLock::new() }; OWNERS]), OnceLock::new());
        Self { next: AtomicU32::new(1), blocks, shared }
    }

    /// Makes a series hot by giving it `len` cells, unless all are taken; `run` is where they begin.
    #[cold]
    pub(crate) fn promote(&self, run: &AtomicU32, len: u32) {
        let taken = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| {
            next.checked_add(len).filter(|&end| end <= CELLS)
        });
        if let Ok(start) = taken {
            // Should two threads promote at once, the cells of one stay unused.
            let _ = run.compare_exchange(0, start, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// The cells of the thread that runs, if it has some of its own and has counted in them before.
    #[inline]
    pub(crate) fn own(&self) -> Option<Mine<'_>> {
        let cells = self.blocks.get(threads::known())?.get()?;
        Some(Mine { cells, alone: true })
    }

    #[inline]
    pub(crate) fn mine(&self) -> Mine<'_> {
        self.own().unwrap_or_else(|| self.mine_at_first())
    }

    /// Of a thread that has not counted here before, or that shares its cells.
    #[cold]
    #[inline(never)]
    fn mine_at_first(&self) -> Mine<'_> {
        let slot = threads::slot();
        let block = self.blocks.get(slot).unwrap_or(&self.shared);
        Mine { cells: block.get_or_init(cells), alone: slot != SHARED }
    }

    /// What all threads have counted in cell `at`.
    pub(crate) fn total(&self, at: u32) -> u64 {
        self.read(at).fold(0, u64::wrapping_add)
    }

    /// The same for a cell of [`Mine::add_f64`].
    pub(crate) fn total_f64(&self, at: u32) -> f64 {
        self.read(at).map(f64::from_bits).sum()
    }

    fn read(&self, at: u32) -> impl Iterator<Item = u64> + '_ {
        let owned = &self.blocks[..threads::high().min(OWNERS)];
        owned
            .iter()
            .chain([&self.shared])
            .filter_map(move |block| Some(block.get()?[at as usize].load(Ordering::Relaxed)))
    }
}

#[cold]
fn cells() -> Box<Cells> {
    Box::new([const { AtomicU64::new(0) }; CELLS as usize])
}

impl Mine<'_> {
    #[inline]
    pub(crate) fn add(self, at: u32, by: u64) {
        let cell = &self.cells[at as usize];
        if self.alone {
            cell.store(cell.load(Ordering::Relaxed).wrapping_add(by), Ordering::Relaxed);
        } else {
            cell.fetch_add(by, Ordering::Relaxed);
        }
    }

    #[inline]
    pub(crate) fn add_f64(self, at: u32, by: f64) {
        let cell = &self.cells[at as usize];
        if self.alone {
            let sum = f64::from_bits(cell.load(Ordering::Relaxed)) + by;
            cell.store(sum.to_bits(), Ordering::Relaxed);
        } else {
            add_f64(cell, by);
        }
    }
}

/// Adds to an f64 held as bits, whoever else writes.
#[inline]
pub(crate) fn add_f64(cell: &AtomicU64, by: f64) {
    let mut old = cell.load(Ordering::Relaxed);
    loop {
        let new = (f64::from_bits(old) + by).to_bits();
        match cell.compare_exchange_weak(old, new, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return,
            Err(now) => old = now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promotion_stops_at_the_cap_and_runs_do_not_overlap() {
        let arena = Arena::new();
        let mut runs = Vec::new();
        for _ in 0..CELLS {
            let run = AtomicU32::new(0);
            arena.promote(&run, 10);
            runs.push(run.into_inner());
        }
        let hot: Vec<_> = runs.iter().copied().filter(|&run| run != 0).collect();
        assert_eq!(hot.len(), (CELLS as usize - 1) / 10);
        assert!(hot.windows(2).all(|pair| pair[0] + 10 == pair[1]));
        assert!(hot.last().unwrap() + 10 <= CELLS);
    }
}
