//! That telemetry counts itself: whatever was produced was delivered, is waiting, or is named as dropped.

use std::collections::BTreeSet;

use super::super::eventually::eventually;
use super::Seen;
use crate::Result;
use crate::exposition::{Scrape, label, total};
use crate::service::TEXT;

pub(super) fn balanced(seen: &Seen) -> Result<String> {
    eventually(|| {
        let scrape = seen.quickstart.scrape(TEXT)?;
        let produced = scrape.named("obs_pipeline_produced_total");
        let pipelines: BTreeSet<_> = produced.map(|sample| label(&sample.labels, "pipeline")).collect();
        let mut said = Vec::new();
        for pipeline in &pipelines {
            let delivered = balance(&scrape, pipeline)?;
            // A line and a span for each request is the least there can be.
            let least = if *pipeline == "logs_stdout" { 0.0 } else { seen.sent.len() as f64 };
            if delivered < least {
                return Err(format!("{pipeline} delivered {delivered} for {least} requests"));
            }
            said.push(format!("{pipeline} {delivered}"));
        }
        if said.len() < 2 { Err(format!("only these count: {pipelines:?}")) } else { Ok(said.join(", ")) }
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
