//! What was seen, whoever saw it and in whatever form it is told.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// Stacks and how often each was seen.
#[derive(Debug)]
pub(super) struct Samples {
    pub(super) stacks: Vec<Stack>,
    pub(super) began: SystemTime,
    pub(super) took: Duration,
    /// The time that one sample stands for.
    pub(super) period: Duration,
}

/// One stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stack {
    pub(super) thread: String,
    /// Innermost first.
    pub(super) frames: Vec<Frame>,
    pub(super) count: u64,
}

/// One place in the program: functions that were inlined into one another there, the innermost first.
pub(super) type Frame = Vec<Function>;

/// One function at one line.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Function {
    pub(super) name: String,
    /// As the linker has it.
    pub(super) symbol: String,
    pub(super) file: String,
    pub(super) line: u32,
}

impl Samples {
    /// Adds stacks up that are the same.
    pub(super) fn merged(stacks: impl IntoIterator<Item = Stack>) -> Vec<Stack> {
        let mut merged = BTreeMap::<_, u64>::new();
        for Stack { thread, frames, count } in stacks {
            *merged.entry((thread, frames)).or_default() += count;
        }
        merged.into_iter().map(|((thread, frames), count)| Stack { thread, frames, count }).collect()
    }

    #[cfg(test)]
    pub(super) fn of_a_test(stacks: &[(&str, &[&str], u64)]) -> Self {
        let function = |name: &&str| {
            vec![Function {
                name: (*name).into(),
                symbol: format!("_{name}"),
                file: "main.rs".into(),
                line: 7,
            }]
        };
        let stack = |(thread, frames, count): &(&str, &[&str], u64)| Stack {
            thread: (*thread).into(),
            frames: frames.iter().map(function).collect(),
            count: *count,
        };
        Self {
            stacks: Self::merged(stacks.iter().map(stack)),
            began: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
            took: Duration::from_secs(2),
            period: Duration::from_millis(10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_that_are_the_same_are_one() {
        let samples =
            Samples::of_a_test(&[("a", &["f", "g"], 1), ("b", &["f", "g"], 2), ("a", &["f", "g"], 3)]);
        let counts: Vec<_> =
            samples.stacks.iter().map(|stack| (stack.thread.as_str(), stack.count)).collect();
        assert_eq!(counts, [("a", 4), ("b", 2)]);
    }
}
