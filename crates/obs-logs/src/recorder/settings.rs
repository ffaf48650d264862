//! What is held, within which bounds, and of which requests it is written.

use std::time::Duration;

use tracing_core::metadata::LevelFilter;

use crate::Filter;

/// The settings of a flight recorder, for [`Builder::recorder`](crate::Builder::recorder).
///
/// By default it holds lines from `DEBUG` on, and writes those of requests that end in a server error, a panic or a
/// time-out. Requests whose client goes away are never written.
///
/// ```
/// use std::time::Duration;
///
/// use obs_core::{Base, Resource};
/// use obs_logs::{FlightRecorder, Logs, Output};
///
/// let recorder = FlightRecorder::new().slow(Duration::from_secs(1)).request_bytes(64 * 1024);
/// let logs = Logs::builder(Base::new(Resource::new("orders"))).recorder(recorder);
/// let (logs, _guard) = logs.output(Output::discard()).build()?;
/// # Ok::<(), obs_logs::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct FlightRecorder {
    pub(super) filter: Filter,
    pub(super) request_bytes: usize,
    pub(super) process_bytes: usize,
    pub(super) slow: Option<Duration>,
    pub(super) slow_quantile: bool,
    pub(super) errors: bool,
}

impl FlightRecorder {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            filter: Filter::level(LevelFilter::DEBUG),
            request_bytes: 256 * 1024,
            process_bytes: 16 * 1024 * 1024,
            slow: None,
            slow_quantile: false,
            errors: true,
        }
    }

    /// From which level on lines are held; default `DEBUG`. What is written at once is not held.
    pub fn level(self, level: LevelFilter) -> Self {
        self.filter(Filter::level(level))
    }

    /// As [`FlightRecorder::level`], with a level for each target, such as `debug,h2=off`.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// The most memory that the lines of one request take, in bytes, held in pieces of 4 KiB, of which there is always
    /// one; default 256 KiB. Beyond it the oldest lines of the request go.
    pub const fn request_bytes(mut self, bytes: usize) -> Self {
        self.request_bytes = bytes;
        self
    }

    /// The most memory that the lines of all requests take, in bytes; default 16 MiB. Beyond it no further line is held
    /// until a request has ended.
    pub const fn process_bytes(mut self, bytes: usize) -> Self {
        self.process_bytes = bytes;
        self
    }

    /// Has the lines of requests written that took at least this long; default never.
    pub const fn slow(mut self, slow: Duration) -> Self {
        self.slow = Some(slow);
        self
    }

    /// Has the lines of requests written that took longer than 99 of 100 of their route lately; default not. That is up
    /// to one request in a hundred. See `docs/flight-recorder.md` for how it is estimated.
    pub const fn slow_quantile(mut self) -> Self {
        self.slow_quantile = true;
        self
    }

    /// Leaves requests that failed to others, where only slow ones are looked for; default they are written.
    pub const fn no_errors(mut self) -> Self {
        self.errors = false;
        self
    }
}

impl Default for FlightRecorder {
    fn default() -> Self {
        Self::new()
    }
}
