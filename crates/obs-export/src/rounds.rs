//! What comes between two attempts: the next place, or a pause with jitter that an end may cut short, or giving up. Sinks
//! over HTTP and over sockets have it in common; what an attempt is differs, so the loops around it are their own: one
//! call there, and here a write of which there are many to a batch, each of which may begin the patience anew. So are the
//! setters, which are what each of the two shows to its users.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use obs_core::{Clock, IdSource};

use crate::queue::Reason;
use crate::retry::{Patience, Retry, hurried};
use crate::watch::{Traffic, Trouble};

/// Places that are there for the same, and how patiently they are tried.
pub(crate) struct Rounds<P> {
    /// The first is the one in use, or tried next.
    pub(crate) places: VecDeque<P>,
    pub(crate) retry: Retry,
    pub(crate) clock: Clock,
    /// Where jitter comes from.
    pub(crate) ids: IdSource,
    pub(crate) traffic: Traffic,
}

/// What was tried for one thing that is to get out.
pub(crate) struct Tries {
    begun: Instant,
    /// Attempts that failed.
    pub(crate) failed: u32,
    /// Places tried since the last pause.
    places: usize,
}

impl Tries {
    /// With patience that began then.
    pub(crate) fn since(begun: Instant) -> Self {
        Self { begun, failed: 0, places: 0 }
    }
}

impl<P> Rounds<P> {
    /// With the default [`Retry`], the system's clock and random jitter.
    pub(crate) fn new(places: impl IntoIterator<Item = P>) -> Self {
        Self {
            places: places.into_iter().collect(),
            retry: Retry::new(),
            clock: Clock::system(),
            ids: IdSource::random(),
            traffic: Traffic::new(),
        }
    }

    /// Notes that an attempt came to nothing.
    pub(crate) fn fails(&self, trouble: Trouble) {
        self.traffic.fails(self.clock.now(), trouble);
    }

    /// Notes that one was good.
    pub(crate) fn succeeds(&self) {
        self.traffic.succeeds(self.clock.now());
    }

    /// After an attempt that failed: waits for the next one where a pause is due, or says why there is none. A place
    /// whose trouble is its own is passed by, as all are there for the same: there is a pause when all were tried.
    /// `tell` gets the number of attempts where another follows.
    pub(crate) fn again(
        &mut self,
        tries: &mut Tries,
        is_its_own: bool,
        asked: Option<Duration>,
        patience: &impl Patience,
        tell: impl FnOnce(u32),
    ) -> Option<Reason> {
        tries.failed += 1;
        tries.places += 1;
        if is_its_own && self.places.len() > 1 {
            self.places.rotate_left(1);
        }
        if is_its_own && tries.places < self.places.len() {
            tell(tries.failed);
            return None;
        }
        tries.places = 0;
        self.pause((tries.failed, tries.begun), asked, patience, || tell(tries.failed))
    }

    /// Waits as after a failed attempt of this number, or for as long as was asked for; why there is no use in it, where
    /// there is none. `tell` is called before, where there is.
    pub(crate) fn pause(
        &self,
        (attempt, begun): (u32, Instant),
        asked: Option<Duration>,
        patience: &impl Patience,
        tell: impl FnOnce(),
    ) -> Option<Reason> {
        let random = self.ids.span_id().get();
        let Some(pause) = self.retry.pause(attempt, begun.elapsed(), asked, random) else {
            return Some(Reason::Unreachable);
        };
        tell();
        // A pause that was asked for is kept, any other cut where the end is near.
        let pause = if asked.is_some() { pause } else { hurried(pause, patience.deadline()) };
        (!patience.wait(pause)).then_some(Reason::Shutdown)
    }
}
