//! An error with its causes, as one text.

use std::error::Error;
use std::fmt;

/// Prints an error and the causes behind it: `a: b: c`.
#[derive(Clone, Copy, Debug)]
pub struct Chain<'a>(pub &'a (dyn Error + 'static));

/// An error that is its own cause would never end.
const MAX_DEPTH: usize = 32;

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut error = self.0;
        for _ in 0..MAX_DEPTH {
            let Some(source) = error.source() else { break };
            write!(f, ": {source}")?;
            error = source;
        }
        Ok(())
    }
}
