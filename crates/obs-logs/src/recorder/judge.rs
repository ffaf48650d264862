//! Whether a request that has ended is one whose lines are wanted.

use obs_core::Outcome;
use obs_core::context::{Context, Route};
use obs_core::observe::{End, Keep};

use super::Recorder;
use super::buffer::Flight;

/// Why a request's lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// A server error.
    Error,
    /// The handler panicked.
    Panic,
    /// The service gave up waiting.
    Timeout,
    /// It took too long.
    Slow,
    /// Somebody who may has forced it to be recorded.
    Forced,
}

impl Reason {
    /// In the order of their codes.
    pub(super) const ALL: [Self; 5] = [Self::Error, Self::Panic, Self::Timeout, Self::Slow, Self::Forced];

    /// From one on.
    pub(super) fn code(self) -> u8 {
        self as u8 + 1
    }

    pub(super) fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// The label on metrics.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Panic => "panic",
            Self::Timeout => "timeout",
            Self::Slow => "slow",
            Self::Forced => "forced",
        }
    }
}

impl Recorder {
    /// Judges a request that has ended, once, and learns from it what is usual on its route.
    ///
    /// It is this recorder's own judgement that its lines are written by, and nobody else's: a trace that is sampled is
    /// no reason to write them, but one that is forced is. Whose lines are written is kept by all: the server span of such a request is
    /// exported, and exemplars point at it, also where the head decision was not to sample it.
    pub(crate) fn judge(&self, context: &Context, end: &End<'_>) -> Keep {
        let usual = self.is_usual(context, end);
        let forced = context.ids().flags.is_debug();
        let reason = self.of_itself(end).or((!usual).then_some(Reason::Slow));
        let reason = reason.or(forced.then_some(Reason::Forced));
        if let Some(flight) = context.local().flight_so_far::<Flight>() {
            flight.judge(reason);
        }
        if reason.is_some() { Keep::Keep } else { Keep::Abstain }
    }

    /// What is known of a request without others beside it.
    pub(super) fn of_itself(&self, end: &End<'_>) -> Option<Reason> {
        let is_slow = self.settings.slow.is_some_and(|slow| end.duration >= slow);
        match end.outcome {
            // The client's patience is no measure of ours, and streams mostly end like this.
            Outcome::Cancelled => None,
            Outcome::ServerError if self.settings.errors => Some(Reason::Error),
            Outcome::Panicked if self.settings.errors => Some(Reason::Panic),
            Outcome::TimedOut if self.settings.errors => Some(Reason::Timeout),
            _ => is_slow.then_some(Reason::Slow),
        }
    }

    fn is_usual(&self, context: &Context, end: &End<'_>) -> bool {
        match &self.quantiles {
            Some(quantiles) if end.outcome != Outcome::Cancelled => {
                quantiles.observe(context.local().route().unwrap_or(Route::UNMATCHED), end.duration)
            }
            _ => true,
        }
    }
}
