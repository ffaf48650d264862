//! What holds for the requests of some paths, before any router has seen them.

use obs_core::context::Muted;
use obs_core::observe::Method;
use obs_core::{Pattern, PatternError};

use crate::trust::Trust;

/// What holds for requests to a path such as `/health*`, or of a method to a path such as `GET /metrics`, as
/// [`Pattern`] reads it. Of several that fit the first counts. How many of them are traced is a sampler's to say.
///
/// ```
/// use obs_middleware::{Policy, Trust};
///
/// let policies = [
///     Policy::new("GET /health*")?.ignored(),
///     Policy::new("/assets/*")?.without_access_line(),
///     Policy::new("/webhooks/*")?.trust(Trust::Edge),
/// ];
/// # let _ = policies;
/// # Ok::<_, obs_core::PatternError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a policy does nothing until a layer has it"]
pub struct Policy {
    pattern: Pattern,
    pub(crate) ignored: bool,
    pub(crate) muted: Muted,
    pub(crate) trust: Option<Trust>,
}

impl Policy {
    /// Nothing but what holds for all, for the requests `route` is about.
    ///
    /// # Errors
    /// [`PatternError`] for what is no path, or no method and a path.
    pub fn new(route: &str) -> Result<Self, PatternError> {
        Ok(Self { pattern: route.parse()?, ignored: false, muted: Muted::NONE, trust: None })
    }

    /// They leave no signal at all, and have no ids: the layer is not there for them.
    pub fn ignored(mut self) -> Self {
        self.ignored = true;
        self
    }

    /// They are not counted, timed, or in flight.
    pub fn without_metrics(mut self) -> Self {
        self.muted = self.muted.and(Muted::METRICS);
        self
    }

    /// They have no access line.
    pub fn without_access_line(mut self) -> Self {
        self.muted = self.muted.and(Muted::LINE);
        self
    }

    /// How far their callers are believed, in the place of what the layer says. A route of [`Trust::Edge`] is best one that ends in
    /// `*`: what a router takes for the same path, such as one with a slash behind it, is not to get around it. Where a layer has
    /// such a policy, a path of more than 1,024 bytes is believed no more than at the edge.
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = Some(trust);
        self
    }

    pub(crate) fn is_about(&self, method: Method, path: &str) -> bool {
        self.pattern.matches(Some(method), path)
    }
}
