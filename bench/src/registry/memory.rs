//! What the process holds: bytes that were asked of the allocator and not given back, and resident pages.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

static WATCHING: AtomicBool = AtomicBool::new(false);
static LIVE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

/// The system allocator, keeping the books of all threads from [`watch`] on; before it, timed work pays one branch.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Watched;

/// What happened since [`watch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Bytes asked for and not given back; below zero where what was there before was given back.
    pub(crate) live: i64,
    /// The most that was live at once.
    pub(crate) peak: i64,
    /// Calls that gave new memory.
    pub(crate) allocations: u64,
    /// Resident bytes of the process now, whatever it was for.
    pub(crate) resident: i64,
}

/// Begins, at zero; gives the resident bytes before.
pub(crate) fn watch() -> i64 {
    let resident = resident();
    LIVE.store(0, Relaxed);
    PEAK.store(0, Relaxed);
    ALLOCATIONS.store(0, Relaxed);
    WATCHING.store(true, Relaxed);
    resident
}

/// The books so far.
pub(crate) fn usage() -> Usage {
    Usage {
        live: LIVE.load(Relaxed),
        peak: PEAK.load(Relaxed),
        allocations: ALLOCATIONS.load(Relaxed),
        resident: resident(),
    }
}

/// The second number of `/proc/self/statm`; 0 where there is none (proc(5)).
fn resident() -> i64 {
    const PAGE: i64 = 4_096;
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<i64>().ok()).unwrap_or(0) * PAGE
}

fn changed(by: i64) {
    if WATCHING.load(Relaxed) {
        let live = LIVE.fetch_add(by, Relaxed) + by;
        if by > 0 {
            PEAK.fetch_max(live, Relaxed);
        }
    }
}

fn allocated(bytes: i64) {
    if WATCHING.load(Relaxed) {
        ALLOCATIONS.fetch_add(1, Relaxed);
        changed(bytes);
    }
}

#[expect(unsafe_code, reason = "a global allocator can only be written as an unsafe impl")]
// SAFETY: every call goes unchanged to `System`, which keeps the contract; the books are atomics only.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        allocated(layout.size() as i64);
        // SAFETY: the caller's promises about `layout` are handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        allocated(layout.size() as i64);
        // SAFETY: the caller's promises about `layout` are handed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        allocated(new_size as i64 - layout.size() as i64);
        // SAFETY: the caller's promises about `pointer`, `layout` and `new_size` are handed on.
        unsafe { System.realloc(pointer, layout, new_size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        changed(-(layout.size() as i64));
        // SAFETY: the caller's promises about `pointer` and `layout` are handed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}
