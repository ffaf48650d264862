//! obs with every signal, as its README says: one call, one layer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use obs::Admin;
use obs::config::SamplerChoice;
use obs::reqwest::SendThrough;

use super::{Evidence, Service, Stack, Surroundings};

/// How a request shows in what obs gives out.
pub(crate) const EVIDENCE: Evidence = Evidence {
    is_access_line: |line, route| {
        line.contains("\"target\":\"obs::access\"") && line.contains(&format!("\"route\":\"{route}\""))
    },
    says_sampled: None,
    counter: "http_requests_total",
};

/// Installs obs and puts its layer around the routes.
pub(crate) fn build(service: Service, surroundings: &Surroundings) -> Result<Stack, String> {
    let obs = obs::builder(service.role.name)
        .log_file(&surroundings.log_file)
        .otlp_endpoint(format!("{}/v1/traces", surroundings.otlp))
        .sampler(SamplerChoice::ParentBased(surroundings.ratio))
        .admin(Admin::At(([127, 0, 0, 1], 0).into()))
        .install()
        .map_err(|error| format!("{error:?}"))?;
    let role = service.role;
    let target = obs.client(role.calls.map_or("none", |called| called.target));
    let service = service.router(Arc::new(move |request, called| {
        let target = target.clone();
        Box::pin(async move { request.send_through(&target, called.route).await })
    }));
    // A method of gRPC is named, so that its first call is told of as the others are.
    let methods = role.counted.map(|_| role.route.trim_start_matches('/'));
    let (app, metrics) = (service.layer(obs.layer().grpc_services(methods)), obs.admin_addr());
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
