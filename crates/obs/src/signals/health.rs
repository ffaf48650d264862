//! Health: the registry of checks, and its probes on the admin listener.

use std::sync::Arc;
use std::time::Duration;

use obs_core::Base;
use obs_core::keys::target;
use obs_health::{Health, Settings, SettingsError, StallLimits};

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
        let health = Health::with(Arc::clone(base), settings(config)).map_err(failed)?;
        health.stall_limits(limits(config));
        Ok(Self(health))
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

fn limits(config: &Config) -> StallLimits {
    let choices = &config.health;
    let limits = StallLimits::new().stall(choices.stall).warning(choices.stall_warning);
    match choices.max_tasks {
        Some(tasks) => limits.max_tasks(usize::try_from(tasks).unwrap_or(usize::MAX)),
        None => limits,
    }
}

impl Signal for Part {
    fn endpoints(&self) -> Vec<Endpoint> {
        let endpoint = |path| {
            let (health, brief) = (self.0.clone(), self.0.clone());
            let respond = move |request: &_| obs_health::admin::respond(&health, request);
            let briefly = move |request: &_| obs_health::admin::respond_briefly(&brief, request);
            Endpoint::new(path, Access::Probe, Runs::AtOnce, respond)
                .brief(obs_health::admin::is_brief, briefly)
                .about("a probe")
        };
        obs_health::admin::PATHS.map(endpoint).into()
    }

    /// Checks that were registered outside of a runtime run on the service's, which is watched from here on: it is
    /// driven as long as the service serves.
    fn serving(&self) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            self.0.run_on(&runtime);
            if let Err(error) = self.0.watch_runtime(&runtime) {
                tracing::warn!(target: target::HEALTH, error = %error, "the runtime is not watched for stalls");
            }
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
