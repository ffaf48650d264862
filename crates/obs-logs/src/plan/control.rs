//! Levels that somebody has changed for a while: of everything, of a target, of a route or of one request.

use std::fmt;

use std::time::Duration;

use obs_core::Timestamp;
use obs_core::context::Context;
use obs_core::time::Monotonic;
use tracing_core::Level;
use tracing_core::metadata::LevelFilter;

use crate::Filter;

/// What a change of levels is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Every target that no directive of the filter names.
    Everything,
    /// This target and what is below it, whatever directives say.
    Target(String),
    /// All that is done for requests of this route, such as `/orders/{id}`.
    Route(String),
    /// All that is done for the request of this id.
    Request(String),
}

/// A change of levels that ends by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelChange {
    /// What it is about.
    pub scope: Scope,
    /// The level from which on lines are written meanwhile.
    pub level: LevelFilter,
    /// When it ends.
    pub until: Timestamp,
}

/// Why a change of levels is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelChangeError(());

/// The changes in force, each scope once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Control(Vec<Lasting>);

/// A change, and how long it lasts by a clock that nobody sets.
#[derive(Clone, Debug)]
pub(crate) struct Lasting {
    pub(crate) change: LevelChange,
    pub(crate) since: Monotonic,
    pub(crate) lasting: Duration,
}

impl Lasting {
    /// In what time it ends.
    pub(crate) fn left(&self, now: Monotonic) -> Duration {
        self.lasting.saturating_sub(now.since(self.since))
    }
}

impl Control {
    /// How many changes there may be at once.
    pub(crate) const MOST: usize = 64;

    pub(crate) fn changes(&self) -> impl Iterator<Item = &LevelChange> {
        self.0.iter().map(|lasting| &lasting.change)
    }

    /// In what time the next of them ends.
    pub(crate) fn next(&self, now: Monotonic) -> Option<Duration> {
        self.0.iter().map(|lasting| lasting.left(now)).min()
    }

    /// Puts a change in the place of the one of its scope.
    pub(crate) fn put(&mut self, change: Lasting) -> Result<(), LevelChangeError> {
        self.remove(&change.change.scope);
        if self.0.len() >= Self::MOST {
            return Err(LevelChangeError(()));
        }
        self.0.push(change);
        Ok(())
    }

    pub(crate) fn remove(&mut self, scope: &Scope) -> Option<LevelChange> {
        let at = self.changes().position(|known| known.scope == *scope)?;
        Some(self.0.remove(at).change)
    }

    /// Takes out what has ended.
    pub(crate) fn expire(&mut self, now: Monotonic) -> Vec<LevelChange> {
        let ended = self.0.extract_if(.., |lasting| lasting.left(now).is_zero());
        ended.map(|lasting| lasting.change).collect()
    }

    /// The level of a target, where one was chosen for it or above it; the longest counts.
    pub(super) fn level_of(&self, target: &str) -> Option<LevelFilter> {
        let covers = |change: &&LevelChange| match &change.scope {
            Scope::Target(known) => crate::filter::covers(known, target),
            _ => false,
        };
        let length = |change: &&LevelChange| match &change.scope {
            Scope::Target(known) => known.len(),
            _ => 0,
        };
        self.changes().filter(covers).max_by_key(length).map(|change| change.level)
    }

    /// The level of a target that none was chosen for.
    pub(super) fn rest(&self, filter: &Filter, target: &str) -> LevelFilter {
        let everything = self.changes().find(|change| change.scope == Scope::Everything);
        match everything {
            Some(change) if !filter.names(target) => change.level,
            _ => filter.level_of(target),
        }
    }

    /// Whether some request is treated in another way than `let_out`.
    pub(super) fn asks_requests(&self, level: Level, let_out: bool) -> bool {
        self.of_requests().any(|change| (level <= change.level) != let_out)
    }

    fn of_requests(&self) -> impl Iterator<Item = &LevelChange> {
        self.changes().filter(|change| matches!(change.scope, Scope::Route(_) | Scope::Request(_)))
    }

    /// The level chosen for what is done for this request: by its id, else by its route.
    pub(crate) fn level_of_request(&self, context: &Context) -> Option<LevelFilter> {
        let local = context.local();
        let by_id = |change: &&LevelChange| match &change.scope {
            Scope::Request(id) => context.request_id().is_some_and(|known| known.as_str() == id),
            _ => false,
        };
        let by_route = |change: &&LevelChange| match &change.scope {
            Scope::Route(route) => local.route().is_some_and(|known| known.as_str() == route),
            _ => false,
        };
        let found = self.changes().find(by_id).or_else(|| self.changes().find(by_route));
        found.map(|change| change.level)
    }

    pub(super) fn max_level(&self) -> LevelFilter {
        self.changes().map(|change| change.level).fold(LevelFilter::OFF, LevelFilter::max)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("everything"),
            Self::Target(target) => write!(f, "target {target}"),
            Self::Route(route) => write!(f, "route {route}"),
            Self::Request(id) => write!(f, "request {id}"),
        }
    }
}

impl fmt::Display for LevelChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more than {} level changes at once", Control::MOST)
    }
}

impl std::error::Error for LevelChangeError {}
