//! Why a sampler cannot be made, or changed.

use std::fmt;

use obs_core::PatternError;

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
    /// What stands in front of the path of a rule is no method of HTTP.
    UnknownMethod,
    /// What a rule is to match is no path.
    BadRoute,
    /// More rules than a sampler takes.
    TooManyRules,
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
            Self::UnknownMethod => return PatternError::UnknownMethod.fmt(f),
            Self::BadRoute => return PatternError::BadPath.fmt(f),
            Self::TooManyRules => "more than 64 rules",
        })
    }
}

impl From<PatternError> for SamplerError {
    fn from(error: PatternError) -> Self {
        match error {
            PatternError::UnknownMethod => Self::UnknownMethod,
            _ => Self::BadRoute,
        }
    }
}

impl std::error::Error for SamplerError {}
