//! What is known of one open span.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use obs_core::context::{Context, LocalKind, WeakContext};
use obs_core::fields::Fields;
use tracing::Metadata;

use super::super::key::{GENERATIONS, Key};
use super::super::lines::Fragments;
use super::super::traces::Traced;

/// A slot whose list of fields has grown beyond this gives its memory back.
const KEEP_BYTES: usize = 1_024;

/// One place in the slab, used by one span after another.
#[derive(Debug, Default)]
pub(in super::super) struct Slot {
    /// `generation << 32 | references`. Only changed from and to zero references by whoever owns the slot alone.
    state: AtomicU64,
    data: Mutex<Data>,
}

/// What [`Slot::release`] has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Released {
    /// The span was gone before.
    Unknown,
    /// Others hold it.
    Held,
    /// That was the last reference: the slot is the caller's to vacate.
    Last,
}

/// What is known of the span in a slot. No user's code runs while it is lent.
#[derive(Debug, Default)]
pub(in super::super) struct Data {
    pub(in super::super) metadata: Option<&'static Metadata<'static>>,
    /// The span above, of which this one holds a reference; a proxy holds none.
    pub(in super::super) parent: Option<Key>,
    /// The span as it is traced; it has a context of its own.
    pub(in super::super) traced: Traced,
    /// What to open where the span is not traced: what it was opened in.
    pub(in super::super) inherited: Option<Context>,
    /// Whether lines show its fields.
    pub(in super::super) on_lines: bool,
    /// Of those, whether lines that are written at once do, not only those that the flight recorder holds.
    pub(in super::super) is_written: bool,
    pub(in super::super) fields: Fields,
    pub(in super::super) fragments: Fragments,
    pub(in super::super) proxy: Option<Proxy>,
}

/// Of a slot that stands for a native span.
#[derive(Debug)]
pub(in super::super) struct Proxy {
    /// How many handles users have; with none, the slot does not keep the request alive.
    pub(in super::super) handles: u32,
    pub(in super::super) of: WeakContext,
}

impl Data {
    /// What to open while the span's code runs.
    #[inline]
    pub(in super::super) fn context(&self) -> Option<&Context> {
        self.traced.context().or(self.inherited.as_ref())
    }

    /// The same for whoever goes by it from here on.
    #[inline]
    pub(in super::super) fn used(&self) -> Option<&Context> {
        self.traced.used().or(self.inherited.as_ref())
    }

    /// Whether its fields may stand on a line that is written in `current`: a guard that is held across an await must
    /// not put the fields of one request onto the lines of another.
    #[inline]
    pub(in super::super) fn belongs_to(&self, current: Option<&Context>) -> bool {
        let (Some(own), Some(current)) = (self.context(), current) else { return true };
        own.is_beside(current) || own.local().kind() == LocalKind::Task
    }

    /// Forgets all but the memory that the next span may use.
    fn clear(&mut self) {
        self.metadata = None;
        self.parent = None;
        self.traced = Traced::default();
        self.inherited = None;
        self.proxy = None;
        if !std::mem::take(&mut self.on_lines) {
            // Nor has it any fields.
            return;
        }
        self.is_written = false;
        if self.fields.capacity_bytes() > KEEP_BYTES {
            self.fields = Fields::new();
            self.fragments = Fragments::default();
        } else {
            self.fields.clear();
            self.fragments.clear();
        }
    }
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is(state: u64, key: Key) -> bool {
        ((state >> 32) as u32) % GENERATIONS == key.generation()
    }

    /// Lends what is to be known of a span that nobody finds yet. The slot must be the caller's.
    #[inline]
    pub(super) fn prepare<R>(&self, prepare: impl FnOnce(&mut Data) -> R) -> R {
        prepare(&mut self.lock())
    }

    /// Moves a span in; returns its generation. The slot must be the caller's.
    #[inline]
    pub(super) fn fill(&self, fill: impl FnOnce(&mut Data)) -> u32 {
        let mut data = self.lock();
        fill(&mut data);
        let generation = self.state.load(Ordering::Relaxed) >> 32;
        self.state.store(generation << 32 | 1, Ordering::Release);
        generation as u32
    }

    /// Lends what is known of the span.
    #[inline]
    pub(super) fn with<R>(&self, key: Key, with: impl FnOnce(&mut Data) -> R) -> Option<R> {
        let mut data = self.lock();
        Self::is(self.state.load(Ordering::Acquire), key).then(|| with(&mut data))
    }

    /// Takes a reference; whether there is such a span.
    #[inline]
    pub(super) fn acquire(&self, key: Key) -> bool {
        let more = |state| {
            let references = state as u32;
            (Self::is(state, key) && references > 0 && references < u32::MAX).then_some(state + 1)
        };
        self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Gives a reference back.
    #[inline]
    pub(super) fn release(&self, key: Key) -> Released {
        let less = |state| (Self::is(state, key) && state as u32 > 0).then_some(state - 1);
        match self.state.fetch_update(Ordering::AcqRel, Ordering::Relaxed, less) {
            Err(_) => Released::Unknown,
            Ok(before) if before as u32 == 1 => Released::Last,
            Ok(_) => Released::Held,
        }
    }

    /// Takes out what outlives the span, and makes the slot ready for another. The slot must be the caller's.
    #[inline]
    pub(super) fn vacate<R>(&self, take: impl FnOnce(&mut Data) -> R) -> R {
        let mut data = self.lock();
        let taken = take(&mut data);
        data.clear();
        let generation = (self.state.load(Ordering::Relaxed) >> 32).wrapping_add(1);
        self.state.store(generation << 32, Ordering::Release);
        taken
    }

    /// Whether a span is in it.
    pub(super) fn is_taken(&self) -> bool {
        self.state.load(Ordering::Relaxed) as u32 > 0
    }
}
