//! Why a registration or a recorder is refused, in words that name what was there first and what came now.

use std::fmt;

use obs_core::keys::Kind;

/// Why a registration was refused. Through the `metrics` facade, the handle then counts nothing and the error is
/// kept in [`Recorder::problems`](crate::Recorder::problems).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterError {
    /// The metric's name is empty.
    EmptyName,
    /// The family exists as another type.
    Type {
        /// The family's name.
        family: String,
        /// What it was registered as first.
        first: Kind,
        /// What it was asked for as now.
        now: Kind,
    },
    /// The family exists with other label names.
    Labels {
        /// The family's name.
        family: String,
        /// The label names it was registered with first.
        first: Vec<String>,
        /// The label names that came now.
        now: Vec<String>,
    },
    /// The family was declared, and the label does not have such a value.
    Value {
        /// The family's name.
        family: String,
        /// The label's name.
        label: String,
        /// The value that came now.
        value: String,
        /// The values it may have.
        known: Vec<String>,
    },
    /// The label holds an id, which would make a series of each request
    /// ([`obs_core::keys::label::REFUSED`]).
    IdLabel {
        /// The family's name.
        family: String,
        /// The label's name.
        label: String,
    },
    /// The label's name is empty, begins with `__`, or has a meaning of its own: `le` and `quantile` on a
    /// histogram.
    ReservedLabel {
        /// The family's name.
        family: String,
        /// The label's name.
        label: String,
    },
    /// The label stands there twice.
    RepeatedLabel {
        /// The family's name.
        family: String,
        /// The label's name.
        label: String,
    },
    /// A sample of this family would have the name of another family's sample.
    NameClash {
        /// The family that was asked for now.
        family: String,
        /// Its type.
        now: Kind,
        /// The sample name both would use.
        sample: String,
        /// The family that was there first.
        first_family: String,
        /// The type of the family that was there first.
        first: Kind,
    },
    /// The recorder holds as many families as it may.
    TooManyFamilies {
        /// The family that was asked for.
        family: String,
        /// How many there are.
        cap: usize,
    },
}

impl RegisterError {
    /// The word it is counted under in `obs_metric_rejected_total{reason}`.
    pub fn reason(&self) -> &'static str {
        self.rejection().as_str()
    }

    /// The family it is about; empty for [`RegisterError::EmptyName`].
    pub fn family(&self) -> &str {
        match self {
            Self::EmptyName => "",
            Self::Type { family, .. }
            | Self::Labels { family, .. }
            | Self::Value { family, .. }
            | Self::IdLabel { family, .. }
            | Self::ReservedLabel { family, .. }
            | Self::RepeatedLabel { family, .. }
            | Self::NameClash { family, .. }
            | Self::TooManyFamilies { family, .. } => family,
        }
    }

    pub(crate) fn rejection(&self) -> Rejection {
        match self {
            Self::EmptyName => Rejection::Name,
            Self::Type { .. } => Rejection::Type,
            Self::Labels { .. } => Rejection::Labels,
            Self::Value { .. } => Rejection::Value,
            Self::IdLabel { .. } => Rejection::IdLabel,
            Self::ReservedLabel { .. } => Rejection::ReservedLabel,
            Self::RepeatedLabel { .. } => Rejection::RepeatedLabel,
            Self::NameClash { .. } => Rejection::NameClash,
            Self::TooManyFamilies { .. } => Rejection::Families,
        }
    }
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyName => f.write_str("metric with an empty name"),
            Self::Type { family, first, now } => write!(
                f,
                "metric `{family}` was first registered as a {}, now as a {}",
                word(*first),
                word(*now)
            ),
            Self::Labels { family, first, now } => write!(
                f,
                "metric `{family}` was first registered with {}, now with {}",
                Names(first),
                Names(now)
            ),
            Self::Value { family, label, value, known } => write!(
                f,
                "metric `{family}` was declared with `{label}` as one of {}, now it is `{value}`",
                known.join(", ")
            ),
            Self::IdLabel { family, label } => write!(
                f,
                "metric `{family}` has the label `{label}`: an id makes a series of each request; exemplars carry ids"
            ),
            Self::ReservedLabel { family, label } => {
                write!(f, "metric `{family}` has the label `{label}`, a name that is reserved")
            }
            Self::RepeatedLabel { family, label } => {
                write!(f, "metric `{family}` has the label `{label}` twice")
            }
            Self::NameClash { family, now, sample, first_family, first } => write!(
                f,
                "metric `{family}`, a {}, would write the sample `{sample}` of the {} `{first_family}`, registered first",
                word(*now),
                word(*first)
            ),
            Self::TooManyFamilies { family, cap } => {
                write!(f, "metric `{family}` came when there were {cap} families, the most there may be")
            }
        }
    }
}

impl std::error::Error for RegisterError {}

struct Names<'a>(&'a [String]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            f.write_str("no labels")
        } else {
            write!(f, "the labels {}", self.0.join(", "))
        }
    }
}

pub(crate) const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    }
}

/// What is counted in `obs_metric_rejected_total`, by reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Rejection {
    Name,
    Type,
    Labels,
    Value,
    IdLabel,
    ReservedLabel,
    RepeatedLabel,
    NameClash,
    Families,
    /// What a [`Source`](obs_core::meter::Source) told of a family that has the name of another, or with the wrong
    /// labels, kind or value.
    Source,
    /// An observation that is no number.
    Nan,
    /// A counter that was set to less than it had.
    Decrease,
}

impl Rejection {
    pub(crate) const ALL: [Self; 12] = [
        Self::Name,
        Self::Type,
        Self::Labels,
        Self::Value,
        Self::IdLabel,
        Self::ReservedLabel,
        Self::RepeatedLabel,
        Self::NameClash,
        Self::Families,
        Self::Source,
        Self::Nan,
        Self::Decrease,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Type => "type",
            Self::Labels => "labels",
            Self::Value => "value",
            Self::IdLabel => "id_label",
            Self::ReservedLabel => "reserved_label",
            Self::RepeatedLabel => "repeated_label",
            Self::NameClash => "name_clash",
            Self::Families => "family_cap",
            Self::Source => "source",
            Self::Nan => "nan",
            Self::Decrease => "decrease",
        }
    }
}

/// Why a pool is not told of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolError {
    /// The name is empty.
    EmptyName,
    /// A pool is told of under that name, and still in use.
    Taken {
        /// The name.
        name: String,
    },
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyName => f.write_str("pool with an empty name"),
            Self::Taken { name } => write!(f, "there is a pool called `{name}` already"),
        }
    }
}

impl std::error::Error for PoolError {}

/// Every mistake in the settings of a recorder, of its pushes, or in new buckets, at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    pub(crate) mistakes: Vec<String>,
}

impl BuildError {
    /// The only one, whatever it is about.
    #[cfg_attr(not(feature = "push"), expect(dead_code, reason = "only what sends has one at a time"))]
    pub(crate) fn one(mistake: impl fmt::Display) -> Self {
        Self { mistakes: vec![mistake.to_string()] }
    }

    /// Each mistake, in the order the settings were given.
    pub fn mistakes(&self) -> &[String] {
        &self.mistakes
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.mistakes.join("; "))
    }
}

impl std::error::Error for BuildError {}
