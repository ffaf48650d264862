//! From a bucket of each service in Prometheus to a trace that was sent, and to that service's line of it.

use super::super::eventually::eventually;
use super::super::lines::{access_lines, field};
use super::super::readers::{self, OpenMetrics};
use super::{Seen, lines};
use crate::Result;
use crate::exposition::label;
use crate::shop::Part;

/// The histograms each of the three has, by its part in a request.
const HISTOGRAMS: [(Part, &str); 5] = [
    (Part::Gateway, "http_request_duration_seconds_bucket"),
    (Part::Gateway, "http_client_request_duration_seconds_bucket"),
    (Part::Orders, "http_request_duration_seconds_bucket"),
    (Part::Orders, "rpc_client_request_duration_seconds_bucket"),
    (Part::Payments, "rpc_server_request_duration_seconds_bucket"),
];

pub(super) fn followed(seen: &Seen<'_>) -> Result<String> {
    let lines = lines::all(seen)?;
    let mut said = Vec::new();
    for (part, histogram) in HISTOGRAMS {
        let exemplars = eventually(|| {
            let found = seen.prometheus.exemplars(&format!("{histogram}{{job=\"{}\"}}", part.name()))?;
            if found.is_empty() {
                Err(format!("no exemplar of {}'s {histogram}", part.name()))
            } else {
                Ok(found)
            }
        })?;
        let access = access_lines(&lines[part as usize])?;
        for exemplar in &exemplars {
            let trace_id = label(exemplar, "trace_id");
            let sent = seen.sent.iter().find(|sent| sent.request.trace_id == trace_id);
            let sent = sent.ok_or_else(|| format!("an exemplar of {trace_id}, which nobody sent"))?;
            let line = access.get(trace_id);
            let line = line.ok_or_else(|| format!("{} has no line of {trace_id}", part.name()))?;
            if field(line, "request_id") != sent.request.request_id {
                return Err(format!("{}: another request's id on the line of {trace_id}", part.name()));
            }
        }
        said.push(format!("{} {}", part.name(), exemplars.len()));
    }
    Ok(said.join(", "))
}

pub(super) fn promtool(seen: &Seen<'_>) -> Result<String> {
    let said: Result<Vec<_>> =
        seen.shop.services().into_iter().map(|service| readers::promtool(seen.programs, service)).collect();
    said.map(|said| said.join(", "))
}

pub(super) fn openmetrics(seen: &Seen<'_>) -> Result<String> {
    let mut said = Vec::new();
    for service in seen.shop.services() {
        let OpenMetrics { families, exemplars } = OpenMetrics::read(seen.programs, service)?;
        let stranger =
            exemplars.iter().find(|(_, id)| !seen.sent.iter().any(|sent| sent.request.trace_id == *id));
        match (exemplars.len(), stranger) {
            (0, _) => return Err(format!("{} has no exemplar", service.name)),
            (_, Some((name, id))) => {
                return Err(format!("{name} has an exemplar of {id}, which nobody sent"));
            }
            (count, None) => said.push(format!("{} {families} families, {count} exemplars", service.name)),
        }
    }
    Ok(said.join("; "))
}
