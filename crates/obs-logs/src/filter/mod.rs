//! Which events and spans are looked at: levels per target, in the words users know.

mod parse;

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use tracing_core::metadata::LevelFilter;
use tracing_core::{Level, Metadata};

#[cfg(feature = "admin")]
pub(crate) use parse::level_of;

use crate::FilterError;

/// A level for each target, and one for all others.
///
/// Written as directives between commas: a level alone is for every target, `target=level` for that target and what is
/// below it. The longest target that matches whole `::` segments wins, whatever the order; of two directives for the
/// same target the last wins. Levels are `off`, `error`, `warn`, `info`, `debug`, `trace`, in any case. Where no level
/// stands alone, targets without a directive are at `info`.
///
/// ```
/// use obs_logs::Filter;
///
/// let filter: Filter = "info,hyper=warn,shop::payment=debug".parse()?;
/// assert_eq!(filter.to_string(), "info,hyper=warn,shop::payment=debug");
///
/// let error = "info,shop=loud".parse::<Filter>().unwrap_err();
/// assert_eq!(error.directive(), "shop=loud");
/// # Ok::<(), obs_logs::FilterError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// For targets that match none of `targets`.
    rest: LevelFilter,
    /// Longest first, then by name.
    targets: Vec<(String, LevelFilter)>,
}

impl Filter {
    /// One level for every target.
    pub const fn level(level: LevelFilter) -> Self {
        Self { rest: level, targets: Vec::new() }
    }

    /// Adds or replaces the level of `target` and what is below it.
    #[must_use]
    pub fn target(mut self, target: impl Into<String>, level: LevelFilter) -> Self {
        self.put(target.into(), level);
        self
    }

    fn put(&mut self, target: String, level: LevelFilter) {
        match self.targets.iter_mut().find(|(known, _)| *known == target) {
            Some((_, old)) => *old = level,
            None => {
                let after = self.targets.partition_point(|(known, _)| {
                    (target.len(), known.as_str()) < (known.len(), target.as_str())
                });
                self.targets.insert(after, (target, level));
            }
        }
    }

    /// The level from which on `target` is looked at.
    pub fn level_of(&self, target: &str) -> LevelFilter {
        let found = self.targets.iter().find(|(known, _)| covers(known, target));
        found.map_or(self.rest, |(_, level)| *level)
    }

    /// Whether a directive names `target` or what is above it.
    pub(crate) fn names(&self, target: &str) -> bool {
        self.targets.iter().any(|(known, _)| covers(known, target))
    }

    /// Whether an event or span is looked at. The answer for a call site never changes, so it may be cached.
    pub fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.allows(metadata.target(), *metadata.level())
    }

    /// Whether `level` is looked at in `target`.
    pub fn allows(&self, target: &str, level: Level) -> bool {
        level <= self.level_of(target)
    }

    /// The most verbose level that any target has.
    pub fn max_level_hint(&self) -> LevelFilter {
        self.targets.iter().map(|(_, level)| *level).fold(self.rest, LevelFilter::max)
    }
}

/// Whether `known` is `target` or a parent of it, segment by segment.
pub(crate) fn covers(known: &str, target: &str) -> bool {
    target.strip_prefix(known).is_some_and(|below| below.is_empty() || below.starts_with("::"))
}

impl Default for Filter {
    /// `info` for every target.
    fn default() -> Self {
        Self::level(LevelFilter::INFO)
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse::filter(text)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.rest)?;
        self.targets.iter().rev().try_for_each(|(target, level)| write!(f, ",{target}={level}"))
    }
}
