//! What is kept, and within which bounds it waits.

use std::time::Duration;

use crate::sampler::{Ratio, SamplerError};

/// Which traces are kept by how they end, for [`Builder::tail`](crate::tracer::Builder::tail). By default none are, and
/// then nothing waits; with any of [`Tail::errors`], [`Tail::slow`], [`Tail::slow_p99`] and [`Tail::ratio`] every span is
/// recorded.
///
/// ```
/// use std::time::Duration;
///
/// use obs_core::{Base, Resource};
/// use obs_trace::sink::Memory;
/// use obs_trace::{Kind, Sampler, Tail, Tracer};
///
/// let memory = Memory::new();
/// let tracer = Tracer::builder(Base::new(Resource::new("orders")))
///     .sampler(Sampler::always_off())
///     .tail(Tail::new().errors().slow(Duration::from_secs(1)))
///     .sink(memory.clone())
///     .build();
/// tracer.end(tracer.start(None, "clean-up", Kind::Internal));
/// assert!(memory.spans().is_empty(), "it went well");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Tail {
    pub(super) errors: bool,
    pub(super) slow: Option<Duration>,
    pub(super) slow_p99: bool,
    pub(super) ratio: Ratio,
    pub(super) trace_bytes: usize,
    pub(super) process_bytes: usize,
    pub(super) wait: Duration,
}

impl Tail {
    /// Nothing is kept but what the head decides.
    pub const fn new() -> Self {
        Self {
            errors: false,
            slow: None,
            slow_p99: false,
            ratio: Ratio::NONE,
            trace_bytes: 256 * 1024,
            process_bytes: 16 * 1024 * 1024,
            wait: Duration::from_secs(10),
        }
    }

    /// Keeps what ends in an error, a panic or a time-out; default not. A client that goes away is none.
    pub const fn errors(mut self) -> Self {
        self.errors = true;
        self
    }

    /// Keeps what takes at least this long; default nothing for its time.
    pub const fn slow(mut self, slow: Duration) -> Self {
        self.slow = Some(slow);
        self
    }

    /// Keeps requests that take longer than 99 of 100 of their route lately; default not. See
    /// [`Quantiles`](obs_core::observe::Quantiles) for how that is estimated.
    pub const fn slow_p99(mut self) -> Self {
        self.slow_p99 = true;
        self
    }

    /// Keeps this share of the rest, from 0 to 1, by the trace id; default none.
    ///
    /// # Errors
    /// [`SamplerError::BadRatio`] outside of 0 to 1.
    pub fn ratio(mut self, share: f64) -> Result<Self, SamplerError> {
        self.ratio = Ratio::new(share)?;
        Ok(self)
    }

    /// The most memory in which the spans of one local root wait, in bytes; default 256 KiB. Beyond it the oldest go, which
    /// are the innermost.
    pub const fn trace_bytes(mut self, bytes: usize) -> Self {
        self.trace_bytes = bytes;
        self
    }

    /// How long spans wait for sure; default 10 seconds. Where the process has no room left, those go whose local root has had
    /// some waiting for longer, the longest first, and no more are recorded under it.
    pub const fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// The most memory in which all spans wait, in bytes; default 16 MiB. Where that is full, a local root that holds more than
    /// a 256th of it has its oldest spans go for those of others.
    pub const fn process_bytes(mut self, bytes: usize) -> Self {
        self.process_bytes = bytes;
        self
    }

    /// Whether anything is kept by its end.
    pub(super) fn keeps_any(&self) -> bool {
        self.errors || self.slow.is_some() || self.slow_p99 || self.ratio != Ratio::NONE
    }
}

impl Default for Tail {
    fn default() -> Self {
        Self::new()
    }
}
