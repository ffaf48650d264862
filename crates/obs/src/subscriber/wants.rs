//! Which signals look at a call site, remembered by each thread until a filter changes.

use std::cell::Cell;

use tracing::Metadata;

/// The signals that look at a call site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wants {
    pub(super) lines: bool,
    /// Whether lines are written at once, not only held by the flight recorder.
    pub(super) written: bool,
    pub(super) traces: bool,
}

impl Wants {
    #[inline]
    pub(super) fn any(self) -> bool {
        self.lines || self.traces
    }
}

/// Whose answer it is, and of when: a subscriber's instance, and how often its filters have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) instance: u64,
    pub(super) changes: u64,
}

#[derive(Clone, Copy)]
struct Known {
    site: usize,
    stamp: Stamp,
    wants: Wants,
}

const NOTHING: Known = Known {
    site: 0,
    stamp: Stamp { instance: 0, changes: 0 },
    wants: Wants { lines: false, written: false, traces: false },
};

/// A power of two.
const PLACES: usize = 128;

thread_local! {
    static NEAR: [Cell<Known>; PLACES] = const { [const { Cell::new(NOTHING) }; PLACES] };
}

/// What is known of a call site, or what `ask` says.
#[inline]
pub(super) fn of(metadata: &'static Metadata<'static>, stamp: Stamp, ask: impl FnOnce() -> Wants) -> Wants {
    // Metadata is static and each call site has its own, so its address is the call site's identity.
    let site = std::ptr::from_ref(metadata).addr();
    let place = (site >> 4 ^ site >> 11) & (PLACES - 1);
    let known = NEAR.try_with(|near| near[place].get()).unwrap_or(NOTHING);
    if known.site == site && known.stamp == stamp {
        return known.wants;
    }
    let wants = ask();
    let _ = NEAR.try_with(|near| near[place].set(Known { site, stamp, wants }));
    wants
}
