//! What a thread keeps from line to line, so that a line allocates nothing.
//!
//! It is taken out of its cell while a line is written. A `Debug` that logs finds the cell empty and makes itself a
//! second one, so no borrow is ever held while a user's code runs.

use std::cell::Cell;
use std::ptr;
use std::rc::Rc;

use obs_core::redact::Rules;
use tracing_core::Metadata;

use crate::format::{Buffer, IdCache, Site, TimeCache};

/// A buffer that grew beyond this for one long line is given back, in bytes.
const KEEP_BYTES: usize = 64 * 1024;

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// The buffers and caches of one thread.
pub(crate) struct Scratch {
    /// The JSON line, and the hashes of its spans' keys.
    pub(crate) json: (Buffer, Vec<u64>),
    /// The logfmt line, and the hashes of its spans' keys.
    pub(crate) logfmt: (Buffer, Vec<u64>),
    /// The pretty line without its head, and the hashes of its spans' keys.
    pub(crate) pretty: (Buffer, Vec<u64>),
    /// The whole pretty line.
    pub(crate) line: Buffer,
    /// A printed value that goes to more than one format.
    pub(crate) text: String,
    pub(crate) time: TimeCache,
    pub(crate) ids: IdCache,
    pub(crate) sites: Sites,
}

impl Scratch {
    fn new() -> Self {
        Self {
            json: (Buffer::with_capacity(1_024), Vec::new()),
            logfmt: Default::default(),
            pretty: Default::default(),
            line: Buffer::new(),
            text: String::new(),
            time: TimeCache::new(),
            ids: IdCache::default(),
            sites: Sites::default(),
        }
    }

    /// Lends this thread's scratch to `write`, or a new one where it is in use or the thread is ending.
    #[inline]
    pub(crate) fn lend<R>(write: impl FnOnce(&mut Self) -> R) -> R {
        let kept = SCRATCH.try_with(Cell::take).ok().flatten();
        let mut scratch = kept.unwrap_or_else(|| Box::new(Self::new()));
        let result = write(&mut scratch);
        scratch.shrink();
        let _ = SCRATCH.try_with(|cell| cell.set(Some(scratch)));
        result
    }

    #[inline]
    fn shrink(&mut self) {
        for buffer in [&mut self.json.0, &mut self.logfmt.0, &mut self.pretty.0, &mut self.line] {
            if buffer.capacity() > KEEP_BYTES {
                *buffer = Buffer::new();
            }
        }
        if self.text.capacity() > KEEP_BYTES {
            self.text = String::new();
        }
    }
}

/// Call sites seen on this thread: a table of [`SETS`] sets of [`WAYS`], in which a newcomer replaces another of its
/// set.
#[derive(Default)]
pub(crate) struct Sites {
    table: Vec<Set>,
    replace: usize,
}

/// Call sites by their identity; engines that judge by other rules have their own.
type Set = [Option<(usize, Rc<Site>)>; WAYS];

/// A power of two.
const SETS: usize = 128;
const WAYS: usize = 4;

impl Sites {
    /// What is known of the call site.
    #[inline]
    pub(crate) fn get(&mut self, metadata: &'static Metadata<'static>, rules: &Rules) -> Rc<Site> {
        // Metadata is static and each call site has its own, so its address is the call site's identity.
        let id = ptr::from_ref(metadata).addr();
        let set = (id >> 4 ^ id >> 11) & (SETS - 1);
        if let Some(ways) = self.table.get(set) {
            for (known, site) in ways.iter().flatten() {
                if *known == id && site.rules.is_same(rules) {
                    return Rc::clone(site);
                }
            }
        }
        self.insert(id, set, metadata, rules)
    }

    #[cold]
    fn insert(&mut self, id: usize, set: usize, metadata: &Metadata<'_>, rules: &Rules) -> Rc<Site> {
        if self.table.is_empty() {
            self.table.resize_with(SETS, Default::default);
        }
        let site = Rc::new(Site::new(metadata, rules));
        let ways = &mut self.table[set];
        let way = ways.iter().position(Option::is_none).unwrap_or_else(|| {
            self.replace = (self.replace + 1) % WAYS;
            self.replace
        });
        ways[way] = Some((id, Rc::clone(&site)));
        site
    }
}
