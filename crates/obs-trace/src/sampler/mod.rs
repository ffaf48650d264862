//! The head decision: whether a trace is recorded, made from its id and its caller alone, before anything is built.

mod bucket;
mod ratio;

#[cfg(test)]
mod tests;

use std::fmt;

use obs_core::Clock;
use obs_core::observe::Candidate;

use bucket::Bucket;
use ratio::{Ratio, Share};

/// What decides for a trace. By default parent-based with every root recorded.
///
/// ```
/// use obs_trace::Sampler;
///
/// let tenth = Sampler::ratio(0.1)?.parent_based();
/// assert_eq!(tenth.to_string(), "parentbased_traceidratio 0.1");
/// # Ok::<(), obs_trace::SamplerError>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct Sampler {
    root: Share,
    /// Whether the share was asked for as a ratio, and so may be changed as one.
    adjustable: bool,
    parent: Option<Bucket>,
}

/// Why a sampler cannot be made, or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SamplerError {
    /// Not one of the names of `OTEL_TRACES_SAMPLER` that are known.
    UnknownName,
    /// The ratio is no number from 0 to 1.
    BadRatio,
    /// An `always_on` or `always_off` sampler has no ratio to change.
    NoRatio,
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
        Self { root: Share::new(Ratio::ALL), adjustable: false, parent: None }
    }

    /// Records none.
    pub const fn always_off() -> Self {
        Self { root: Share::new(Ratio::NONE), adjustable: false, parent: None }
    }

    /// Records this share of all traces, from 0 to 1, by the trace id: every service that is set to the same ratio,
    /// in whatever language, picks the same traces.
    ///
    /// # Errors
    /// [`SamplerError::BadRatio`] outside of 0 to 1.
    pub fn ratio(share: f64) -> Result<Self, SamplerError> {
        Ok(Self { root: Share::new(Ratio::new(share)?), adjustable: true, parent: None })
    }

    /// Follows the caller where there is one, and decides as before for roots. A caller's sampled flag costs this
    /// service work, so only [`Sampler::CALLER_LIMIT`] of them a second are believed; beyond, the trace id decides
    /// as for a root.
    pub fn parent_based(mut self) -> Self {
        self.parent = Some(Bucket::new(Self::CALLER_LIMIT));
        self
    }

    /// How many sampled callers a second a parent-based sampler believes; default 1,000. None with 0.
    pub fn caller_limit(mut self, per_second: u32) -> Self {
        if self.parent.is_some() {
            self.parent = Some(Bucket::new(per_second));
        }
        self
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
        self.root.set(ratio);
        Ok(())
    }

    /// The decision. Never blocks and never allocates.
    pub fn decide(&self, candidate: &Candidate<'_>, clock: &Clock) -> bool {
        if let (Some(bucket), Some(is_sampled)) = (&self.parent, candidate.decided()) {
            if !is_sampled {
                return false;
            }
            if bucket.take(clock) {
                return true;
            }
        }
        self.root.get().contains(candidate.trace_id)
    }
}

/// The name `OTEL_TRACES_SAMPLER` has for it.
impl fmt::Display for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.parent.is_some() {
            f.write_str("parentbased_")?;
        }
        match self.root.get() {
            ratio if self.adjustable => write!(f, "traceidratio {}", ratio.share()),
            Ratio::NONE => f.write_str("always_off"),
            _ => f.write_str("always_on"),
        }
    }
}

impl fmt::Display for SamplerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownName => {
                "sampler is none of always_on, always_off, traceidratio, parentbased_always_on, \
                 parentbased_always_off, parentbased_traceidratio"
            }
            Self::BadRatio => "sampling ratio is no number from 0 to 1",
            Self::NoRatio => {
                "sampler is always_on or always_off and has no ratio to change; start with traceidratio or \
                 parentbased_traceidratio"
            }
        })
    }
}

impl std::error::Error for SamplerError {}
