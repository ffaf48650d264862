//! Health: the registry of checks, and its probes on the admin listener.

use std::sync::Arc;
use std::time::Duration;

use obs_core::Base;
use obs_health::{Health, Settings, SettingsError};

use super::Signal;
use crate::admin::{Access, Endpoint, Runs};
use crate::config::{Config, Mistake};
use crate::remotes::{self as watching, Watched};
use crate::{Error, Obs};

/// The registry of one installation.
pub(crate) struct Part(Health);

impl Part {
    pub(crate) fn start(config: &Config, base: &Arc<Base>) -> Result<Self, Error> {
        let failed = |source: SettingsError| Error::Signal { name: "health", source: source.into() };
        Health::with(Arc::clone(base), settings(config)).map(Self).map_err(failed)
    }

    /// Adds checks for what is sent to other machines, where they are asked for.
    pub(crate) fn watch(&self, watched: &[Watched], base: &Arc<Base>) -> Result<(), Error> {
        let added = watching::checks(&self.0, &base.clock, watched);
        added.map_err(|source| Error::Signal { name: "health", source: source.into() })
    }
}

/// The defaults of checks, unless they make sense.
pub(crate) fn mistakes(config: &Config) -> Vec<Mistake> {
    // Whatever base it is: the settings alone are judged.
    let judged = Health::with(Base::new(config.resource.clone()), settings(config));
    judged.err().map(|error| Mistake::new("health.stale_after", error)).into_iter().collect()
}

fn settings(config: &Config) -> Settings {
    let choices = &config.health;
    let settings = Settings::new()
        .timeout(choices.timeout)
        .interval(choices.interval)
        .failure_threshold(choices.failure_threshold)
        .success_threshold(choices.success_threshold);
    match choices.stale_after {
        Some(stale_after) => settings.stale_after(stale_after),
        None => settings,
    }
}

impl Signal for Part {
    fn endpoints(&self) -> Vec<Endpoint> {
        let endpoint = |path| {
            let health = self.0.clone();
            let respond = move |request: &_| obs_health::admin::respond(&health, request);
            Endpoint::new(path, Access::Probe, Runs::AtOnce, respond).about("a probe")
        };
        obs_health::admin::PATHS.map(endpoint).into()
    }

    /// Checks that were registered outside of a runtime run on the service's.
    fn serving(&self) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            self.0.run_on(&runtime);
        }
    }

    fn shutdown(&mut self, _: Duration) {
        self.0.shutdown();
    }
}

impl Obs {
    /// Where checks and heartbeats are registered: what `/readyz` and `/healthz` go by.
    pub fn health(&self) -> &Health {
        &self.signals.health.0
    }
}
