//! Random ids for requests the checker and the demo send themselves.

use std::hash::{BuildHasher, RandomState};

/// Makes ids that differ in each run: numbers counted up under a key of the operating system's randomness.
pub(crate) struct Ids {
    key: RandomState,
    count: u64,
}

impl Ids {
    pub(crate) fn new() -> Self {
        Self { key: RandomState::new(), count: 0 }
    }

    /// A number of 64 random bits, never zero.
    pub(crate) fn number(&mut self) -> u64 {
        loop {
            self.count += 1;
            let number = self.key.hash_one(self.count);
            if number != 0 {
                return number;
            }
        }
    }

    /// 32 hex digits.
    pub(crate) fn trace_id(&mut self) -> String {
        format!("{:016x}{:016x}", self.number(), self.number())
    }

    /// 16 hex digits.
    pub(crate) fn span_id(&mut self) -> String {
        format!("{:016x}", self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_lengths_and_differ() {
        let mut ids = Ids::new();
        let (a, b) = (ids.trace_id(), ids.trace_id());
        assert_eq!((a.len(), ids.span_id().len()), (32, 16));
        assert_ne!(a, b);
    }
}
