//! That telemetry counts itself: whatever was produced was delivered, is waiting, or is named as dropped.

use std::collections::BTreeSet;

use super::eventually::eventually;
use crate::Result;
use crate::exposition::{Scrape, label, total};
use crate::service::{Service, TEXT};

/// That the books of each pipeline are right and nothing was dropped; the pipeline of lines and that of spans have had
/// as many as `requests`, which is the least there can be.
pub(super) fn balanced(service: &Service, requests: usize) -> Result<String> {
    eventually(|| {
        let scrape = service.scrape(TEXT)?;
        let produced = scrape.named("obs_pipeline_produced_total");
        let pipelines: BTreeSet<_> = produced.map(|sample| label(&sample.labels, "pipeline")).collect();
        let mut said = Vec::new();
        for pipeline in &pipelines {
            let delivered =
                balance(&scrape, pipeline).map_err(|error| format!("{}: {error}", service.name))?;
            // Where only what goes wrong is written there may be nothing.
            let some = ["logs_stdout", "logs_errors"].contains(pipeline);
            let least = if some { 0.0 } else { requests as f64 };
            if delivered < least {
                return Err(format!(
                    "{}: {pipeline} delivered {delivered} for {least} requests",
                    service.name
                ));
            }
            said.push(format!("{pipeline} {delivered}"));
        }
        if said.len() < 2 {
            Err(format!("{}: only these count: {pipelines:?}", service.name))
        } else {
            Ok(said.join(", "))
        }
    })
}

/// What was delivered, when the books are right.
fn balance(scrape: &Scrape, pipeline: &str) -> Result<f64> {
    let of = |name: &str| -> f64 {
        let own = scrape.named(name).filter(|sample| label(&sample.labels, "pipeline") == pipeline);
        total(own)
    };
    let [produced, delivered, dropped, pending] = [
        "obs_pipeline_produced_total",
        "obs_pipeline_delivered_total",
        "obs_pipeline_dropped_total",
        "obs_pipeline_pending",
    ]
    .map(of);
    if dropped == 0.0 && produced == delivered + pending {
        return Ok(delivered);
    }
    Err(format!(
        "{pipeline}: {produced} produced, {delivered} delivered, {dropped} dropped, {pending} pending"
    ))
}
