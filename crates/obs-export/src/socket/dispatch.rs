//! The sink: writes the records of each batch to one of several places, and comes back to it until they are out.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use obs_core::{Clock, IdSource};

use super::cause::{Cause, trouble};
use super::dial::{Site, dial};
use super::work::Work;
use super::{Failure, Place, Probe, Retry, Retrying, Sent, Wire};
use crate::queue::{Batch, Control, Delivery, Losses, Reason, Sink};
use crate::rounds::{Rounds, Tries};
use crate::watch::{Traffic, Trouble};

/// After how long a connection counts as good: one that breaks later is opened again at once.
const STEADY: Duration = Duration::from_secs(1);

/// How often in a row a connection may be closed within one record, before that is taken for the record's fault.
const BREAKS: u32 = 5;

type OnFailure = Box<dyn FnMut(&Failure<'_>) + Send>;
type OnRetry = Box<dyn FnMut(&Retrying<'_>) + Send>;

/// Writes each batch.
pub struct Dispatch {
    rounds: Rounds<Site>,
    open: Option<Open>,
    timeout: Duration,
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

impl Dispatch {
    /// Writes to the first of these places that can be had, with the default [`Retry`] and random jitter.
    pub fn new(places: impl IntoIterator<Item = Arc<dyn Place>>) -> Self {
        Self {
            rounds: Rounds::new(places.into_iter().map(Site::new)),
            open: None,
            timeout: Duration::from_secs(10),
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
        self.rounds.retry = retry;
        self
    }

    /// Where jitter comes from; default random.
    #[must_use]
    pub fn ids(mut self, ids: IdSource) -> Self {
        self.rounds.ids = ids;
        self
    }

    /// What times of good and bad attempts are taken from; default the system's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.rounds.clock = clock;
        self
    }

    /// What is written and what comes of it is noted here; default nowhere. A batch is what the queue hands over; each
    /// opening after a failure, and each attempt that opens nothing, is a further attempt; bytes are those that went to the
    /// socket, without what TLS puts around them.
    #[must_use]
    pub fn traffic(mut self, traffic: &Traffic) -> Self {
        self.rounds.traffic = traffic.clone();
        self
    }

    /// How its places are asked whether they are there.
    #[must_use]
    pub fn probe(&self) -> Probe {
        Probe::new(self.rounds.places.iter().map(Site::again), self.timeout)
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
                let site = self.rounds.places.front().ok_or(io::ErrorKind::NotFound)?;
                let wire = dial(site, self.timeout, control, Ok)?;
                let now = Instant::now();
                self.open.insert(Open { wire, since: now, is_used: false, moved: now })
            }
        };
        open.wire.check()?;
        let sent = open.wire.send(bytes)?;
        match sent {
            Sent::Bytes(_) | Sent::Record { .. } => open.moved = Instant::now(),
            Sent::Waits if open.moved.elapsed() > self.timeout => return Err(Cause::TakesNothing.error()),
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
        self.rounds.fails(trouble(error));
        let ended = if was_steady {
            None
        } else {
            let told = |attempts| (self.on_retry)(&Retrying { records, attempts, error });
            self.rounds.again(tries, true, None, control, told)
        };
        if ended.is_none() {
            self.rounds.traffic.begins(false);
        }
        ended
    }

    /// Notes what went to the socket, and that records got out by it.
    fn wrote(&mut self, bytes: usize, is_out: bool, tries: &mut Tries) {
        self.rounds.traffic.sends(bytes);
        if is_out {
            self.rounds.succeeds();
            *tries = Tries::since(Instant::now());
            self.open.iter_mut().for_each(|open| open.is_used = true);
        }
    }

    fn lost(&mut self, (reason, records): (Reason, u64), attempts: u32, error: Option<&io::Error>) -> Losses {
        (self.on_failure)(&Failure { reason, records, attempts, error });
        Losses::of(reason, records)
    }
}

impl Sink for Dispatch {
    fn deliver(&mut self, batch: &mut Batch, control: &Control) -> Delivery {
        let (mut work, mut losses, mut tries) =
            (Work::of(batch), Losses::default(), Tries::since(Instant::now()));
        // How often it broke, and how many records were left then.
        let mut broke = (0, 0);
        // The time in which nothing was to be sent is not the other side's.
        if let Some(open) = &mut self.open {
            open.moved = Instant::now();
        }
        if work.rest().is_some() {
            self.rounds.traffic.begins(true);
        }
        while let Some(bytes) = work.rest() {
            let error = match self.step(bytes, control) {
                Ok(Sent::Bytes(sent)) => {
                    self.wrote(sent, work.advance(sent), &mut tries);
                    None
                }
                Ok(Sent::Record { taken, sent }) => {
                    self.wrote(sent, work.advance(taken), &mut tries);
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
                    let before = if broke.1 == work.left() { broke.0 } else { 0 };
                    let is_within = work.is_begun() && trouble(error) == Trouble::Closed;
                    broke = (before + u32::from(is_within), work.left());
                    work.rewind();
                    let ended = self.again(error, &mut tries, work.left(), control);
                    if ended.is_none() && broke.0 >= BREAKS {
                        work.skip();
                        losses.join(self.lost((Reason::Rejected, 1), tries.failed, Some(error)));
                        tries = Tries::since(Instant::now());
                    }
                    ended
                }
                None if work.left() > 0 && control.is_over() => Some(Reason::Shutdown),
                None => None,
            };
            if let Some(reason) = reason {
                // Of a record that was begun nobody knows what is there.
                if error.is_none() {
                    self.open = None;
                }
                losses.join(self.lost((reason, work.left()), tries.failed, error.as_ref()));
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
        let places: Vec<_> = self.rounds.places.iter().map(ToString::to_string).collect();
        f.debug_struct("Dispatch")
            .field("places", &places)
            .field("retry", &self.rounds.retry)
            .finish_non_exhaustive()
    }
}
