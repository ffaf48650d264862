//! From the bucket of the acquires that timed out to their spans.

use super::super::eventually::eventually;
use super::seen::{POOLS, Seen};
use crate::Result;
use crate::exposition::label;
use crate::service::OPENMETRICS;

/// The bucket of waits above 2.5 and up to 5 seconds; the pools wait for three.
const BUCKET: &str = "5";

pub(super) fn followed(seen: &Seen<'_>) -> Result<String> {
    let scrape = seen.pools.scrape(OPENMETRICS)?;
    let mut said = Vec::new();
    for pool in POOLS {
        let failed = |error: String| format!("{}: {error}", pool.name);
        let bucket = scrape.named("db_pool_wait_duration_seconds_bucket").find(|sample| {
            let of = |name| label(&sample.labels, name);
            // OpenMetrics writes bounds as floats.
            of("pool") == pool.name && of("le").trim_end_matches(".0") == BUCKET
        });
        let exemplar = bucket.and_then(|bucket| bucket.exemplar.as_ref());
        let exemplar = exemplar.ok_or_else(|| failed(format!("no exemplar in {bucket:?}")))?;
        if exemplar.value < 2.9 {
            return Err(failed(format!("the exemplar waited {} s", exemplar.value)));
        }
        let [trace_id, span_id] = ["trace_id", "span_id"].map(|name| label(&exemplar.labels, name));
        let name = format!("acquire {}", pool.name);
        let (waits, parent) = eventually(|| {
            let spans = seen.rotel.spans();
            let own = spans
                .iter()
                .find(|span| (span.trace_id.as_str(), span.span_id.as_str()) == (trace_id, span_id));
            let own = own.ok_or_else(|| failed(format!("the sink has no span {span_id} of {trace_id}")))?;
            if own.name != name || own.kind != "SPAN_KIND_INTERNAL" {
                return Err(failed(format!("the exemplar leads to {own:?}")));
            }
            let parent = spans.iter().find(|span| span.span_id == own.parent_id);
            let parent = parent.map(|span| span.name.clone());
            Ok((spans.iter().filter(|span| span.name == name).count(), parent))
        })?;
        if parent.as_deref() != Some("POST /{pool}/want/{n}") {
            return Err(failed(format!("it hangs on {parent:?}")));
        }
        // Three timed out and two gave up.
        if waits < 5 {
            return Err(failed(format!("{waits} spans of waits")));
        }
        said.push(format!("{} {waits}", pool.name));
    }
    Ok(format!("spans of waits: {}", said.join(", ")))
}
