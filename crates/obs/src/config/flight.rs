//! Which lines are held until their request has ended, and of which requests they are written.

use std::time::Duration;

/// The flight recorder: lines below what is written are held, and written only of requests that fail or are slow.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlightRecorder {
    /// From which level on lines are held, as directives such as `debug,h2=off`; default nothing is.
    pub level: Option<String>,
    /// The most memory that the lines of one request take, in bytes; default 256 KiB.
    pub request_bytes: usize,
    /// The most memory that the lines of all requests take, in bytes; default 16 MiB.
    pub process_bytes: usize,
    /// Whether the lines of requests that fail are written; default yes.
    pub errors: bool,
    /// From which duration on a request is slow; default none.
    pub slow: Option<Duration>,
    /// Whether a request is slow that takes longer than 99 of 100 of its route; default no.
    pub slow_quantile: bool,
}

/// Nothing is held.
impl Default for FlightRecorder {
    fn default() -> Self {
        Self {
            level: None,
            request_bytes: 256 * 1024,
            process_bytes: 16 * 1024 * 1024,
            errors: true,
            slow: None,
            slow_quantile: false,
        }
    }
}

impl FlightRecorder {
    /// Lines from `debug` on are held, and all else is as by default.
    pub fn new() -> Self {
        Self { level: Some(String::from("debug")), ..Self::default() }
    }

    /// From which level on lines are held, as directives such as `debug,h2=off`; default `debug`.
    #[must_use]
    pub fn level(mut self, level: impl Into<String>) -> Self {
        self.level = Some(level.into());
        self
    }

    /// The most memory that the lines of one request take, in bytes; default 256 KiB.
    #[must_use]
    pub fn request_bytes(mut self, bytes: usize) -> Self {
        self.request_bytes = bytes;
        self
    }

    /// The most memory that the lines of all requests take, in bytes; default 16 MiB.
    #[must_use]
    pub fn process_bytes(mut self, bytes: usize) -> Self {
        self.process_bytes = bytes;
        self
    }

    /// Leaves requests that failed to others, where only slow ones are looked for; default they are written.
    #[must_use]
    pub fn no_errors(mut self) -> Self {
        self.errors = false;
        self
    }

    /// Has the lines of requests written that took at least this long; default never.
    #[must_use]
    pub fn slow(mut self, slow: Duration) -> Self {
        self.slow = Some(slow);
        self
    }

    /// Has the lines of requests written that took longer than 99 of 100 of their route lately; default not.
    #[must_use]
    pub fn slow_quantile(mut self) -> Self {
        self.slow_quantile = true;
        self
    }
}
