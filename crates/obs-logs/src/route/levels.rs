//! Sets of levels as operators write them: `ERROR`, `'>=WARN'`, `DEBUG..WARN`.

use std::fmt;
use std::str::FromStr;

use tracing_core::Level;

/// From the least severe to the most.
pub(super) const ASCENDING: [(&str, Level); 5] = [
    ("TRACE", Level::TRACE),
    ("DEBUG", Level::DEBUG),
    ("INFO", Level::INFO),
    ("WARN", Level::WARN),
    ("ERROR", Level::ERROR),
];

/// Which levels: one, or a range of them. The more severe is the greater: `>=WARN` is `WARN` and `ERROR`.
///
/// Written in any case as `ERROR`, `>=WARN`, `>INFO`, `<=DEBUG`, `<WARN`, or `DEBUG..WARN` with both ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levels(u8);

/// A text that is no set of levels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelsError(());

impl Levels {
    /// Exactly this one.
    pub fn only(level: Level) -> Self {
        Self(1 << rank(level))
    }

    /// This one and those more severe.
    pub fn at_least(level: Level) -> Self {
        Self::between(rank(level), ASCENDING.len() - 1)
    }

    /// Whether `level` is one of them.
    pub fn contains(self, level: Level) -> bool {
        self.0 & 1 << rank(level) != 0
    }

    fn between(least: usize, most: usize) -> Self {
        Self((least..=most).fold(0, |bits, rank| bits | 1 << rank))
    }
}

/// The place of a level among [`ASCENDING`].
fn rank(level: Level) -> usize {
    usize::from(crate::policy::rank(level)) - 1
}

fn rank_of(word: &str) -> Result<usize, LevelsError> {
    let word = word.trim();
    ASCENDING.iter().position(|(name, _)| name.eq_ignore_ascii_case(word)).ok_or(LevelsError(()))
}

impl FromStr for Levels {
    type Err = LevelsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let last = ASCENDING.len() - 1;
        // The longer signs first.
        let levels = if let Some(word) = text.strip_prefix(">=") {
            Self::between(rank_of(word)?, last)
        } else if let Some(word) = text.strip_prefix("<=") {
            Self::between(0, rank_of(word)?)
        } else if let Some(word) = text.strip_prefix('>') {
            Self::between(rank_of(word)? + 1, last)
        } else if let Some(word) = text.strip_prefix('<') {
            let most = rank_of(word)?;
            most.checked_sub(1).map_or(Self(0), |most| Self::between(0, most))
        } else if let Some((least, most)) = text.split_once("..") {
            Self::between(rank_of(least)?, rank_of(most)?)
        } else {
            Self(1 << rank_of(text)?)
        };
        // Above the greatest, below the least, or from the greater to the lesser.
        if levels.0 == 0 { Err(LevelsError(())) } else { Ok(levels) }
    }
}

impl fmt::Display for LevelsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a level such as `ERROR`, or a range such as `>=WARN` or `DEBUG..INFO`")
    }
}

impl std::error::Error for LevelsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let levels: Levels = text.parse().unwrap();
        let found: Vec<_> =
            ASCENDING.iter().filter(|(_, level)| levels.contains(*level)).map(|(name, _)| *name).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_level_is_itself_and_a_range_has_both_its_ends() {
        check("ERROR", &["ERROR"]);
        check("info", &["INFO"]);
        check(">=WARN", &["WARN", "ERROR"]);
        check("> info", &["WARN", "ERROR"]);
        check("<=debug", &["TRACE", "DEBUG"]);
        check("<INFO", &["TRACE", "DEBUG"]);
        check("DEBUG..WARN", &["DEBUG", "INFO", "WARN"]);
        check("error..error", &["ERROR"]);
    }

    #[test]
    fn what_is_no_level_or_no_range_is_refused() {
        for text in
            ["", "loud", ">=", ">ERROR", "<TRACE", "WARN..DEBUG", "=INFO", "off", "WARN,ERROR", "..INFO"]
        {
            assert!(text.parse::<Levels>().is_err(), "{text}");
        }
    }
}
