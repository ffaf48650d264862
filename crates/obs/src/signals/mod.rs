//! The signals as the umbrella sees them: each is started, tells what it brings, is flushed and ended.
//!
//! A feature that is off puts `absent` in the place of its module; nothing else asks which are enabled.

#[cfg(not(all(feature = "metrics", feature = "logs", feature = "traces")))]
pub(crate) mod absent;
#[cfg(feature = "logs")]
pub(crate) mod logs;
#[cfg(feature = "metrics")]
pub(crate) mod metrics;
#[cfg(feature = "traces")]
pub(crate) mod traces;

#[cfg(not(feature = "logs"))]
pub(crate) use absent as logs;
#[cfg(not(feature = "metrics"))]
pub(crate) use absent as metrics;
#[cfg(not(feature = "traces"))]
pub(crate) use absent as traces;

use std::sync::Arc;
use std::time::{Duration, Instant};

use obs_core::{Base, Observer};

use crate::Error;
use crate::admin::Endpoint;
use crate::config::{Config, Mistake};
use crate::subscriber::{SignalLayer, Subscriber};

/// One signal that is running.
pub(crate) trait Signal {
    /// What each request is shown to.
    fn observer(&self) -> Option<Box<dyn Observer>> {
        None
    }

    /// What the admin listener serves for it.
    fn endpoint(&self) -> Option<Endpoint> {
        None
    }

    /// What `tracing` shows its spans and events to.
    fn layer(&self) -> Option<SignalLayer> {
        None
    }

    /// Waits until all that came before is out; whether it is.
    fn flush(&self, deadline: Duration) -> bool {
        let _ = deadline;
        true
    }

    /// Delivers what waits, within the deadline, and ends its threads.
    fn shutdown(&mut self, deadline: Duration) {
        let _ = deadline;
    }
}

/// What the enabled signals cannot make sense of; nothing is started for it.
pub(crate) fn mistakes(config: &Config) -> Vec<Mistake> {
    logs::mistakes(config).into_iter().chain(traces::mistakes(config)).collect()
}

/// All signals of one installation.
pub(crate) struct Signals {
    pub(crate) metrics: metrics::Part,
    pub(crate) logs: logs::Part,
    pub(crate) traces: traces::Part,
}

impl Signals {
    pub(crate) fn start(config: &Config, base: &Arc<Base>) -> Result<Self, Error> {
        Ok(Self {
            metrics: metrics::Part::start(config, base)?,
            logs: logs::Part::start(config, base)?,
            traces: traces::Part::start(config, base)?,
        })
    }

    /// In the order observers are told of a request: the sampler decides first, the access line comes last.
    pub(crate) fn all(&self) -> [&dyn Signal; 3] {
        [&self.traces, &self.metrics, &self.logs]
    }

    pub(crate) fn observers(&self) -> Vec<Box<dyn Observer>> {
        self.all().into_iter().filter_map(Signal::observer).collect()
    }

    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        self.all().into_iter().filter_map(Signal::endpoint).collect()
    }

    /// Spans before events, so that a line stands in the span that was opened for it.
    pub(crate) fn subscriber(&self) -> Subscriber {
        Subscriber::new(self.all().into_iter().filter_map(Signal::layer).collect())
    }

    pub(crate) fn shutdown(&mut self, deadline: Duration) {
        let until = obs_core::time::deadline(deadline);
        let parts: [&mut dyn Signal; 3] = [&mut self.traces, &mut self.metrics, &mut self.logs];
        for part in parts {
            part.shutdown(until.saturating_duration_since(Instant::now()));
        }
    }
}
