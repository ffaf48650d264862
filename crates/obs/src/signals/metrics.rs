//! Metrics: the recorder, what it learns of requests, and `/metrics`.

use std::sync::Arc;

use obs_core::{Base, Observer};
use obs_metrics::{Recorder, Red};

use super::Signal;
use crate::admin::Endpoint;
use crate::config::Config;
use crate::{Error, Obs};

/// Metrics that are running.
pub(crate) struct Part {
    recorder: Recorder,
    red: Arc<Red>,
}

impl Part {
    pub(crate) fn start(_: &Config, base: &Arc<Base>) -> Result<Self, Error> {
        let failed =
            |source: Box<dyn std::error::Error + Send + Sync>| Error::Signal { name: "metrics", source };
        let recorder = Recorder::builder(Arc::clone(base)).build().map_err(|error| failed(error.into()))?;
        let red = Arc::new(Red::new(&recorder));
        Ok(Self { recorder, red })
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        &self.recorder
    }
}

impl Signal for Part {
    fn observer(&self) -> Option<Box<dyn Observer>> {
        Some(Box::new(Arc::clone(&self.red)))
    }

    fn endpoint(&self) -> Option<Endpoint> {
        let recorder = self.recorder.clone();
        Some(Endpoint {
            path: "/metrics",
            respond: Box::new(move |request| obs_metrics::admin::respond(&recorder, request)),
        })
    }
}

impl Obs {
    /// The recorder: renders the exposition, registers with an error instead of silence, and is what to enter with
    /// `metrics::with_local_recorder` where this installation is not the process's own.
    pub fn recorder(&self) -> &Recorder {
        self.signals.metrics.recorder()
    }
}
