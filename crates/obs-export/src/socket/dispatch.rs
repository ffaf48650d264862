//! The sink: writes the records of each batch to one of several places, and comes back to it until they are out.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use obs_core::IdSource;

use super::dial::dial;
use super::work::Work;
use super::{Failure, Place, Retry, Retrying, Sent, Wire};
use crate::queue::{Batch, Control, Delivery, Losses, Reason, Sink};
use crate::retry::hurried;

/// After how long a connection counts as good: one that breaks later is opened again at once.
const STEADY: Duration = Duration::from_secs(1);

type OnFailure = Box<dyn FnMut(&Failure<'_>) + Send>;
type OnRetry = Box<dyn FnMut(&Retrying<'_>) + Send>;

/// Writes each batch.
pub struct Dispatch {
    /// The first is the one in use, or tried next.
    places: VecDeque<Arc<dyn Place>>,
    open: Option<Open>,
    timeout: Duration,
    retry: Retry,
    ids: IdSource,
    on_failure: OnFailure,
    on_retry: OnRetry,
}

struct Open {
    wire: Box<dyn Wire>,
    since: Instant,
    /// Whether any record got out.
    is_used: bool,
    /// When it took something last.
    moved: Instant,
}

/// What was tried since the last record that got out.
struct Tries {
    begun: Instant,
    attempts: u32,
    /// Places tried since the last pause.
    places: usize,
}

impl Dispatch {
    /// Writes to the first of these places that can be had, with the default [`Retry`] and random jitter.
    pub fn new(places: impl IntoIterator<Item = Arc<dyn Place>>) -> Self {
        Self {
            places: places.into_iter().collect(),
            open: None,
            timeout: Duration::from_secs(10),
            retry: Retry::new(),
            ids: IdSource::random(),
            on_failure: Box::new(|_| ()),
            on_retry: Box::new(|_| ()),
        }
    }

    /// How long opening a place may take, and how long one may take nothing; default 10 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// When to try again and when to give up; default [`Retry::new`].
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Where jitter comes from; default random.
    #[must_use]
    pub fn ids(mut self, ids: IdSource) -> Self {
        self.ids = ids;
        self
    }

    /// Called on the worker's thread where records are lost; default nothing. Must not send telemetry through the same
    /// queue.
    #[must_use]
    pub fn on_failure(mut self, hook: impl FnMut(&Failure<'_>) + Send + 'static) -> Self {
        self.on_failure = Box::new(hook);
        self
    }

    /// Called on the worker's thread after each attempt that will be followed by another; default nothing. Must not
    /// send telemetry through the same queue.
    #[must_use]
    pub fn on_retry(mut self, hook: impl FnMut(&Retrying<'_>) + Send + 'static) -> Self {
        self.on_retry = Box::new(hook);
        self
    }

    /// Does one thing: opens a place, or writes once.
    fn step(&mut self, bytes: &[u8], control: &Control) -> io::Result<Sent> {
        let open = match &mut self.open {
            Some(open) => open,
            None => {
                let place = self.places.front().ok_or(io::ErrorKind::NotFound)?;
                let wire = dial(place, self.timeout, control)?;
                let now = Instant::now();
                self.open.insert(Open { wire, since: now, is_used: false, moved: now })
            }
        };
        open.wire.check()?;
        let sent = open.wire.send(bytes)?;
        match sent {
            Sent::Bytes(_) => open.moved = Instant::now(),
            Sent::Waits if open.moved.elapsed() > self.timeout => {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the other side takes nothing"));
            }
            Sent::Waits | Sent::Never => {}
        }
        Ok(sent)
    }

    /// What comes after a failure: another attempt, after a pause where one is due, or the end for this reason.
    fn again(
        &mut self,
        error: &io::Error,
        tries: &mut Tries,
        records: u64,
        control: &Control,
    ) -> Option<Reason> {
        let is_steady = |open: Open| open.is_used && open.since.elapsed() >= STEADY;
        let was_steady = self.open.take().is_some_and(is_steady);
        if control.is_over() {
            return Some(Reason::Shutdown);
        }
        if was_steady {
            return None;
        }
        tries.attempts += 1;
        tries.places += 1;
        if self.places.len() > 1 {
            self.places.rotate_left(1);
        }
        let random = self.ids.span_id().get();
        let pause = match self.retry.pause(tries.attempts, tries.begun.elapsed(), None, random) {
            _ if tries.places < self.places.len() => None,
            None => return Some(Reason::Unreachable),
            pause => pause,
        };
        (self.on_retry)(&Retrying { records, attempts: tries.attempts, error });
        let pause = pause?;
        tries.places = 0;
        (!control.wait(hurried(pause, control.deadline()))).then_some(Reason::Shutdown)
    }

    fn lost(&mut self, (reason, records): (Reason, u64), attempts: u32, error: Option<&io::Error>) -> Losses {
        (self.on_failure)(&Failure { reason, records, attempts, error });
        Losses::of(reason, records)
    }
}

impl Tries {
    fn new() -> Self {
        Self { begun: Instant::now(), attempts: 0, places: 0 }
    }
}

impl Sink for Dispatch {
    fn deliver(&mut self, batch: &mut Batch, control: &Control) -> Delivery {
        let (mut work, mut losses, mut tries) = (Work::of(batch), Losses::default(), Tries::new());
        // The time in which nothing was to be sent is not the other side's.
        if let Some(open) = &mut self.open {
            open.moved = Instant::now();
        }
        while let Some(bytes) = work.rest() {
            let error = match self.step(bytes, control) {
                Ok(Sent::Bytes(sent)) => {
                    if work.advance(sent) {
                        tries = Tries::new();
                        self.open.iter_mut().for_each(|open| open.is_used = true);
                    }
                    None
                }
                Ok(Sent::Waits) => None,
                Ok(Sent::Never) => {
                    work.skip();
                    losses.join(self.lost((Reason::Rejected, 1), 1, None));
                    None
                }
                Err(error) => Some(error),
            };
            let reason = match &error {
                Some(error) => {
                    work.rewind();
                    self.again(error, &mut tries, work.left(), control)
                }
                None if work.left() > 0 && control.is_over() => Some(Reason::Shutdown),
                None => None,
            };
            if let Some(reason) = reason {
                // Of a record that was begun nobody knows what is there.
                if error.is_none() {
                    self.open = None;
                }
                losses.join(self.lost((reason, work.left()), tries.attempts, error.as_ref()));
                return Delivery::Lost(losses);
            }
        }
        if work.left() > 0 {
            losses.join(self.lost((Reason::Internal, work.left()), 0, None));
        }
        Delivery::Lost(losses)
    }

    fn flush(&mut self) {
        if let Some(mut open) = self.open.take() {
            open.wire.close();
        }
    }
}

impl fmt::Debug for Dispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places: Vec<_> = self.places.iter().map(ToString::to_string).collect();
        f.debug_struct("Dispatch")
            .field("places", &places)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
