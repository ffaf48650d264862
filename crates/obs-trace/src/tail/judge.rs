//! Which local roots are kept, by settings that may change while roots end.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use obs_core::Outcome;
use obs_core::TraceId;
use obs_core::context::{Context, Local, Route};
use obs_core::observe::{End, Quantiles};

use super::counts::Counts;
use super::held::Held;
use super::holders::Holders;
use super::settings::Tail;
use crate::sampler::Share;

/// Why the spans under a local root are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// The head of the trace said so.
    Head,
    /// Somebody who may has forced it.
    Forced,
    Error,
    Panic,
    Timeout,
    Slow,
    /// One of the share of the rest.
    Ratio,
    /// Another signal wants the request kept.
    Asked,
}

impl Kept {
    /// In the order of their numbers.
    pub(super) const ALL: [Self; 8] = [
        Self::Head,
        Self::Forced,
        Self::Error,
        Self::Panic,
        Self::Timeout,
        Self::Slow,
        Self::Ratio,
        Self::Asked,
    ];

    /// As on the root span and on metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Forced => "forced",
            Self::Error => "error",
            Self::Panic => "panic",
            Self::Timeout => "timeout",
            Self::Slow => "slow",
            Self::Ratio => "ratio",
            Self::Asked => "asked",
        }
    }

    /// Whether it is for the end of the root to say.
    pub(super) const fn is_by_tail(self) -> bool {
        !matches!(self, Self::Head | Self::Forced)
    }

    /// Why a root is kept whose head was sampled.
    pub(crate) fn of_head(context: &Context) -> Self {
        if context.ids().flags.is_debug() { Self::Forced } else { Self::Head }
    }
}

/// How a local root ended, as far as it is judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RootEnd {
    /// What went wrong, if anything did.
    pub(crate) failure: Option<Kept>,
    pub(crate) duration: Duration,
}

impl RootEnd {
    /// Of a request or an operation.
    pub(crate) fn new(outcome: Outcome, is_failed: bool, duration: Duration) -> Self {
        let failure = match outcome {
            Outcome::Panicked => Some(Kept::Panic),
            Outcome::TimedOut => Some(Kept::Timeout),
            _ if is_failed => Some(Kept::Error),
            _ => None,
        };
        Self { failure, duration }
    }
}

const NEVER: u64 = u64::MAX;
/// What memory is taken in; a span that is larger has a piece of its own.
pub(super) const PIECE_BYTES: usize = 4 * 1024;
/// How many local roots can hold their share at once.
const SHARES: usize = 256;

/// All that waits under one tracer, and what is decided by. Each number is read by itself: a change of several comes into force
/// one after the other.
#[derive(Debug)]
pub(crate) struct Tails {
    on: AtomicBool,
    errors: AtomicBool,
    /// In nanoseconds.
    slow: AtomicU64,
    slow_p99: AtomicBool,
    ratio: Share,
    trace_bytes: AtomicUsize,
    process_bytes: AtomicUsize,
    /// In nanoseconds.
    wait: AtomicU64,
    /// The bytes in which spans wait.
    held: AtomicUsize,
    holders: Holders,
    /// What is usual on each route, from when it was first asked for.
    usual: OnceLock<Quantiles>,
    counts: Counts,
}

impl Tails {
    pub(crate) fn new(settings: &Tail) -> Arc<Self> {
        let tails = Self {
            on: AtomicBool::new(false),
            errors: AtomicBool::new(false),
            slow: AtomicU64::new(NEVER),
            slow_p99: AtomicBool::new(false),
            ratio: Share::new(settings.ratio),
            trace_bytes: AtomicUsize::new(0),
            process_bytes: AtomicUsize::new(0),
            wait: AtomicU64::new(0),
            held: AtomicUsize::new(0),
            holders: Holders::default(),
            usual: OnceLock::new(),
            counts: Counts::default(),
        };
        tails.set(settings);
        Arc::new(tails)
    }

    pub(crate) fn set(&self, settings: &Tail) {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(NEVER);
        self.errors.store(settings.errors, Ordering::Relaxed);
        self.slow.store(settings.slow.map_or(NEVER, nanos), Ordering::Relaxed);
        self.slow_p99.store(settings.slow_p99, Ordering::Relaxed);
        self.ratio.set(settings.ratio);
        self.trace_bytes.store(settings.trace_bytes, Ordering::Relaxed);
        self.process_bytes.store(settings.process_bytes, Ordering::Relaxed);
        self.wait.store(nanos(settings.wait), Ordering::Relaxed);
        self.on.store(settings.keeps_any(), Ordering::Relaxed);
    }

    /// Whether anything waits from now on.
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    /// Has the spans under a local root that begins wait, where its head is not sampled.
    #[inline]
    pub(crate) fn begin(self: &Arc<Self>, root: &Context) {
        if self.is_on() && !root.is_sampled() {
            root.local().hold(Held::new(Arc::clone(self)));
        }
    }

    /// What the spans under this local root wait in.
    #[inline]
    pub(crate) fn held<'a>(self: &Arc<Self>, local: &'a Local) -> Option<&'a Held> {
        local.held::<Held>().filter(|held| held.is_of(self))
    }

    /// Learns from a request that has ended what is usual, and says whether it was slow for its route.
    pub(crate) fn is_unusual(&self, context: &Context, end: &End<'_>) -> bool {
        // The client's patience is no measure of ours, and streams mostly end like this.
        if !self.slow_p99.load(Ordering::Relaxed) || end.outcome == Outcome::Cancelled {
            return false;
        }
        let route = context.local().route().unwrap_or(Route::UNMATCHED);
        !self.usual.get_or_init(Quantiles::new).observe(route, end.duration)
    }

    /// Whether what ended like this is kept, and why.
    pub(crate) fn judge(&self, trace_id: TraceId, end: RootEnd, is_unusual: bool) -> Option<Kept> {
        let errors = self.errors.load(Ordering::Relaxed);
        let slow = self.slow.load(Ordering::Relaxed);
        let is_slow = slow != NEVER && end.duration.as_nanos() >= u128::from(slow);
        end.failure
            .filter(|_| errors)
            .or_else(|| (is_slow || is_unusual).then_some(Kept::Slow))
            .or_else(|| self.ratio.get().contains_mixed(trace_id).then_some(Kept::Ratio))
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(super) fn trace_bytes(&self) -> usize {
        self.trace_bytes.load(Ordering::Relaxed)
    }

    pub(super) fn process_bytes(&self) -> usize {
        self.process_bytes.load(Ordering::Relaxed)
    }

    /// How long spans wait for sure.
    pub(super) fn wait(&self) -> Duration {
        Duration::from_nanos(self.wait.load(Ordering::Relaxed))
    }

    /// What one local root may hold where others find no room.
    pub(super) fn share(&self) -> usize {
        (self.process_bytes() / SHARES).max(PIECE_BYTES)
    }

    pub(super) fn holders(&self) -> &Holders {
        &self.holders
    }

    /// The bytes in which spans wait.
    pub(super) fn bytes(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Takes so many bytes out of the budget; whether they are there.
    pub(super) fn charge(&self, bytes: usize) -> bool {
        let most = self.process_bytes.load(Ordering::Relaxed);
        let more = |held: usize| held.checked_add(bytes).filter(|held| *held <= most);
        self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Gives them back.
    pub(super) fn release(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}
