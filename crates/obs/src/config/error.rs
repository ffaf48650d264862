//! Mistakes in the configuration: all of them at once, each with its place.

use std::fmt;

/// One mistake and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The variable, the line and column of the file, or the setter.
    pub place: String,
    /// What is wrong with it, and what would be right.
    pub what: String,
}

/// Every mistake that was found: those of the file in its order, then those of the environment and the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub(crate) Vec<Mistake>);

impl Mistake {
    /// Of what stands at the key `path`; the place is found when all are told. `found` is what the part that reads the
    /// value says of it.
    pub(crate) fn new(path: &str, found: impl fmt::Display) -> Self {
        Self { place: path.to_owned(), what: found.to_string() }
    }
}

impl ConfigError {
    /// `config` if there is no mistake.
    pub(crate) fn checked<T>(config: T, mistakes: Vec<Mistake>) -> Result<T, Self> {
        if mistakes.is_empty() { Ok(config) } else { Err(Self(mistakes)) }
    }

    /// The mistakes; never empty.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.0
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => write!(f, "{one}"),
            many => {
                write!(f, "{} mistakes in the configuration:", many.len())?;
                many.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
            }
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl std::error::Error for ConfigError {}
