//! That others can read `/metrics`: Prometheus' own linter, and the strictest OpenMetrics parser there is.

use super::super::readers::{self, OpenMetrics};
use super::Seen;
use crate::Result;
use crate::service::TEXT;

/// Families of a service that has answered requests, with their types.
const FAMILIES: [(&str, &str); 9] = [
    ("http_requests_total", "counter"),
    ("http_request_duration_seconds", "histogram"),
    ("http_requests_in_flight", "gauge"),
    ("http_request_errors_total", "counter"),
    ("obs_pipeline_produced_total", "counter"),
    ("obs_pipeline_delivered_total", "counter"),
    ("obs_pipeline_pending", "gauge"),
    ("obs_pipeline_pending_bytes", "gauge"),
    ("obs_metric_series", "gauge"),
];

pub(super) fn promtool(seen: &Seen<'_>) -> Result<String> {
    readers::promtool(seen.programs, &seen.quickstart)
}

pub(super) fn families(seen: &Seen<'_>) -> Result<String> {
    let response = seen.quickstart.metrics(TEXT)?;
    let kind = response.header("content-type");
    if !kind.starts_with("text/plain; version=0.0.4") {
        return Err(format!("the content type is `{kind}`"));
    }
    let scrape = seen.quickstart.scrape(TEXT)?;
    for (name, kind) in FAMILIES {
        let declared: Vec<_> = scrape.types.iter().filter(|(family, _)| family == name).collect();
        if declared.len() != 1 || declared[0].1 != kind {
            return Err(format!("{name} should be declared once, a {kind}: {declared:?}"));
        }
        let sampled = scrape.samples.iter().any(|sample| sample.name.starts_with(name));
        if !sampled {
            return Err(format!("{name} has no sample"));
        }
    }
    Ok(format!("{} of {}", FAMILIES.len(), scrape.types.len()))
}

pub(super) fn openmetrics(seen: &Seen<'_>) -> Result<String> {
    let OpenMetrics { families, exemplars } = OpenMetrics::read(seen.programs, &seen.quickstart)?;
    let of_requests = |(name, _): &&(String, String)| name == "http_request_duration_seconds_bucket";
    let exemplars: Vec<_> = exemplars.iter().filter(of_requests).map(|(_, trace_id)| trace_id).collect();
    let stranger = exemplars.iter().find(|id| !seen.sent.iter().any(|sent| sent.request.trace_id == ***id));
    match (exemplars.len(), stranger) {
        (0, _) => Err("no exemplar".to_owned()),
        (_, Some(stranger)) => Err(format!("an exemplar of {stranger}, which nobody sent")),
        (count, None) => Ok(format!("{families} families, {count} exemplars")),
    }
}
