//! The way a person goes: from a bucket in Prometheus to the trace, and from the trace to its line.

use super::super::eventually::eventually;
use super::super::lines::{access_lines, field};
use super::{Seen, lines};
use crate::Result;
use crate::exposition::label;

pub(super) fn followed(seen: &Seen<'_>) -> Result<String> {
    let exemplars = eventually(|| {
        let exemplars = seen.prometheus.exemplars("http_request_duration_seconds_bucket")?;
        if exemplars.is_empty() { Err("Prometheus has no exemplar".to_owned()) } else { Ok(exemplars) }
    })?;
    let spans = seen.rotel.spans();
    let lines = lines::all(seen)?;
    let access = access_lines(&lines)?;
    for exemplar in &exemplars {
        let trace_id = label(exemplar, "trace_id");
        let sent = seen.sent.iter().find(|sent| sent.request.trace_id == trace_id);
        let sent = sent.ok_or_else(|| format!("an exemplar of {trace_id}, which nobody sent"))?;
        let span = spans.iter().find(|span| span.trace_id == trace_id);
        span.ok_or_else(|| format!("{trace_id} is not in the sink"))?;
        let line = access.get(trace_id).ok_or_else(|| format!("{trace_id} has no line"))?;
        if field(line, "request_id") != sent.request.request_id {
            return Err(format!(
                "the line of {trace_id} has another request id than {}",
                sent.request.request_id
            ));
        }
    }
    Ok(format!("{} exemplars, such as {}", exemplars.len(), label(&exemplars[0], "trace_id")))
}
