//! Which outputs a line goes to: the first route whose condition it meets.
//!
//! Most of it is decided once for each call site, from level, target and environment. Where a route asks for a field,
//! the line is watched while it is written, and the question answered then.

mod check;
mod condition;
mod glob;
mod levels;
mod routing;
mod watch;

pub use check::{RouteError, RouteFault, check};
pub(crate) use condition::Known;
pub use condition::Match;
pub use levels::{Levels, LevelsError};
pub(crate) use routing::{Decision, Routing, bit};
pub(crate) use watch::Watch;

use condition::Node;

/// A condition, and the outputs of lines that meet it.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    when: Match,
    outputs: Vec<String>,
}

impl Route {
    /// Lines that meet `when` go to each of `outputs`, by the names they were given with
    /// [`Output::named`](crate::Output::named); to none, they go nowhere.
    pub fn new<S: Into<String>>(when: Match, outputs: impl IntoIterator<Item = S>) -> Self {
        Self { when, outputs: outputs.into_iter().map(Into::into).collect() }
    }

    /// Every line that no route before has taken.
    pub fn otherwise<S: Into<String>>(outputs: impl IntoIterator<Item = S>) -> Self {
        Self::new(Match(Node::All(Vec::new())), outputs)
    }

    /// Where its lines go.
    pub fn outputs(&self) -> impl Iterator<Item = &str> {
        self.outputs.iter().map(String::as_str)
    }
}
