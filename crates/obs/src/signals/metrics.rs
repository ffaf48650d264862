//! Metrics: the recorder, what it learns of requests, `/metrics`, and pushes.

#[cfg_attr(not(feature = "metrics-push"), path = "metrics/absent_pushes.rs")]
mod pushes;

use std::sync::Arc;
use std::time::Duration;

use obs_core::{Base, Observer};
use obs_metrics::admin::MetricsService;
use obs_metrics::{Buckets, CreatedSamples, Matcher, Measured, Operations, Recorder, Red};
use tokio::runtime::Handle;

use super::{Reloader, Signal};
use crate::admin::{Access, Endpoint, Runs};
use crate::config::{BucketMatch, Config, Metrics, Mistake};
use crate::{Error, Obs};

/// What a runtime is called that has no name of its own.
const RUNTIME: &str = "main";

/// Metrics that are running.
pub(crate) struct Part {
    recorder: Recorder,
    red: Arc<Red>,
    /// Where runtimes are registered, if they are measured.
    runtimes: Option<Arc<Base>>,
    pushes: pushes::Pushes,
}

impl Part {
    pub(crate) fn start(config: &Config, base: &Arc<Base>) -> Result<Self, Error> {
        let failed =
            |source: Box<dyn std::error::Error + Send + Sync>| Error::Signal { name: "metrics", source };
        let choices = &config.metrics;
        let mut builder = Recorder::builder(Arc::clone(base))
            .all_buckets(buckets(choices))
            .series_cap(choices.series_cap)
            .total_series_cap(choices.total_series_cap);
        if let Some(timeout) = choices.idle_timeout {
            builder = builder.idle_timeout(timeout);
        }
        if choices.created_samples {
            builder = builder.created_samples(CreatedSamples::On);
        }
        for name in &choices.native_histograms {
            builder = builder.native_histograms(matcher(name));
        }
        for family in choices.families() {
            builder = builder.declare(family.clone());
        }
        for (label, value) in choices.labels_of(&base.resource) {
            builder = builder.const_label(label, value);
        }
        let recorder = builder.build().map_err(|error| failed(error.into()))?;
        let mut measured = Measured::default();
        (measured.sizes, measured.head) = (config.requests.sizes, config.requests.head_time);
        let red = Arc::new(Red::new(&recorder).measuring(measured));
        base.operations.register(Arc::new(Operations::new(&recorder)));
        obs_metrics::build::register(base);
        if choices.process {
            obs_metrics::process::register(base);
        }
        let runtimes = choices.runtime.then(|| Arc::clone(base));
        let part = Self { recorder, red, runtimes, pushes: pushes::Pushes::default() };
        part.meet_runtime();
        Ok(part)
    }

    /// Has the runtime that is current measured, if there is one and it is not already.
    fn meet_runtime(&self) {
        if let (Some(base), Ok(handle)) = (&self.runtimes, Handle::try_current()) {
            obs_metrics::runtime::register_new(base, &handle, handle.name().unwrap_or(RUNTIME));
        }
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        &self.recorder
    }
}

/// Labels that no sample may have, and a cap of nothing.
pub(crate) fn mistakes(config: &Config) -> Vec<Mistake> {
    // Whatever base it is: each choice is judged by itself, so that its place is known.
    let begun = || Recorder::builder(Base::new(config.resource.clone()));
    let labels = config.metrics.labels.iter().filter_map(|label| {
        let error = begun().const_label(label, "").build().err()?;
        Some(Mistake::new(&format!("metrics.labels.{label}"), error))
    });
    let caps = [
        ("metrics.series_cap", begun().series_cap(config.metrics.series_cap)),
        ("metrics.total_series_cap", begun().total_series_cap(config.metrics.total_series_cap)),
    ];
    let idle = config.metrics.idle_timeout.map(|time| ("metrics.idle_timeout", begun().idle_timeout(time)));
    let settings = caps
        .into_iter()
        .chain(idle)
        .filter_map(|(path, builder)| Some(Mistake::new(path, builder.build().err()?)));
    let families: Vec<_> = config.metrics.families().cloned().collect();
    let declared = obs_metrics::declare::mistakes(&families, config.metrics.series_cap);
    let declared = declared.into_iter().map(|(at, what)| {
        let name = families.get(at).map(|family| family.name.as_str()).unwrap_or_default();
        Mistake::new(&format!("metrics.declare.{name}"), what)
    });
    labels.chain(declared).chain(settings).collect()
}

/// A name as it is, or what comes before or after a `*`.
fn matcher(name: &str) -> Matcher {
    match (name.strip_suffix('*'), name.strip_prefix('*')) {
        (Some(start), _) => Matcher::Prefix(start.to_owned()),
        (None, Some(end)) => Matcher::Suffix(end.to_owned()),
        (None, None) => Matcher::Full(name.to_owned()),
    }
}

fn buckets(choices: &Metrics) -> Buckets {
    let begun = Buckets::new().default_bounds(choices.default_buckets.as_slice());
    choices.buckets.iter().fold(begun, |buckets, rule| {
        let matcher = match rule.of.clone() {
            BucketMatch::Metric(name) => Matcher::Full(name),
            BucketMatch::Prefix(start) => Matcher::Prefix(start),
            BucketMatch::Suffix(end) => Matcher::Suffix(end),
        };
        buckets.rule(matcher, rule.bounds.as_slice())
    })
}

impl Signal for Part {
    fn observer(&self) -> Option<Box<dyn Observer>> {
        Some(Box::new(Arc::clone(&self.red)))
    }

    fn serving(&self) {
        self.meet_runtime();
    }

    fn reloader(&self) -> Option<Reloader> {
        let recorder = self.recorder.clone();
        // Bounds that are wrong have been told as mistakes, and nothing is taken up with one.
        Some(Box::new(move |config| drop(recorder.set_buckets(buckets(&config.metrics)))))
    }

    fn flush(&self, deadline: Duration) -> bool {
        self.pushes.flush(deadline)
    }

    fn shutdown(&mut self, deadline: Duration) {
        self.pushes.shutdown(deadline);
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        let recorder = self.recorder.clone();
        let respond = move |request: &_| obs_metrics::admin::respond(&recorder, request);
        vec![Endpoint::new("/metrics", Access::Open, Runs::Apart, respond).about("for Prometheus to scrape")]
    }
}

impl Obs {
    /// The recorder: renders the exposition, registers with an error instead of silence, and is what to enter with
    /// `metrics::with_local_recorder` where this installation is not the process's own.
    pub fn recorder(&self) -> &Recorder {
        self.signals.metrics.recorder()
    }

    /// `/metrics` as a tower service, for a router or a listener of the service's own: what the admin listener serves,
    /// whatever the path.
    pub fn metrics_service(&self) -> MetricsService {
        MetricsService::new(self.recorder())
    }
}
