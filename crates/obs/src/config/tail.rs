//! Which traces are kept by how they end, beside those that the sampler records.

use std::time::Duration;

/// Which traces are kept by how they end. With nothing chosen none is, and no span waits for its end.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TraceTail {
    /// Whether what ends in an error, a panic or a time-out is kept; default not.
    pub keep_errors: bool,
    /// From which duration on what ends is kept; default none.
    pub slow: Option<Duration>,
    /// Whether requests that take longer than 99 of 100 of their route are kept; default not.
    pub slow_p99: bool,
    /// The share of the rest that is kept, 0 to 1; default none of it.
    pub ratio: f64,
    /// The most memory in which the spans of one trace wait, in bytes; default 256 KiB.
    pub trace_bytes: usize,
    /// The most memory in which the spans of all traces wait, in bytes; default 16 MiB.
    pub process_bytes: usize,
    /// How long spans wait for sure where the process has no room left; default 10 seconds.
    pub wait: Duration,
}

/// None is kept.
impl Default for TraceTail {
    fn default() -> Self {
        Self {
            keep_errors: false,
            slow: None,
            slow_p99: false,
            ratio: 0.0,
            trace_bytes: 256 * 1024,
            process_bytes: 16 * 1024 * 1024,
            wait: Duration::from_secs(10),
        }
    }
}

impl TraceTail {
    /// What ends in an error, a panic or a time-out is kept, and all else is as by default.
    pub fn errors() -> Self {
        Self { keep_errors: true, ..Self::default() }
    }

    /// Keeps what takes at least this long; default nothing for its time.
    #[must_use]
    pub fn slow(mut self, slow: Duration) -> Self {
        self.slow = Some(slow);
        self
    }

    /// Keeps requests that take longer than 99 of 100 of their route lately; default not.
    #[must_use]
    pub fn slow_p99(mut self) -> Self {
        self.slow_p99 = true;
        self
    }

    /// Keeps this share of the rest, 0 to 1; default none of it.
    #[must_use]
    pub fn ratio(mut self, share: f64) -> Self {
        self.ratio = share;
        self
    }

    /// The most memory in which the spans of one trace wait, in bytes; default 256 KiB.
    #[must_use]
    pub fn trace_bytes(mut self, bytes: usize) -> Self {
        self.trace_bytes = bytes;
        self
    }

    /// The most memory in which the spans of all traces wait, in bytes; default 16 MiB.
    #[must_use]
    pub fn process_bytes(mut self, bytes: usize) -> Self {
        self.process_bytes = bytes;
        self
    }

    /// How long spans wait for sure where the process has no room left; default 10 seconds. Those of a root that stays open for
    /// longer, such as a stream, go first.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Whether anything is kept by its end.
    pub(in crate::config) fn keeps_any(&self) -> bool {
        self.keep_errors || self.slow.is_some() || self.slow_p99 || self.ratio > 0.0
    }
}
