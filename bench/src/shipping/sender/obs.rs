//! obs's outputs to other machines, whose callers wait where a queue is full, so that nothing is lost.

use super::End;
use obs_core::{Base, Resource};
use obs_export::http::{Encoding, Endpoint};
use obs_logs::{Elastic, Logs, Loki, Otlp, Output, Policy, journal};
use std::time::Duration;
use tracing::{Dispatch, dispatcher};

const LONG: Duration = Duration::from_secs(600);

fn install(output: Output, durable: bool) -> Result<End, String> {
    let path = std::env::temp_dir().join(format!("bench-{}.journal", std::process::id()));
    // One that an earlier process of this number left.
    let _ = std::fs::remove_dir_all(&path);
    let output = output.policy(Policy::Block(LONG));
    let output = if durable { output.durable(journal::Settings::new(&path)) } else { output };
    let base = Base::new(Resource::new("shipping"));
    let (logs, mut guard) = Logs::builder(base).output(output).build().map_err(|error| error.to_string())?;
    dispatcher::set_global_default(Dispatch::new(obs::Fused::new().logs(&logs)))
        .map_err(|error| error.to_string())?;
    Ok(Box::new(move || {
        let queue = logs.queues().next().ok_or("no queue")?.clone();
        queue.flush(LONG).map_err(|late| format!("{} lines wait", late.pending))?;
        let counts = queue.counts();
        guard.shutdown(LONG);
        // What is left harms nobody.
        let _ = std::fs::remove_dir_all(&path);
        Ok(counts.dropped() + counts.pending)
    }))
}

fn endpoint(url: &str) -> Result<Endpoint, String> {
    url.parse().map_err(|error| format!("{url}: {error}"))
}

pub(super) fn loki(url: &str) -> Result<End, String> {
    install(Loki::new(endpoint(url)?).into(), false)
}

pub(super) fn loki_durable(url: &str) -> Result<End, String> {
    install(Loki::new(endpoint(url)?).into(), true)
}

pub(super) fn loki_json(url: &str) -> Result<End, String> {
    install(Loki::new(endpoint(url)?).json().into(), false)
}

pub(super) fn loki_json_durable(url: &str) -> Result<End, String> {
    install(Loki::new(endpoint(url)?).json().into(), true)
}

pub(super) fn elastic(url: &str) -> Result<End, String> {
    install(Elastic::new(endpoint(url)?, "logs-obs-shipping").into(), false)
}

pub(super) fn elastic_durable(url: &str) -> Result<End, String> {
    install(Elastic::new(endpoint(url)?, "logs-obs-shipping").into(), true)
}

pub(super) fn otlp(url: &str) -> Result<End, String> {
    install(Otlp::new(endpoint(url)?).into(), false)
}

pub(super) fn otlp_durable(url: &str) -> Result<End, String> {
    install(Otlp::new(endpoint(url)?).into(), true)
}

pub(super) fn otlp_plain(url: &str) -> Result<End, String> {
    install(Otlp::new(endpoint(url)?).encoding(Encoding::Plain).into(), false)
}
