//! The counters that a thread's call sites used last: a line that equals the one before it from there is counted
//! without a hash and without a lock.

use std::ptr;
use std::sync::{Arc, Weak};

use super::sampler::Sampler;
use super::table::Entry;

/// A power of two.
const SLOTS: usize = 32;

/// The longest message that is kept, in bytes.
const KEPT: usize = 256;

/// What a thread keeps; nothing where nothing is sampled.
#[derive(Debug, Default)]
pub(crate) struct Recent(Vec<Slot>);

/// The counters of one call site.
#[derive(Debug, Default)]
pub(super) struct Slot {
    site: u64,
    /// Whose counters they are. Weak, so that no other can have its address.
    of: Weak<Sampler>,
    pub(super) by_site: Option<Arc<Entry>>,
    message: String,
    /// Whether `message` is that of the counter, whole.
    is_whole: bool,
    by_message: Option<Arc<Entry>>,
}

impl Recent {
    /// The slot of a call site, empty where another has had it.
    pub(super) fn slot(&mut self, site: u64, sampler: &Arc<Sampler>) -> &mut Slot {
        if self.0.is_empty() {
            self.0.resize_with(SLOTS, Slot::default);
        }
        let slot = &mut self.0[(site >> 4 ^ site >> 11) as usize & (SLOTS - 1)];
        if slot.site != site || !ptr::eq(slot.of.as_ptr(), Arc::as_ptr(sampler)) {
            *slot = Slot { site, of: Arc::downgrade(sampler), ..Slot::default() };
        }
        slot
    }
}

impl Slot {
    /// The counter of the message, where it is the last one's.
    #[inline]
    pub(super) fn by_message(&self, message: &str) -> Option<&Entry> {
        let entry = self.by_message.as_deref()?;
        (self.is_whole && self.message == message).then_some(entry)
    }

    /// The counter that was kept last.
    pub(super) fn last(&self) -> Option<&Entry> {
        self.by_message.as_deref()
    }

    pub(super) fn keep(&mut self, message: &str, entry: Arc<Entry>) {
        self.is_whole = message.len() <= KEPT;
        self.message.clear();
        if self.is_whole {
            self.message.push_str(message);
        }
        self.by_message = Some(entry);
    }
}
