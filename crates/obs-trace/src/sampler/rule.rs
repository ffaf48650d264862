//! Shares of their own for the requests of some paths, which may be replaced while others decide by them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use obs_core::observe::Candidate;
use obs_core::{Clock, Pattern};

use super::SamplerError;
use super::bucket::Bucket;
use super::ratio::Ratio;

/// The share of requests of some paths that is recorded, in place of the sampler's own.
///
/// The head decision is made before any router has seen the request, so a rule is about its method and its raw path: in a
/// pattern `*` stands for any text, also none, and `{name}` for one whole segment, so that route templates can be written
/// as they are. The first 1,024 bytes of a path are looked at; patterns that end in `*` alone are about a longer one.
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
        Ok(Self { pattern: route.parse()?, ratio: Ratio::new(ratio)?, per_second: None })
    }

    /// At most so many of them a second are recorded, in place of the sampler's own limit; default that one's.
    pub fn per_second(mut self, traces: u32) -> Self {
        self.per_second = Some(traces);
        self
    }

    fn is_about(&self, candidate: &Candidate<'_>) -> bool {
        candidate.path.is_some_and(|path| self.pattern.matches(candidate.method, path))
    }
}

/// The share and the rules that are in force together.
#[derive(Debug)]
pub(super) struct Rules {
    /// The share, or [`RULES`] in its place.
    share: AtomicU64,
    live: ArcSwapOption<Live>,
}

/// Where there are rules nothing is decided without them.
const RULES: u64 = u64::MAX;

#[derive(Debug)]
struct Live {
    share: Ratio,
    rules: Vec<LiveRule>,
}

/// A rule and what is left of its second.
#[derive(Clone, Debug)]
struct LiveRule {
    rule: Rule,
    bucket: Option<Arc<Bucket>>,
}

impl Rules {
    pub(super) const fn none(share: Ratio) -> Self {
        Self { share: AtomicU64::new(share.bits()), live: ArcSwapOption::const_empty() }
    }

    pub(super) fn share(&self) -> Ratio {
        match self.share.load(Ordering::Relaxed) {
            RULES => self.live.load().as_ref().map_or(Ratio::NONE, |live| live.share),
            bits => Ratio::of_bits(bits),
        }
    }

    /// Changes the share, or the rules, or both in one step; what a rule that stays has given this second is not given
    /// again. Only one caller at a time.
    pub(super) fn set(&self, share: Ratio, rules: Option<Vec<Rule>>) {
        let before = self.live.load_full();
        let before = before.as_ref().map_or(&[][..], |live| &live.rules);
        let live = |rule: Rule| {
            let stays = before.iter().find(|live| live.rule == rule);
            let fresh = || rule.per_second.map(|traces| Arc::new(Bucket::even(Some(traces))));
            let bucket = stays.map_or_else(fresh, |live| live.bucket.clone());
            LiveRule { rule, bucket }
        };
        let rules = match rules {
            Some(rules) => rules.into_iter().map(live).collect(),
            None => before.to_vec(),
        };
        let next = if rules.is_empty() { share.bits() } else { RULES };
        // Whoever finds the mark below, from now or before, finds all of this behind it.
        self.live.store(Some(Arc::new(Live { share, rules })));
        self.share.store(next, Ordering::Release);
    }

    /// What the first rule says that is about the candidate, or else the share. `limit` is for what has no limit of its own.
    #[inline]
    pub(super) fn decide(&self, candidate: &Candidate<'_>, limit: &Bucket, clock: &Clock) -> bool {
        match self.share.load(Ordering::Acquire) {
            RULES => self.first(candidate, limit, clock),
            bits => Ratio::of_bits(bits).contains(candidate.trace_id) && limit.take(clock),
        }
    }

    #[inline(never)]
    fn first(&self, candidate: &Candidate<'_>, limit: &Bucket, clock: &Clock) -> bool {
        let live = self.live.load();
        let Some(live) = live.as_ref() else { return false };
        let (ratio, limit) = match live.rules.iter().find(|live| live.rule.is_about(candidate)) {
            Some(LiveRule { rule, bucket }) => (rule.ratio, bucket.as_deref().unwrap_or(limit)),
            None => (live.share, limit),
        };
        ratio.contains(candidate.trace_id) && limit.take(clock)
    }
}
