//! Which phase of its life the service is in; health, middleware and logs read it.

use std::sync::atomic::{AtomicU8, Ordering};

/// The phases in their only order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Not yet ready for traffic.
    Starting,
    /// Serving.
    Ready,
    /// Finishing what is in flight, taking nothing new.
    Draining,
    /// Done.
    Stopped,
}

/// The current [`Phase`]; only ever moves forward.
#[derive(Debug, Default)]
pub struct Lifecycle(AtomicU8);

impl Lifecycle {
    /// A service that is starting.
    pub const fn new() -> Self {
        Self(AtomicU8::new(0))
    }

    /// The phase now.
    pub fn phase(&self) -> Phase {
        match self.0.load(Ordering::Acquire) {
            0 => Phase::Starting,
            1 => Phase::Ready,
            2 => Phase::Draining,
            _ => Phase::Stopped,
        }
    }

    /// Moves on to `phase`. Returns whether this call did it: `false` when that phase, or a later one, was reached.
    pub fn advance(&self, phase: Phase) -> bool {
        let target = phase as u8;
        self.0.fetch_max(target, Ordering::AcqRel) < target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_move_forward_only_and_one_caller_wins() {
        let life = Lifecycle::new();
        assert_eq!(life.phase(), Phase::Starting);
        assert!(life.advance(Phase::Draining));
        assert!(!life.advance(Phase::Draining));
        assert!(!life.advance(Phase::Ready));
        assert_eq!(life.phase(), Phase::Draining);
        assert!(life.advance(Phase::Stopped));
        assert_eq!(life.phase(), Phase::Stopped);
    }
}
