//! Which formats are in use: JSON alone, which is written by code of its own, or any other mix.

use crate::sink::{Form, Way};

/// The formats of one engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forms {
    Json,
    Mixed(Set),
}

/// Formats; at least one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Set {
    pub(super) json: bool,
    pub(super) logfmt: bool,
    pub(super) pretty: bool,
}

impl Forms {
    pub(super) fn of(ways: &[Way]) -> Self {
        let mut set = Set::default();
        for way in ways {
            match way.form {
                Form::Json => set.json = true,
                Form::Logfmt => set.logfmt = true,
                Form::Pretty { .. } => set.pretty = true,
            }
        }
        if set == (Set { json: true, ..Set::default() }) { Self::Json } else { Self::Mixed(set) }
    }
}

impl Forms {
    /// The formats as a set, JSON alone too.
    pub(super) fn set(self) -> Set {
        match self {
            Self::Json => Set { json: true, ..Set::default() },
            Self::Mixed(set) => set,
        }
    }
}

impl Set {
    /// Whether it is one format and no more.
    pub(super) fn is_one(self) -> bool {
        [self.json, self.logfmt, self.pretty].into_iter().filter(|used| *used).count() == 1
    }
}
