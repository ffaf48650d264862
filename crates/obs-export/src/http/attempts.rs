//! One request, tried again by the retry table until there is an answer to go by or the time is up.

use std::fmt;
use std::time::Instant;

use obs_core::time::Monotonic;
use obs_core::{Clock, IdSource};

use super::{Call, CallError, Client, Endpoint, Fate, Last, Response, Retry, SendError, Traffic, Trouble};
use crate::queue::Reason;
use crate::retry::Patience;
use crate::rounds::{Rounds, Tries};

/// What became of a [`Call`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Tried {
    /// Attempts made.
    pub attempts: u32,
    /// Why it failed: refused for good, unreachable within the budget, or out of time. `None` for a 2xx answer.
    pub lost: Option<Reason>,
    /// The last answer, or why there was none.
    pub answer: Result<Response, SendError>,
}

impl Tried {
    /// The 2xx answer, or the error that says why there is none.
    ///
    /// # Errors
    /// [`CallError`], by why it was lost.
    pub fn into_result(self) -> Result<Response, CallError> {
        let Self { attempts, lost, answer } = self;
        let Some(lost) = lost else { return answer.map_err(CallError::Answer) };
        match (lost, answer) {
            (Reason::Rejected, Ok(response)) => Err(CallError::Refused(response.into())),
            (Reason::Rejected, Err(error)) => Err(CallError::Answer(error)),
            (Reason::Unreachable, answer) => Err(CallError::Unreachable { attempts, last: Last::of(answer) }),
            (_, Err(SendError::Over)) => Err(CallError::Deadline { attempts, last: None }),
            (_, answer) => Err(CallError::Deadline { attempts, last: Some(Last::of(answer)) }),
        }
    }
}

/// Why a request is sent once more, after a pause.
#[derive(Debug)]
#[non_exhaustive]
pub struct Again<'a> {
    /// Attempts made.
    pub attempts: u32,
    /// The last answer, or why there was none.
    pub answer: &'a Result<Response, SendError>,
}

/// A client with patience: it sends, and sends again.
pub struct Attempts {
    client: Client,
    /// Without places a call goes where it says.
    rounds: Rounds<Endpoint>,
}

impl Attempts {
    /// With the default [`Retry`], the system's clock and random jitter.
    pub fn new(client: Client) -> Self {
        Self { client, rounds: Rounds::new([]) }
    }

    /// Places that may each be asked in the place of a call's own: the one that answered last, and where it does not
    /// or has trouble of its own (5xx, or over gRPC anything but `RESOURCE_EXHAUSTED` that is tried again), the next at once. A pause comes when all of them were tried. Default: none, and
    /// each call goes where it says.
    #[must_use]
    pub fn endpoints(mut self, endpoints: impl IntoIterator<Item = Endpoint>) -> Self {
        self.rounds.places = endpoints.into_iter().collect();
        self
    }

    /// When to try again and when to give up; default [`Retry::new`].
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.rounds.retry = retry;
        self
    }

    /// The clock that dates in `Retry-After` are compared with; default the system's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.rounds.clock = clock;
        self
    }

    /// Where jitter comes from; default random.
    #[must_use]
    pub fn ids(mut self, ids: IdSource) -> Self {
        self.rounds.ids = ids;
        self
    }

    /// What is sent and what comes of it is noted here; default nowhere.
    #[must_use]
    pub fn traffic(mut self, traffic: &Traffic) -> Self {
        self.rounds.traffic = traffic.clone();
        self
    }

    /// By its clock.
    pub(super) fn now(&self) -> Monotonic {
        self.rounds.clock.monotonic()
    }

    /// Notes that an answer which was good by its status was none.
    pub(super) fn note(&self, trouble: Trouble) {
        self.rounds.fails(trouble);
    }

    /// Sends `call` until it is taken, refused for good, or given up; `again` is told of each attempt that another
    /// follows. Blocks, and must not be called on a thread of an async runtime.
    pub fn send(&mut self, call: &Call, patience: &impl Patience, again: impl FnMut(&Again<'_>)) -> Tried {
        self.send_since(Instant::now(), call, patience, again)
    }

    /// The same with a budget that began to run earlier: what is sent in parts has one for all.
    pub(super) fn send_since(
        &mut self,
        begun: Instant,
        call: &Call,
        patience: &impl Patience,
        mut again: impl FnMut(&Again<'_>),
    ) -> Tried {
        let mut tries = Tries::since(begun);
        let mut before = None;
        loop {
            self.rounds.traffic.begins(tries.failed == 0);
            self.rounds.traffic.sends(call.body_len());
            let answer = match self.rounds.places.front() {
                None => self.client.exchange(call, patience),
                Some(endpoint) => self.client.exchange(&call.clone().to(endpoint.clone()), patience),
            };
            match (Trouble::of(&answer), &answer) {
                (Some(trouble), _) => self.rounds.fails(trouble),
                (None, Ok(_)) => self.rounds.succeeds(),
                (None, Err(_)) => {}
            }
            let attempts = tries.failed + 1;
            let lost = match &answer {
                Err(SendError::Over) => {
                    // What went wrong before says more than that there was no time for this.
                    let answer = before.unwrap_or(answer);
                    return Tried { attempts, lost: Some(Reason::Shutdown), answer };
                }
                Err(SendError::ResponseTooLarge | SendError::Foreign) => Some(Reason::Rejected),
                Ok(response) if response.fate(&self.rounds.retry) == Fate::Accepted => None,
                Ok(response) if response.fate(&self.rounds.retry) == Fate::Rejected => Some(Reason::Rejected),
                Ok(_) | Err(SendError::Connection(_) | SendError::Timeout) => {
                    let told = |attempts| again(&Again { attempts, answer: &answer });
                    match self.again(&answer, &mut tries, patience, told) {
                        None => {
                            before = Some(answer);
                            continue;
                        }
                        lost => lost,
                    }
                }
            };
            return Tried { attempts, lost, answer };
        }
    }

    /// What comes after this answer: another attempt, or the end for this reason. A place that asks for less (429) is not
    /// passed by.
    fn again(
        &mut self,
        answer: &Result<Response, SendError>,
        tries: &mut Tries,
        patience: &impl Patience,
        tell: impl FnOnce(u32),
    ) -> Option<Reason> {
        let is_its_own = answer.as_ref().map_or(true, Response::is_its_own_trouble);
        let asked = answer.as_ref().ok().and_then(|response| response.asked(&self.rounds.clock));
        self.rounds.again(tries, is_its_own, asked, patience, tell)
    }

    /// Waits before what was asked for once more by an answer that was good, as after an attempt of that number; why
    /// there is no use in it, where there is none.
    pub(super) fn wait(&mut self, attempt: u32, begun: Instant, patience: &impl Patience) -> Option<Reason> {
        self.rounds.pause((attempt, begun), None, patience, || ())
    }
}

impl fmt::Debug for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempts")
            .field("client", &self.client)
            .field("retry", &self.rounds.retry)
            .finish_non_exhaustive()
    }
}
