//! How a sink that waits between attempts learns that it should stop.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use obs_core::time;

use super::Shared;
use super::state::Phase;

/// Given to a sink with each batch.
#[derive(Clone)]
pub struct Control(pub(super) Arc<Shared>);

impl Control {
    /// Whether the time to deliver has run out: give up and report what is lost as
    /// [`Reason::Shutdown`](super::Reason::Shutdown).
    pub fn is_over(&self) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= Instant::now())
    }

    /// When the time to deliver runs out; `None` as long as no end was asked for.
    pub fn deadline(&self) -> Option<Instant> {
        self.0.lock().deadline
    }

    /// Whether the records of this queue survive the process.
    pub fn is_durable(&self) -> bool {
        self.0.notes.is_open()
    }

    /// Keeps a few bytes beside the records that are being sent, in the place of the last such note: should the process
    /// end before they are settled, [`Sink::resume`](super::Sink::resume) of the next one gets them. At most 48 bytes;
    /// nothing is kept where records do not survive either.
    pub fn note(&self, note: &[u8]) {
        self.0.notes.write(note);
    }

    /// Waits for `pause`, or until the deadline if that comes first. Returns whether there is time left. An end that
    /// is asked for meanwhile cuts the wait short once, so that one more attempt is made before the deadline.
    pub fn wait(&self, pause: Duration) -> bool {
        let until = time::deadline(pause);
        let mut state = self.0.lock();
        let was_closed = state.phase == Phase::Closed;
        loop {
            let now = Instant::now();
            if state.deadline.is_some_and(|deadline| deadline <= now) {
                return false;
            }
            if now >= until || !was_closed && state.phase == Phase::Closed {
                return true;
            }
            let end = state.deadline.map_or(until, |deadline| deadline.min(until));
            let left = end.saturating_duration_since(now);
            state = self.0.work.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").field("deadline", &self.deadline()).finish()
    }
}
