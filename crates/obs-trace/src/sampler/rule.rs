//! Shares of their own for the requests of some paths, which may be replaced while others decide by them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;
use obs_core::Clock;
use obs_core::observe::{Candidate, Method};

use super::SamplerError;
use super::bucket::Bucket;
use super::pattern::Pattern;
use super::ratio::Ratio;

/// The share of requests of some paths that is recorded, in place of the sampler's own.
///
/// The head decision is made before any router has seen the request, so a rule is about its method and its raw path: in a
/// pattern `*` stands for any text, also none, and `{name}` for one whole segment, so that route templates can be written
/// as they are. The first 1,024 bytes of a path are looked at.
///
/// ```
/// use obs_trace::sampler::Rule;
/// use obs_trace::Sampler;
///
/// let sampler = Sampler::ratio(0.1)?.parent_based().rules(vec![
///     Rule::new("/health*", 0.0)?,
///     Rule::new("POST /orders/{id}/pay", 1.0)?.per_second(50),
/// ])?;
/// # Ok::<(), obs_trace::SamplerError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Rule {
    method: Option<Method>,
    pattern: Pattern,
    ratio: Ratio,
    per_second: Option<u32>,
}

impl Rule {
    /// How many rules a sampler takes.
    pub const MOST: usize = 64;

    /// Of requests to `route`, a path such as `/health*` or a method and a path such as `POST /orders/{id}`, this share is
    /// recorded, from 0 to 1.
    ///
    /// # Errors
    /// [`SamplerError::BadRatio`] outside of 0 to 1; [`SamplerError::UnknownMethod`] and [`SamplerError::BadRoute`] for
    /// what is no route.
    pub fn new(route: &str, ratio: f64) -> Result<Self, SamplerError> {
        let (method, path) = match route.split_once(' ') {
            Some((method, path)) => (Some(Method::parse(method)), path.trim_start()),
            None => (None, route),
        };
        if method == Some(Method::Other) {
            return Err(SamplerError::UnknownMethod);
        }
        Ok(Self { method, pattern: Pattern::parse(path)?, ratio: Ratio::new(ratio)?, per_second: None })
    }

    /// At most so many of them a second are recorded, in place of the sampler's own limit; default that one's.
    pub fn per_second(mut self, traces: u32) -> Self {
        self.per_second = Some(traces);
        self
    }

    fn is_about(&self, candidate: &Candidate<'_>) -> bool {
        (self.method.is_none() || self.method == candidate.method)
            && candidate.path.is_some_and(|path| self.pattern.matches(path))
    }
}

/// The rules that are in force.
#[derive(Debug)]
pub(super) struct Rules {
    /// Where there are none, nothing more than this is looked at.
    any: AtomicBool,
    live: ArcSwapOption<Vec<Live>>,
}

/// A rule and what is left of its second.
#[derive(Debug)]
struct Live {
    rule: Rule,
    bucket: Option<Bucket>,
}

impl Rules {
    pub(super) const fn none() -> Self {
        Self { any: AtomicBool::new(false), live: ArcSwapOption::const_empty() }
    }

    /// Puts others in their place; what a rule that stays has given this second is not given again.
    pub(super) fn set(&self, rules: Vec<Rule>) -> Result<(), SamplerError> {
        if rules.len() > Rule::MOST {
            return Err(SamplerError::TooManyRules);
        }
        let before = self.live.load();
        if before.iter().flat_map(|live| live.iter()).map(|live| &live.rule).eq(&rules) {
            return Ok(());
        }
        let live = |rule: Rule| {
            let bucket = rule.per_second.map(|traces| Bucket::even(Some(traces)));
            Live { rule, bucket }
        };
        let any = !rules.is_empty();
        self.live.store(Some(Arc::new(rules.into_iter().map(live).collect())));
        self.any.store(any, Ordering::Relaxed);
        Ok(())
    }

    /// What the first rule says that is about the candidate; `None` where there is none. `limit` is for what has no limit
    /// of its own.
    #[inline]
    pub(super) fn decide(&self, candidate: &Candidate<'_>, limit: &Bucket, clock: &Clock) -> Option<bool> {
        if self.any.load(Ordering::Relaxed) { self.first(candidate, limit, clock) } else { None }
    }

    #[inline(never)]
    fn first(&self, candidate: &Candidate<'_>, limit: &Bucket, clock: &Clock) -> Option<bool> {
        let live = self.live.load();
        let Live { rule, bucket } = live.as_ref()?.iter().find(|live| live.rule.is_about(candidate))?;
        Some(rule.ratio.contains(candidate.trace_id) && bucket.as_ref().unwrap_or(limit).take(clock))
    }
}
