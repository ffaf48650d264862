//! The head decision: whether a trace is recorded, made from its id, its caller and its request's method and path alone,
//! before anything is built.
//!
//! In this order: what the caller has decided, where the sampler is parent-based; the first [`Rule`] for the path; the share
//! of all traces. What a rule or the share would record is still held against the limit of traces a second.

mod branch;
mod bucket;
mod error;
mod ratio;
mod rule;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use obs_core::Clock;
use obs_core::context::Context;
use obs_core::observe::Candidate;

use branch::Branches;
pub use branch::Choice;
use bucket::Bucket;
pub use error::SamplerError;
pub(crate) use ratio::{Ratio, Share};
pub use rule::Rule;
use rule::Rules;

/// What decides for a trace. By default parent-based with every root recorded.
///
/// ```
/// use obs_trace::Sampler;
///
/// let tenth = Sampler::ratio(0.1)?.parent_based().per_second(100);
/// assert_eq!(tenth.to_string(), "parentbased_traceidratio 0.1");
/// # Ok::<(), obs_trace::SamplerError>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct Sampler {
    /// Whether the share was asked for as a ratio, and so may be changed as one.
    adjustable: bool,
    /// What there is for others than roots, where the sampler is parent-based.
    branches: Option<Branches>,
    /// The share of roots, and the rules.
    rules: Rules,
    limit: Bucket,
    /// Held by whoever changes any of them.
    changes: Mutex<()>,
}

impl Default for Sampler {
    fn default() -> Self {
        Self::always_on().parent_based()
    }
}

impl Sampler {
    /// How many sampled callers a second are believed, unless [`Sampler::caller_limit`] says otherwise.
    pub const CALLER_LIMIT: u32 = 1_000;

    /// Records every trace.
    pub const fn always_on() -> Self {
        Self::of(Ratio::ALL, false)
    }

    /// Records none.
    pub const fn always_off() -> Self {
        Self::of(Ratio::NONE, false)
    }

    /// Records this share of all traces, from 0 to 1, by the trace id: every service that is set to the same ratio,
    /// in whatever language, picks the same traces.
    ///
    /// # Errors
    /// [`SamplerError::BadRatio`] outside of 0 to 1.
    pub fn ratio(share: f64) -> Result<Self, SamplerError> {
        Ok(Self::of(Ratio::new(share)?, true))
    }

    const fn of(root: Ratio, adjustable: bool) -> Self {
        Self {
            adjustable,
            branches: None,
            rules: Rules::none(root),
            limit: Bucket::even(None),
            changes: Mutex::new(()),
        }
    }

    /// Follows the caller where there is one, and decides as before for roots. A caller's sampled flag costs this
    /// service work, so only [`Sampler::CALLER_LIMIT`] of them a second are believed; beyond, the trace id decides
    /// as for a root.
    pub fn parent_based(mut self) -> Self {
        self.branches = Some(Branches::new(Self::CALLER_LIMIT));
        self
    }

    /// How many sampled callers a second a parent-based sampler believes; default 1,000. None with 0.
    pub fn caller_limit(mut self, per_second: u32) -> Self {
        if let Some(branches) = &mut self.branches {
            branches.caller_limit = Bucket::of_a_second(per_second);
        }
        self
    }

    /// What a parent-based sampler does where a caller's trace is recorded; default [`Choice::ON`], up to
    /// [`Sampler::caller_limit`].
    pub fn caller_sampled(mut self, choice: Choice) -> Self {
        if let Some(branches) = &mut self.branches {
            branches.caller_sampled = choice;
        }
        self
    }

    /// What a parent-based sampler does where a caller's trace is not recorded; default [`Choice::OFF`].
    pub fn caller_unsampled(mut self, choice: Choice) -> Self {
        if let Some(branches) = &mut self.branches {
            branches.caller_unsampled = choice;
        }
        self
    }

    /// What a parent-based sampler does with a span of the [`Tracer`](crate::Tracer)'s under one of this process that is
    /// recorded; default [`Choice::ON`]. What is left out here leaves the spans below it without their place.
    pub fn local_sampled(mut self, choice: Choice) -> Self {
        if let Some(branches) = &mut self.branches {
            branches.local_sampled = choice;
        }
        self
    }

    /// The same under one of this process that is not recorded; default [`Choice::OFF`].
    pub fn local_unsampled(mut self, choice: Choice) -> Self {
        if let Some(branches) = &mut self.branches {
            branches.local_unsampled = choice;
        }
        self
    }

    /// At most so many traces a second are recorded of those that the share and the rules would have, spread evenly: no
    /// more than a tenth of them, and one at least, at once. Default as many as there are. What callers have decided is
    /// bounded by [`Sampler::caller_limit`] alone.
    pub fn per_second(self, traces: u32) -> Self {
        self.limit.set(Some(traces));
        self
    }

