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

#[cfg(test)]
mod tests {
    use super::*;

    /// An error that names another as its cause, or itself.
    #[derive(Debug)]
    struct Named(&'static str, Option<Box<Named>>);

    impl fmt::Display for Named {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Named {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(self.1.as_deref().unwrap_or(self))
        }
    }

    #[test]
    fn of_an_error_that_is_its_own_cause_so_many_are_shown_and_no_more() {
        let own = Named("again", None);
        assert_eq!(Chain(&own).to_string(), ["again"; 1 + MAX_DEPTH].join(": "));
        let behind = Named("first", Some(Box::new(own)));
        let expected = format!("first: {}", ["again"; MAX_DEPTH].join(": "));
        assert_eq!(Chain(&behind).to_string(), expected);
        assert_eq!(MAX_DEPTH, 32);
    }
}
