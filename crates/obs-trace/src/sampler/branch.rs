//! The branches of a parent-based sampler that are not roots (OpenTelemetry specification, "ParentBased").

use obs_core::context::Context;
use obs_core::{Clock, TraceId};

use super::SamplerError;
use super::bucket::Bucket;
use super::ratio::Ratio;

/// What is done with spans of one branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice(Ratio);

impl Choice {
    /// All are recorded.
    pub const ON: Self = Self(Ratio::ALL);
    /// None is.
    pub const OFF: Self = Self(Ratio::NONE);

    /// This share of traces is, from 0 to 1, by the trace id.
    ///
    /// # Errors
    /// [`SamplerError::BadRatio`] outside of 0 to 1.
    pub fn ratio(share: f64) -> Result<Self, SamplerError> {
        Ok(Self(Ratio::new(share)?))
    }
}

#[derive(Debug)]
pub(super) struct Branches {
    pub(super) caller_limit: Bucket,
    pub(super) caller_sampled: Choice,
    pub(super) caller_unsampled: Choice,
    pub(super) local_sampled: Choice,
    pub(super) local_unsampled: Choice,
}

impl Branches {
    pub(super) fn new(caller_limit: u32) -> Self {
        Self {
            caller_limit: Bucket::of_a_second(caller_limit),
            caller_sampled: Choice::ON,
            caller_unsampled: Choice::OFF,
            local_sampled: Choice::ON,
            local_unsampled: Choice::OFF,
        }
    }

    /// `None` where more callers have decided than are believed: then it is as for a root.
    #[inline]
    pub(super) fn of_caller(&self, is_sampled: bool, trace_id: TraceId, clock: &Clock) -> Option<bool> {
        let Choice(ratio) = if is_sampled { self.caller_sampled } else { self.caller_unsampled };
        if !ratio.contains(trace_id) {
            return Some(false);
        }
        // A caller that records nothing has forced nothing.
        (!is_sampled || self.caller_limit.take(clock)).then_some(true)
    }

    /// `None` where it is as above, which it nearly always is.
    #[inline]
    pub(super) fn of_local(&self, parent: &Context) -> Option<bool> {
        let is_sampled = parent.is_sampled();
        let (Choice(ratio), usual) =
            if is_sampled { (self.local_sampled, Choice::ON) } else { (self.local_unsampled, Choice::OFF) };
        if ratio == usual.0 { None } else { Some(ratio.contains(parent.trace_id())) }
    }
}
