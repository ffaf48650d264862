//! That the sink has the spans of what was sent, in their places.

use std::collections::HashMap;

use super::super::eventually::eventually;
use super::super::lines::{access_lines, field};
use super::super::rotel::Printed;
use super::{Seen, lines};
use crate::Result;

const SERVER: &str = "SPAN_KIND_SERVER";

pub(super) fn servers(seen: &Seen<'_>) -> Result<String> {
    let servers = eventually(|| {
        let servers = by_trace(seen.rotel.spans())?;
        if servers.len() < seen.sent.len() {
            return Err(format!("{} server spans of {} requests", servers.len(), seen.sent.len()));
        }
        Ok(servers)
    })?;
    for sent in &seen.sent {
        let request = &sent.request;
        let span = servers
            .get(&request.trace_id)
            .ok_or_else(|| format!("no server span of {}", request.trace_id))?;
        if span.parent_id != request.parent_id {
            let (parent, sent) = (&span.parent_id, &request.parent_id);
            return Err(format!("{}: the parent is `{parent}`, sent was `{sent}`", request.trace_id));
        }
    }
    Ok(format!("{} spans", servers.len()))
}

pub(super) fn no_others(seen: &Seen<'_>) -> Result<String> {
    seen.rotel.spans_of(seen.sent.iter().map(|sent| sent.request.trace_id.as_str()))
}

pub(super) fn named_by_lines(seen: &Seen<'_>) -> Result<String> {
    let servers = by_trace(seen.rotel.spans())?;
    let lines = lines::all(seen)?;
    let access = access_lines(&lines)?;
    for (trace_id, span) in &servers {
        let named = access.get(trace_id.as_str()).map(|line| field(line, "span_id")).unwrap_or_default();
        if named != span.span_id {
            return Err(format!("{trace_id}: the line names `{named}`, the span is `{}`", span.span_id));
        }
    }
    Ok(format!("{} of them", servers.len()))
}

/// The server spans by their trace; two of one trace are an error.
fn by_trace(spans: Vec<Printed>) -> Result<HashMap<String, Printed>> {
    let mut servers = HashMap::new();
    for span in spans.into_iter().filter(|span| span.kind == SERVER) {
        if let Some(first) = servers.insert(span.trace_id.clone(), span) {
            return Err(format!("two server spans of {}", first.trace_id));
        }
    }
    Ok(servers)
}
