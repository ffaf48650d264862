//! obs with every signal, as its README says: one call, one layer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use obs::Admin;
use obs::config::SamplerChoice;

use super::{Evidence, Stack, Surroundings};

/// How a request shows in what obs gives out.
pub(crate) const EVIDENCE: Evidence = Evidence {
    is_access_line: |line| {
        line.contains("\"target\":\"obs::access\"") && line.contains("\"route\":\"/users/{id}\"")
    },
    says_sampled: None,
    counter: "http_requests_total",
};

/// Installs obs and puts its layer around the routes.
pub(crate) fn build(service: Router, surroundings: &Surroundings) -> Result<Stack, String> {
    let obs = obs::builder("bench")
        .log_file(&surroundings.log_file)
        .otlp_endpoint(format!("{}/v1/traces", surroundings.otlp))
        .sampler(SamplerChoice::ParentBased(surroundings.ratio))
        .admin(Admin::At(([127, 0, 0, 1], 0).into()))
        .install()
        .map_err(|error| format!("{error:?}"))?;
    let (app, metrics) = (service.layer(obs.layer()), obs.admin_addr());
    let running = Arc::new(Mutex::new(Some(obs)));
    let ending = Arc::clone(&running);
    Ok(Stack {
        app,
        metrics,
        flush: Box::new(move || {
            if let Some(obs) = &*running.lock().unwrap_or_else(PoisonError::into_inner) {
                obs.flush(Duration::from_secs(30));
            }
        }),
        shutdown: Box::new(move || drop(ending.lock().unwrap_or_else(PoisonError::into_inner).take())),
    })
}
