//! How much memory an allocator holds, where it can tell.
//!
//! ```
//! use obs_core::{Base, Resource};
//! use obs_metrics::allocator::{self, Usage};
//! use obs_metrics::{Format, Recorder};
//!
//! // What a crate such as `tikv-jemalloc-ctl` or `mimalloc` tells; here numbers that stand for it.
//! fn allocated() -> u64 { 3_000_000 }
//! fn resident() -> u64 { 8_388_608 }
//!
//! let base = Base::new(Resource::new("orders"));
//! allocator::register(&base, "jemalloc", || {
//!     Usage::new().allocated_bytes(allocated()).resident_bytes(resident())
//! });
//! let recorder = Recorder::builder(base).build()?;
//! let text = String::from_utf8(recorder.render(Format::Text))?;
//! assert!(text.contains("\nallocator_allocated_bytes{allocator=\"jemalloc\"} 3000000.0\n"));
//! assert!(text.contains("\nallocator_resident_bytes{allocator=\"jemalloc\"} 8388608.0\n"));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use obs_core::Base;
use obs_core::keys::metric;
use obs_core::meter::{Meter, Source};

/// What an allocator tells of itself; what it does not know is on no scrape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Usage {
    allocated: Option<u64>,
    active: Option<u64>,
    resident: Option<u64>,
    mapped: Option<u64>,
    retained: Option<u64>,
}

impl Usage {
    /// Nothing is known.
    pub const fn new() -> Self {
        Self { allocated: None, active: None, resident: None, mapped: None, retained: None }
    }

    /// What the program has allocated and not freed; default unknown.
    pub const fn allocated_bytes(mut self, bytes: u64) -> Self {
        self.allocated = Some(bytes);
        self
    }

    /// The pages that hold it; default unknown.
    pub const fn active_bytes(mut self, bytes: u64) -> Self {
        self.active = Some(bytes);
        self
    }

    /// What of the allocator's memory is in RAM; default unknown.
    pub const fn resident_bytes(mut self, bytes: u64) -> Self {
        self.resident = Some(bytes);
        self
    }

    /// The address space that is mapped; default unknown.
    pub const fn mapped_bytes(mut self, bytes: u64) -> Self {
        self.mapped = Some(bytes);
        self
    }

    /// The address space that is kept for later and not in RAM; default unknown.
    pub const fn retained_bytes(mut self, bytes: u64) -> Self {
        self.retained = Some(bytes);
        self
    }
}

/// Has the base's scrapes tell what `read` knows, under the label `allocator="<name>"`; what was registered under this
/// name before is told no more. `read` is called at each scrape, on the thread that serves it, and must not block.
/// Where it panics, the scrape goes on without these numbers.
pub fn register(base: &Base, name: &str, read: impl Fn() -> Usage + Send + Sync + 'static) {
    let allocators = base.sources.only::<Allocators>();
    let mut all = allocators.0.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|known| known.name != name);
    all.push(Known { name: name.to_owned(), read: Arc::new(read) });
}

/// All of a base.
#[derive(Debug, Default)]
struct Allocators(Mutex<Vec<Known>>);

#[derive(Clone)]
struct Known {
    name: String,
    read: Arc<dyn Fn() -> Usage + Send + Sync>,
}

impl Source for Allocators {
    fn collect(&self, meter: &mut dyn Meter) {
        // Cloned: somebody else's code runs without the lock.
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for Known { name, read } in all {
            let Ok(usage) = catch_unwind(AssertUnwindSafe(|| read())) else { continue };
            for (metric, bytes) in [
                (&metric::ALLOCATOR_ALLOCATED, usage.allocated),
                (&metric::ALLOCATOR_ACTIVE, usage.active),
                (&metric::ALLOCATOR_RESIDENT, usage.resident),
                (&metric::ALLOCATOR_MAPPED, usage.mapped),
                (&metric::ALLOCATOR_RETAINED, usage.retained),
            ] {
                if let Some(bytes) = bytes {
                    meter.gauge(metric, &[&name], bytes as f64);
                }
            }
        }
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").field("name", &self.name).finish_non_exhaustive()
    }
}
