//! That the log file has what was sent, once, and with the right ids.

use std::collections::HashMap;

use super::super::eventually::eventually;
use super::super::lines::{self, Line, access_lines, field};
use super::Seen;
use super::traffic::Sent;
use crate::Result;
use crate::json::Json;

pub(super) fn well_formed(seen: &Seen<'_>) -> Result<String> {
    let lines = all(seen)?;
    lines::well_formed(&lines)?;
    Ok(format!("{} lines", lines.len()))
}

pub(super) fn access(seen: &Seen<'_>) -> Result<String> {
    eventually(|| {
        let lines = all(seen)?;
        let by_trace = access_lines(&lines)?;
        for sent in &seen.sent {
            let trace_id = sent.request.trace_id.as_str();
            let line = by_trace.get(trace_id).ok_or_else(|| format!("no access line of {trace_id}"))?;
            describes(line, sent).map_err(|error| format!("the access line of {trace_id}: {error}"))?;
        }
        match by_trace.len() {
            count if count == seen.sent.len() => Ok(format!("{count} lines")),
            count => Err(format!("{count} access lines for {} requests", seen.sent.len())),
        }
    })
}

pub(super) fn handlers(seen: &Seen<'_>) -> Result<String> {
    let ids = seen.sent.iter().map(|sent| (sent.request.trace_id.as_str(), sent.request.request_id.as_str()));
    match lines::request_ids_match(&all(seen)?, &HashMap::from_iter(ids))? {
        0 => Err("no handler has written a line".to_owned()),
        count => Ok(format!("{count} lines")),
    }
}

/// Every line with its JSON.
pub(super) fn all(seen: &Seen<'_>) -> Result<Vec<Line>> {
    lines::parse(seen.quickstart.lines())
}

fn describes(line: &Json, sent: &Sent) -> Result {
    let Sent { series, request, .. } = sent;
    let texts = [
        ("request_id", request.request_id.as_str()),
        ("route", series.route),
        ("method", series.method),
        ("path", request.path()),
    ];
    for (name, expected) in texts {
        let value = field(line, name);
        if value != expected {
            return Err(format!("{name} is `{value}`, not `{expected}`"));
        }
    }
    let status = line.at(&["status_code"]).and_then(Json::number);
    if status != Some(f64::from(series.status)) {
        return Err(format!("status_code is {status:?}, not {}", series.status));
    }
    let slow = series.route == "/api/slow";
    let milliseconds = line.at(&["duration_ms"]).and_then(Json::number);
    match milliseconds {
        Some(milliseconds) if milliseconds > if slow { 49.0 } else { 0.0 } => Ok(()),
        other => Err(format!("duration_ms is {other:?}")),
    }
}