    /// Shares of their own for the requests of some paths; the first that is about a request counts. Default none.
    ///
    /// # Errors
    /// [`SamplerError::TooManyRules`] for more than [`Rule::MOST`].
    pub fn rules(self, rules: Vec<Rule>) -> Result<Self, SamplerError> {
        self.set_rules(rules)?;
        Ok(self)
    }

    /// Reads `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`: `always_on`, `always_off`, `traceidratio`,
    /// `parentbased_always_on`, `parentbased_always_off`, `parentbased_traceidratio`. A ratio without an argument is 1.
    ///
    /// # Errors
    /// [`SamplerError`] for any other name, or a ratio outside of 0 to 1.
    pub fn parse(name: &str, arg: Option<&str>) -> Result<Self, SamplerError> {
        let (parent_based, root) = match name.trim().strip_prefix("parentbased_") {
            Some(root) => (true, root),
            None => (false, name.trim()),
        };
        let sampler = match root {
            "always_on" => Self::always_on(),
            "always_off" => Self::always_off(),
            "traceidratio" => match arg.map(str::trim).filter(|arg| !arg.is_empty()) {
                Some(arg) => Self::ratio(arg.parse().map_err(|_| SamplerError::BadRatio)?)?,
                None => Self::ratio(1.0)?,
            },
            _ => return Err(SamplerError::UnknownName),
        };
        Ok(if parent_based { sampler.parent_based() } else { sampler })
    }

    /// Changes the share of traces that is recorded, from 0 to 1, while others decide by it. It counts for roots from
    /// now on, and for callers beyond the limit; traces that have begun keep their decision.
    ///
    /// # Errors
    /// [`SamplerError::BadRatio`] outside of 0 to 1, and [`SamplerError::NoRatio`] for a sampler that is `always_on`
    /// or `always_off`: whoever asked for all or nothing did not ask for a share. The old share then stays.
    pub fn set_ratio(&self, share: f64) -> Result<(), SamplerError> {
        let ratio = Ratio::new(share)?;
        if !self.adjustable {
            return Err(SamplerError::NoRatio);
        }
        let _changes = self.lock();
        self.rules.set(ratio, None);
        Ok(())
    }

    /// Changes how many traces a second are recorded, while others decide by it; `None` for as many as there are.
    pub fn set_per_second(&self, traces: Option<u32>) {
        let _changes = self.lock();
        self.limit.set(traces);
    }

    /// Puts others in the place of all rules, while others decide by them.
    ///
    /// # Errors
    /// [`SamplerError::TooManyRules`] for more than [`Rule::MOST`]. The old ones then stay.
    pub fn set_rules(&self, rules: Vec<Rule>) -> Result<(), SamplerError> {
        if rules.len() > Rule::MOST {
            return Err(SamplerError::TooManyRules);
        }
        let _changes = self.lock();
        self.rules.set(self.rules.share(), Some(rules));
        Ok(())
    }

    /// Changes share, limit and rules. Share and rules change in one step, and meanwhile the tighter of both limits is in
    /// force, so that no request is recorded that neither the old nor the new ones would have. Of two who call this at once
    /// one's is in force afterwards. A share is left out where the sampler takes none.
    ///
    /// # Errors
    /// [`SamplerError::BadRatio`] and [`SamplerError::TooManyRules`]; nothing changes then.
    pub fn set(
        &self,
        share: Option<f64>,
        per_second: Option<u32>,
        rules: Vec<Rule>,
    ) -> Result<(), SamplerError> {
        let ratio = share.map(Ratio::new).transpose()?.filter(|_| self.adjustable);
        if rules.len() > Rule::MOST {
            return Err(SamplerError::TooManyRules);
        }
        let _changes = self.lock();
        let set = || self.rules.set(ratio.unwrap_or_else(|| self.rules.share()), Some(rules));
        if self.limit.is_loosened_by(per_second) {
            set();
            self.limit.set(per_second);
        } else {
            self.limit.set(per_second);
            set();
        }
        Ok(())
    }

    // Nothing that is changed under it panics half-way.
    fn lock(&self) -> MutexGuard<'_, ()> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The decision. Never blocks and never allocates.
    #[inline]
    pub fn decide(&self, candidate: &Candidate<'_>, clock: &Clock) -> bool {
        if let (Some(branches), Some(is_sampled)) = (&self.branches, candidate.decided())
            && let Some(decision) = branches.of_caller(is_sampled, candidate.trace_id, clock)
        {
            return decision;
        }
        self.rules.decide(candidate, &self.limit, clock)
    }

    /// The decision for a span under one of this process, where it is another than that one's.
    #[inline]
    pub(crate) fn decide_below(&self, parent: &Context) -> Option<bool> {
        self.branches.as_ref()?.of_local(parent)
    }
}

/// The name `OTEL_TRACES_SAMPLER` has for it.
impl fmt::Display for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.branches.is_some() {
            f.write_str("parentbased_")?;
        }
        match self.rules.share() {
            ratio if self.adjustable => write!(f, "traceidratio {}", ratio.share()),
            Ratio::NONE => f.write_str("always_off"),
            _ => f.write_str("always_on"),
        }
    }
}
