//! What is done with the lines of one call site, in one word.

use std::sync::atomic::{AtomicU64, Ordering};

/// Outputs, a bit each, and what else there is to do first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan(u64);

/// Some route asks for a field.
const ASKS_FIELDS: u64 = 1 << 32;
/// The levels of some requests differ.
const ASKS_REQUEST: u64 = 1 << 33;
/// Lines are counted, and not all of them written.
const SAMPLED: u64 = 1 << 34;
/// What is not written is held by the flight recorder.
const HELD: u64 = 1 << 35;
/// There is nothing to do, or more than to write the line.
const SPECIAL: u64 = 1 << 63;

impl Plan {
    /// To these outputs, of which there may be none.
    pub(super) fn to(outputs: u32) -> Self {
        if outputs == 0 { Self(SPECIAL) } else { Self(u64::from(outputs)) }
    }

    pub(super) fn asking_fields(self) -> Self {
        Self(self.0 | ASKS_FIELDS | SPECIAL)
    }

    pub(super) fn asking_request(self) -> Self {
        Self(self.0 | ASKS_REQUEST | SPECIAL)
    }

    pub(super) fn sampled(self) -> Self {
        Self(self.0 | SAMPLED | SPECIAL)
    }

    pub(super) fn held(self, held: bool) -> Self {
        if held { Self(self.0 | HELD | SPECIAL) } else { self }
    }

    /// Whether the flight recorder holds what is not written.
    pub(crate) fn is_held(self) -> bool {
        self.0 & HELD != 0
    }

    /// The outputs that lines may go to.
    #[inline]
    pub(crate) fn outputs(self) -> u32 {
        self.0 as u32
    }

    /// Whether there is anything else to do than to write the line.
    #[inline]
    pub(crate) fn is_special(self) -> bool {
        self.0 & SPECIAL != 0
    }

    /// Whether there is anything to do.
    pub(crate) fn is_anything(self) -> bool {
        self.outputs() != 0 || self.is_held()
    }

    /// Whether some route asks for a field.
    pub(crate) fn asks_fields(self) -> bool {
        self.0 & ASKS_FIELDS != 0
    }

    /// Whether the request says if its lines are let out.
    pub(crate) fn asks_request(self) -> bool {
        self.0 & ASKS_REQUEST != 0
    }

    /// Whether lines are sampled.
    pub(crate) fn is_sampled(self) -> bool {
        self.0 & SAMPLED != 0
    }

    pub(super) fn word(self) -> u64 {
        self.0
    }

    pub(super) fn of_word(word: u64) -> Self {
        Self(word)
    }
}

/// The plan that a call site keeps, and the plans it is by. Zero is none: no plans have that number.
#[derive(Debug, Default)]
pub(crate) struct Planned {
    stamp: AtomicU64,
    plan: AtomicU64,
}

impl Planned {
    /// The plan, if it is by these plans.
    #[inline]
    pub(crate) fn by(&self, stamp: u64) -> Option<Plan> {
        // One thread keeps it, so the two always belong together.
        let known = self.stamp.load(Ordering::Relaxed) == stamp;
        known.then(|| Plan(self.plan.load(Ordering::Relaxed)))
    }

    pub(crate) fn keep(&self, stamp: u64, plan: Plan) {
        self.plan.store(plan.0, Ordering::Relaxed);
        self.stamp.store(stamp, Ordering::Relaxed);
    }
}
