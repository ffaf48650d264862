//! One request, tried again by the retry table until there is an answer to go by or the time is up.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use obs_core::{Clock, IdSource};

use super::{Call, CallError, Client, Endpoint, Fate, Last, Response, Retry, SendError, Traffic, Trouble};
use crate::queue::{Control, Reason};
use crate::retry::hurried;

/// How much time there is, and who may cut it short.
pub trait Patience {
    /// When all must be over; may come up while something is under way.
    fn deadline(&self) -> Option<Instant>;

    /// Waits for `pause`; whether there is time left then.
    fn wait(&self, pause: Duration) -> bool;
}

impl Patience for Control {
    fn deadline(&self) -> Option<Instant> {
        Control::deadline(self)
    }

    fn wait(&self, pause: Duration) -> bool {
        Control::wait(self, pause)
    }
}

/// A fixed point in time that nobody moves.
#[derive(Clone, Copy, Debug)]
pub struct Until(pub Instant);

impl Patience for Until {
    fn deadline(&self) -> Option<Instant> {
        Some(self.0)
    }

    fn wait(&self, pause: Duration) -> bool {
        let left = self.0.saturating_duration_since(Instant::now());
        if left <= pause {
            // Waiting for the end would bring nothing.
            return false;
        }
        std::thread::sleep(pause);
        true
    }
}

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
    /// All places that a call may go to, where there are several; the first is the one that is tried next.
    endpoints: VecDeque<Endpoint>,
    retry: Retry,
    clock: Clock,
    ids: IdSource,
    traffic: Traffic,
}

impl Attempts {
    /// With the default [`Retry`], the system's clock and random jitter.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            endpoints: VecDeque::new(),
            retry: Retry::new(),
            clock: Clock::system(),
            ids: IdSource::random(),
            traffic: Traffic::new(),
        }
    }

    /// Places that may each be asked in the place of a call's own: the one that answered last, and where it does not
    /// or has trouble of its own (5xx, or over gRPC anything but `RESOURCE_EXHAUSTED` that is tried again), the next at once. A pause comes when all of them were tried. Default: none, and
    /// each call goes where it says.
    #[must_use]
    pub fn endpoints(mut self, endpoints: impl IntoIterator<Item = Endpoint>) -> Self {
        self.endpoints = endpoints.into_iter().collect();
        self
    }

    /// When to try again and when to give up; default [`Retry::new`].
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// The clock that dates in `Retry-After` are compared with; default the system's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Where jitter comes from; default random.
    #[must_use]
    pub fn ids(mut self, ids: IdSource) -> Self {
        self.ids = ids;
        self
    }

    /// What is sent and what comes of it is noted here; default nowhere.
    #[must_use]
    pub fn traffic(mut self, traffic: &Traffic) -> Self {
        self.traffic = traffic.clone();
        self
    }

    /// Notes that an answer which was good by its status was none.
    pub(super) fn note(&self, trouble: Trouble) {
        self.traffic.fails(self.clock.now(), trouble);
    }

    /// Sends `call` until it is taken, refused for good, or given up; `again` is told of each attempt that another
    /// follows. Blocks, and must not be called on a thread of an async runtime.
    pub fn send(
        &mut self,
        call: &Call,
        patience: &impl Patience,
        mut again: impl FnMut(&Again<'_>),
    ) -> Tried {
        let begun = Instant::now();
        let mut attempts = 0;
        let mut before = None;
        // Places that were tried since the last pause.
        let mut tried = 0;
        loop {
            attempts += 1;
            tried += 1;
            self.traffic.sends(attempts == 1, call.body_len());
            let answer = match self.endpoints.front() {
                None => self.client.exchange(call, patience),
                Some(endpoint) => self.client.exchange(&call.clone().to(endpoint.clone()), patience),
            };
            match (Trouble::of(&answer), &answer) {
                (Some(trouble), _) => self.traffic.fails(self.clock.now(), trouble),
                (None, Ok(_)) => self.traffic.succeeds(self.clock.now()),
                (None, Err(_)) => {}
            }
            let fate = match &answer {
                Ok(response) => response.fate(&self.retry),
                Err(SendError::Connection(_) | SendError::Timeout) => Fate::Retry,
                Err(SendError::ResponseTooLarge | SendError::Foreign | SendError::Over) => Fate::Rejected,
            };
            let lost = match (&answer, fate) {
                (_, Fate::Accepted) => None,
                // What went wrong before says more than that there was no time for this.
                (Err(SendError::Over), _) => {
                    let answer = before.unwrap_or(answer);
                    return Tried { attempts, lost: Some(Reason::Shutdown), answer };
                }
                (_, Fate::Rejected) => Some(Reason::Rejected),
                (answer, Fate::Retry) if self.turns(answer, tried) => {
                    again(&Again { attempts, answer });
                    None
                }
                (answer, Fate::Retry) => match self.pause(answer, attempts, begun) {
                    None => Some(Reason::Unreachable),
                    Some((pause, asked)) => {
                        again(&Again { attempts, answer });
                        tried = 0;
                        if patience.wait(hurry(pause, asked, patience.deadline())) {
                            None
                        } else {
                            Some(Reason::Shutdown)
                        }
                    }
                },
            };
            if lost.is_none() && fate == Fate::Retry {
                before = Some(answer);
                continue;
            }
            return Tried { attempts, lost, answer };
        }
    }

    /// Whether another place is asked now, which is then the first: all are there for the same, so the trouble of one is
    /// no reason to wait. One that asks for less (429) is not passed by.
    fn turns(&mut self, answer: &Result<Response, SendError>, tried: usize) -> bool {
        let is_its_own = answer.as_ref().map_or(true, Response::is_its_own_trouble);
        if is_its_own && self.endpoints.len() > 1 {
            self.endpoints.rotate_left(1);
        }
        is_its_own && tried < self.endpoints.len()
    }

    /// Waits before what was asked for once more by an answer that was good, as after an attempt of that number; why
    /// there is no use in it, where there is none.
    pub(super) fn wait(&mut self, attempt: u32, begun: Instant, patience: &impl Patience) -> Option<Reason> {
        let random = self.ids.span_id().get();
        match self.retry.pause(attempt, begun.elapsed(), None, random) {
            None => Some(Reason::Unreachable),
            Some(pause) if patience.wait(hurry(pause, None, patience.deadline())) => None,
            Some(_) => Some(Reason::Shutdown),
        }
    }

    /// How long to wait after this answer, and how long it asked for itself; `None` when the budget is spent.
    fn pause(
        &mut self,
        answer: &Result<Response, SendError>,
        attempts: u32,
        begun: Instant,
    ) -> Option<(Duration, Option<Duration>)> {
        let asked = answer.as_ref().ok().and_then(|response| response.asked(&self.clock));
        let random = self.ids.span_id().get();
        let pause = self.retry.pause(attempts, begun.elapsed(), asked, random)?;
        Some((pause, asked))
    }
}

/// A pause that was asked for is kept, any other cut where the end is near.
fn hurry(pause: Duration, asked: Option<Duration>, deadline: Option<Instant>) -> Duration {
    if asked.is_some() { pause } else { hurried(pause, deadline) }
}

impl fmt::Debug for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempts")
            .field("client", &self.client)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
