//! Times a piece of work into a histogram, however the work ends.

use std::fmt;
use std::time::{Duration, Instant};

use metrics::Histogram;

/// Begins to time; the seconds until it is dropped go into `histogram`, on whatever way out: a `return`, a `?`, a panic,
/// a future that is given up.
///
/// ```
/// use obs_core::{Base, Resource};
/// use obs_metrics::{Format, Recorder, timer};
///
/// let recorder = Recorder::builder(Base::new(Resource::new("orders"))).build()?;
/// metrics::with_local_recorder(&recorder, || {
///     let _timer = timer(metrics::histogram!("lookup_seconds", "shelf" => "a"));
///     // the work
/// });
/// let text = String::from_utf8(recorder.render(Format::Text))?;
/// assert!(text.contains("lookup_seconds_count{shelf=\"a\"} 1\n"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn timer(histogram: impl Into<Histogram>) -> Timer {
    Timer { histogram: Some(histogram.into()), began: Instant::now() }
}

/// A piece of work that is being timed; made by [`timer`].
#[must_use = "what is dropped at once has taken no time"]
pub struct Timer {
    /// `None` once it has been told, or is not to be.
    histogram: Option<Histogram>,
    began: Instant,
}

impl Timer {
    /// Ends it now; returns what it took.
    pub fn stop(mut self) -> Duration {
        let took = self.began.elapsed();
        if let Some(histogram) = self.histogram.take() {
            histogram.record(took.as_secs_f64());
        }
        took
    }

    /// Ends it in this histogram instead, for work that turns out to be another kind.
    pub fn stop_in(mut self, histogram: impl Into<Histogram>) -> Duration {
        self.histogram = Some(histogram.into());
        self.stop()
    }

    /// Ends it and tells nobody.
    pub fn discard(mut self) {
        self.histogram = None;
    }

    /// What it took until now.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(histogram) = self.histogram.take() {
            histogram.record(self.began.elapsed().as_secs_f64());
        }
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer").field("elapsed", &self.elapsed()).finish_non_exhaustive()
    }
}
