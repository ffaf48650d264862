//! What is chosen for sampling.

use std::time::Duration;

use tracing_core::metadata::LevelFilter;

/// Which of many equal lines are written. Warnings and errors always are.
///
/// ```
/// use std::time::Duration;
/// use obs_logs::{RateLimit, Sampling};
///
/// // Of 300 equal lines within a second, the first 100 and then each tenth: 120.
/// let sampling = Sampling::new().tick(Duration::from_secs(1)).first(100).thereafter(10);
/// // Besides, no call site writes more than 500 lines a second.
/// let sampling = sampling.limit(RateLimit::new(500));
/// # let _ = sampling;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Sampling {
    pub(super) tick: Duration,
    pub(super) first: u64,
    pub(super) thereafter: u64,
    pub(super) by_message: bool,
    pub(super) follow_trace: bool,
    pub(super) limit: Option<RateLimit>,
}

impl Sampling {
    /// In a second, the first 100 lines of one level and message, and then each 100th.
    pub const fn new() -> Self {
        Self {
            tick: Duration::from_secs(1),
            first: 100,
            thereafter: 100,
            by_message: true,
            follow_trace: false,
            limit: None,
        }
    }

    /// Without the rule by message: for a limit or the trace's decision alone.
    pub const fn off() -> Self {
        Self { by_message: false, ..Self::new() }
    }

    /// How long lines are counted together, to the millisecond, at least one; default one second. A tick begins with the
    /// first line after the last tick has ended.
    pub const fn tick(mut self, tick: Duration) -> Self {
        self.tick = at_least_a_milli(tick);
        self
    }

    /// How many equal lines of a tick are written, at least one; default 100.
    pub const fn first(mut self, first: u64) -> Self {
        self.first = first;
        self
    }

    /// Each how many-th of those that follow is written, 0 for none of them; default 100.
    pub const fn thereafter(mut self, thereafter: u64) -> Self {
        self.thereafter = thereafter;
        self
    }

    /// Leaves out lines below `WARN` of traces that are not recorded; default no.
    pub const fn follow_trace(mut self) -> Self {
        self.follow_trace = true;
        self
    }

    /// How many lines a call site may write; default as many as it likes.
    pub const fn limit(mut self, limit: RateLimit) -> Self {
        self.limit = Some(limit);
        self
    }
}

impl Sampling {
    /// Whether this one of the equal lines of a tick is written.
    pub(super) fn passes(&self, number: u64) -> bool {
        let Some(beyond) = number.checked_sub(self.first).filter(|beyond| *beyond > 0) else { return true };
        self.thereafter != 0 && beyond.is_multiple_of(self.thereafter)
    }
}

impl Default for Sampling {
    fn default() -> Self {
        Self::new()
    }
}

/// How many lines a call site may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct RateLimit {
    pub(super) lines: u64,
    pub(super) tick: Duration,
    pub(super) up_to: LevelFilter,
}

impl RateLimit {
    /// This many lines a second from each call site below `WARN`.
    pub const fn new(lines: u64) -> Self {
        Self { lines, tick: Duration::from_secs(1), up_to: LevelFilter::INFO }
    }

    /// How long lines are counted together, to the millisecond, at least one; default one second.
    pub const fn tick(mut self, tick: Duration) -> Self {
        self.tick = at_least_a_milli(tick);
        self
    }

    /// The most severe level that is limited; default `INFO`. With `ERROR` a loop of errors is limited too.
    pub const fn up_to(mut self, level: LevelFilter) -> Self {
        self.up_to = level;
        self
    }
}

/// Shorter ticks would all be over before their second line.
const fn at_least_a_milli(tick: Duration) -> Duration {
    if tick.as_millis() == 0 { Duration::from_millis(1) } else { tick }
}
