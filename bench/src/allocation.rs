//! A global allocator that can count, because an allocation count does not depend on the machine's mood.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

static COUNTING: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

/// The system allocator, counting the calls of all threads once [`start_counting`] was called.
///
/// It does not count before that, so that timed runs pay one predictable branch and no shared cache line.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counting;

/// How much was asked of the allocator since [`start_counting`], over all threads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allocations {
    /// Calls that gave new memory: `alloc`, `alloc_zeroed` and `realloc`.
    pub count: u64,
    /// Bytes asked for by those calls.
    pub bytes: u64,
}

impl Allocations {
    /// What happened between `earlier` and `self`.
    pub fn since(self, earlier: Self) -> Self {
        Self { count: self.count - earlier.count, bytes: self.bytes - earlier.bytes }
    }
}

/// Counts from now on, for the rest of the process.
pub fn start_counting() {
    COUNTING.store(true, Relaxed);
}

/// The counts so far.
pub fn so_far() -> Allocations {
    Allocations { count: ALLOCATIONS.load(Relaxed), bytes: BYTES.load(Relaxed) }
}

fn count(bytes: usize) {
    if COUNTING.load(Relaxed) {
        ALLOCATIONS.fetch_add(1, Relaxed);
        BYTES.fetch_add(bytes as u64, Relaxed);
    }
}

#[expect(unsafe_code, reason = "a global allocator can only be written as an unsafe impl")]
// SAFETY: every call goes unchanged to `System`, which keeps the contract; counting touches atomics only.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promises about `layout` are handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promises about `layout` are handed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size);
        // SAFETY: the caller's promises about `pointer`, `layout` and `new_size` are handed on.
        unsafe { System.realloc(pointer, layout, new_size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises about `pointer` and `layout` are handed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}
