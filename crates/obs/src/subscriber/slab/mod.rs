//! All open spans of one subscriber, in slots that are never moved and never freed.
//!
//! A slot is found by the index in a span's id, under a lock of its own; nothing is shared between spans but the list
//! of free slots, of which each thread keeps a few. The number of slots is bounded: spans beyond are counted, and
//! are given an id that stands for nothing.

mod near;
mod shared;
mod slot;

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::key::{Instance, Key};
use shared::Shared;
use slot::Slot;
pub(super) use slot::{Data, Proxy, Released};

/// The slots of the first chunk; each further one has twice as many as the one before.
const FIRST_CHUNK: u32 = 64;
const CHUNKS: usize = 12;

/// The open spans of one subscriber.
#[derive(Debug)]
pub(super) struct Slab {
    instance: Instance,
    chunks: [OnceLock<Box<[Slot]>>; CHUNKS],
    shared: Mutex<Shared>,
    most: u32,
    refused: AtomicU64,
}

/// Lends the list of free slots for one call.
struct SharedSlots<'a>(&'a Slab);

impl SharedSlots<'_> {
    fn hand_out(&self, to: &mut Vec<u32>, count: usize) {
        self.0.shared.lock().unwrap_or_else(PoisonError::into_inner).hand_out(to, count, self.0.most);
    }

    fn give_back(&self, slots: impl IntoIterator<Item = u32>) {
        self.0.shared.lock().unwrap_or_else(PoisonError::into_inner).give_back(slots);
    }
}

impl Slab {
    /// The most spans that are open at once: 262,080.
    pub(super) const CAPACITY: u32 = FIRST_CHUNK * ((1 << CHUNKS) - 1);

    /// At most `most` spans at once, and no more than [`Slab::CAPACITY`].
    pub(super) fn new(instance: Instance, most: u32) -> Arc<Self> {
        Arc::new(Self {
            instance,
            chunks: [const { OnceLock::new() }; CHUNKS],
            shared: Mutex::default(),
            most: most.min(Self::CAPACITY),
            refused: AtomicU64::new(0),
        })
    }

    fn shared(&self) -> SharedSlots<'_> {
        SharedSlots(self)
    }

    /// A slot for a new span; `None`, and counted, when all are in use.
    #[inline]
    pub(super) fn reserve(self: &Arc<Self>) -> Option<Reserved<'_>> {
        let Some(index) = near::take(self) else {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        Some(Reserved { slab: self, slot: self.slot_or_init(index)?, index, is_filled: false })
    }

    /// How many spans found no slot.
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// How many spans are open. Looks at every slot there is.
    pub(super) fn open(&self) -> usize {
        let slots = self.chunks.iter().filter_map(OnceLock::get).flat_map(|chunk| chunk.iter());
        slots.filter(|slot| slot.is_taken()).count()
    }

    /// Where an index is: the chunk, and the place in it.
    #[inline]
    fn place(index: u32) -> (usize, usize) {
        let chunk = (index / FIRST_CHUNK + 1).ilog2();
        (chunk as usize, (index - FIRST_CHUNK * ((1 << chunk) - 1)) as usize)
    }

    #[inline]
    fn slot(&self, index: u32) -> Option<&Slot> {
        let (chunk, place) = Self::place(index);
        self.chunks.get(chunk)?.get()?.get(place)
    }

    #[inline]
    fn slot_or_init(&self, index: u32) -> Option<&Slot> {
        let (chunk, place) = Self::place(index);
        let make = || (0..FIRST_CHUNK << chunk).map(|_| Slot::default()).collect();
        self.chunks.get(chunk)?.get_or_init(make).get(place)
    }

    /// Lends what is known of a span; `None` when it is gone. `with` runs no code of a user's.
    #[inline]
    pub(super) fn with<R>(&self, key: Key, with: impl FnOnce(&mut Data) -> R) -> Option<R> {
        self.slot(key.index())?.with(key, with)
    }

    /// Takes a reference; whether there is such a span.
    #[inline]
    pub(super) fn acquire(&self, key: Key) -> bool {
        self.slot(key.index()).is_some_and(|slot| slot.acquire(key))
    }

    /// Gives a reference back.
    #[inline]
    pub(super) fn release(&self, key: Key) -> Released {
        self.slot(key.index()).map_or(Released::Unknown, |slot| slot.release(key))
    }

    /// Empties a slot after [`Released::Last`].
    #[inline]
    pub(super) fn vacate<R>(self: &Arc<Self>, key: Key, take: impl FnOnce(&mut Data) -> R) -> Option<R> {
        let taken = self.slot(key.index())?.vacate(take);
        near::put(self, key.index());
        Some(taken)
    }
}

/// A free slot that is kept for a span; given back when it is not filled.
#[must_use]
pub(super) struct Reserved<'a> {
    slab: &'a Arc<Slab>,
    slot: &'a Slot,
    index: u32,
    is_filled: bool,
}

impl Reserved<'_> {
    /// Moves in what is known of the span so far. Nobody finds it yet.
    #[inline]
    pub(super) fn prepare<R>(&self, prepare: impl FnOnce(&mut Data) -> R) -> R {
        self.slot.prepare(prepare)
    }

    /// Moves the span in, with one reference.
    #[inline]
    pub(super) fn fill(mut self, is_proxy: bool, fill: impl FnOnce(&mut Data)) -> Key {
        self.is_filled = true;
        Key::new(self.slab.instance, self.slot.fill(fill), self.index, is_proxy)
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if !self.is_filled {
            let gone = self.slot.vacate(|data| (std::mem::take(&mut data.traced), data.inherited.take()));
            near::put(self.slab, self.index);
            // Out here, where nothing is locked: a request may end with its last context.
            drop(gone);
        }
    }
}
