//! The signals as the umbrella sees them: each is started, tells what it brings, is flushed and ended.
//!
//! A feature that is off puts `absent` in the place of its module; nothing else asks which are enabled.

#[cfg(not(all(feature = "metrics", feature = "logs", feature = "traces", feature = "health")))]
pub(crate) mod absent;
#[cfg(any(feature = "traces", feature = "logs-ship", feature = "logs-syslog"))]
mod credentials;
#[cfg(feature = "health")]
pub(crate) mod health;
#[cfg(all(feature = "journal", unix, any(feature = "logs", feature = "traces")))]
pub(crate) mod journal;
#[cfg(feature = "logs")]
pub(crate) mod logs;
#[cfg(feature = "metrics")]
pub(crate) mod metrics;
#[cfg(any(feature = "traces", feature = "logs-ship"))]
mod otlp;
#[cfg(any(feature = "traces", feature = "logs-ship"))]
mod proxies;
#[cfg(feature = "traces")]
pub(crate) mod traces;

#[cfg(not(feature = "health"))]
pub(crate) use absent as health;
#[cfg(not(feature = "logs"))]
pub(crate) use absent as logs;
#[cfg(not(feature = "metrics"))]
pub(crate) use absent as metrics;
#[cfg(not(feature = "traces"))]
pub(crate) use absent as traces;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use obs_core::{Base, Observer};

use crate::Error;
use crate::admin::Endpoint;
use crate::config::{Config, Mistake};
use crate::remotes::Watched;

/// Takes up what has changed in the configuration. Called on a thread of no consequence, with what is in force from
/// now on; must take no longer than a reader of metrics would wait.
pub(crate) type Reloader = Box<dyn Fn(&Config) + Send + Sync>;

/// Opens files again. Called on a thread of no consequence.
pub(crate) type Reopener = Box<dyn Fn() + Send + Sync>;

/// One signal that is running.
pub(crate) trait Signal: Send + Sync {
    /// What each request is shown to.
    fn observer(&self) -> Option<Box<dyn Observer>> {
        None
    }

    /// What the admin listener serves for it.
    fn endpoints(&self) -> Vec<Endpoint> {
        Vec::new()
    }

    /// The service begins to serve, on the runtime that is current.
    fn serving(&self) {}

    /// What takes up changes of the configuration while the service runs.
    fn reloader(&self) -> Option<Reloader> {
        None
    }

    /// What opens files again when the operator asks for it, by SIGHUP.
    fn reopener(&self) -> Option<Reopener> {
        None
    }

    /// What it sends to other machines, for whoever watches that.
    fn watched(&self, config: &Config) -> Vec<Watched> {
        let _ = config;
        Vec::new()
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
    [metrics::mistakes, logs::mistakes, traces::mistakes, health::mistakes]
        .into_iter()
        .flat_map(|mistakes| mistakes(config))
        .collect()
}

/// All signals of one installation.
pub(crate) struct Signals {
    pub(crate) metrics: metrics::Part,
    pub(crate) logs: logs::Part,
    pub(crate) traces: traces::Part,
    pub(crate) health: health::Part,
}

impl Signals {
    pub(crate) fn start(config: &Config, base: &Arc<Base>) -> Result<Self, Error> {
        let signals = Self {
            metrics: metrics::Part::start(config, base)?,
            logs: logs::Part::start(config, base)?,
            traces: traces::Part::start(config, base)?,
            health: health::Part::start(config, base)?,
        };
        signals.health.watch(&signals.watched(config), base)?;
        #[cfg(all(feature = "journal", unix, any(feature = "logs", feature = "traces")))]
        journal::tell_of_forgotten(config);
        Ok(signals)
    }

    /// All that is sent to other machines.
    pub(crate) fn watched(&self, config: &Config) -> Vec<Watched> {
        self.all().into_iter().flat_map(|signal| signal.watched(config)).collect()
    }

    /// In the order observers are told of a request: the sampler decides first, the access line comes last.
    pub(crate) fn all(&self) -> [&dyn Signal; 4] {
        [&self.traces, &self.metrics, &self.logs, &self.health]
    }

    pub(crate) fn observers(&self) -> Vec<Box<dyn Observer>> {
        self.all().into_iter().filter_map(Signal::observer).collect()
    }

    pub(crate) fn reloaders(&self) -> Vec<Reloader> {
        self.all().into_iter().filter_map(Signal::reloader).collect()
    }

    pub(crate) fn reopeners(&self) -> Vec<Reopener> {
        self.all().into_iter().filter_map(Signal::reopener).collect()
    }

    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        self.all().into_iter().flat_map(Signal::endpoints).collect()
    }

    #[cfg_attr(not(feature = "serve"), expect(dead_code, reason = "whoever serves says so"))]
    pub(crate) fn serving(&self) {
        self.all().into_iter().for_each(Signal::serving);
    }

    /// All at once: one that hangs takes no time from another.
    pub(crate) fn flush(&self, deadline: Duration) -> bool {
        thread::scope(|scope| {
            let flush = |signal| {
                let flush = move || Signal::flush(signal, deadline);
                thread::Builder::new().spawn_scoped(scope, flush).ok()
            };
            let flushes = self.all().map(flush);
            flushes.map(|thread| thread.is_some_and(|thread| thread.join().unwrap_or(false))) == [true; 4]
        })
    }

    /// All at once, as a flush.
    pub(crate) fn shutdown(&mut self, deadline: Duration) {
        // Checks first, at once: what they still log is delivered.
        self.health.shutdown(deadline);
        let parts: [&mut dyn Signal; 3] = [&mut self.traces, &mut self.metrics, &mut self.logs];
        thread::scope(|scope| {
            // Where there is no thread to be had, the part ends by its own drop.
            let end = |part: &'_ mut dyn Signal| part.shutdown(deadline);
            let ends = parts.map(|part| thread::Builder::new().spawn_scoped(scope, move || end(part)));
            for thread in ends.into_iter().flatten() {
                // A panic that nobody took up would be one more, and this may be the drop of another.
                let _ = thread.join();
            }
        });
    }
}
