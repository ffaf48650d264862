//! A first question to another machine: whether it is there, and would take what will come.

use std::fmt;
use std::io;

use super::Trouble;
use crate::retry::Patience;

/// How another machine is asked whether it is there. Changes nothing there, and is no part of any number.
pub trait Question: fmt::Debug + Send + Sync {
    /// Asks all places, one after the other, each at most for the time an attempt may take, and tells of those that are not
    /// well. Blocks; ends shortly after the deadline of `patience`, which may come up meanwhile.
    ///
    /// # Errors
    /// When it cannot be asked at all.
    fn ask(&self, patience: &dyn Patience, tell: &mut dyn FnMut(Unwell)) -> io::Result<()>;
}

/// A place that does not answer as it should. Prints without credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unwell {
    /// The place, as it is shown.
    pub place: String,
    /// What is wrong.
    pub trouble: Trouble,
    /// What says more than that.
    words: Option<String>,
}

impl Unwell {
    /// With words that say more than the trouble, where there are any.
    #[cfg(any(feature = "http", feature = "socket"))]
    pub(crate) fn new(place: String, trouble: Trouble, words: Option<String>) -> Self {
        Self { place, trouble, words }
    }
}

impl fmt::Display for Unwell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.words {
            Some(words) => f.write_str(words),
            None => self.trouble.fmt(f),
        }
    }
}
