//! That the log file has what was sent, once, and with the right ids.

use std::collections::{HashMap, HashSet};

use super::super::eventually::eventually;
use super::super::traffic::Sent;
use super::Seen;
use crate::Result;
use crate::json::Json;

const ACCESS: &str = "obs::access";

/// Fields every line has, in this order.
const ALWAYS: [&str; 4] = ["timestamp", "level", "target", "message"];

pub(super) fn well_formed(seen: &Seen) -> Result<String> {
    let lines = all(seen)?;
    for (text, line) in &lines {
        let names: Vec<_> = line.members().iter().map(|(name, _)| name.as_str()).collect();
        if names.iter().collect::<HashSet<_>>().len() != names.len() {
            return Err(format!("a key twice in {text}"));
        }
        if names.get(..ALWAYS.len()) != Some(&ALWAYS[..]) {
            return Err(format!("it does not begin with {} in {text}", ALWAYS.join(", ")));
        }
    }
    Ok(format!("{} lines", lines.len()))
}

pub(super) fn access(seen: &Seen) -> Result<String> {
    eventually(|| {
        let lines = all(seen)?;
        let by_trace = access_lines(&lines)?;
        for sent in &seen.sent {
            let planned = &sent.planned;
            let line = by_trace.get(planned.trace_id.as_str());
            let line = line.ok_or_else(|| format!("no access line of {}", planned.trace_id))?;
            describes(line, sent)
                .map_err(|error| format!("the access line of {}: {error}", planned.trace_id))?;
        }
        match by_trace.len() {
            count if count == seen.sent.len() => Ok(format!("{count} lines")),
            count => Err(format!("{count} access lines for {} requests", seen.sent.len())),
        }
    })
}

pub(super) fn handlers(seen: &Seen) -> Result<String> {
    let lines = all(seen)?;
    let sent: HashMap<_, _> =
        seen.sent.iter().map(|sent| (sent.planned.trace_id.as_str(), &sent.planned.request_id)).collect();
    let mut count = 0;
    for (text, line) in lines.iter().filter(|(_, line)| field(line, "target") != ACCESS) {
        let trace_id = field(line, "trace_id");
        if trace_id.is_empty() {
            continue;
        }
        let request_id = sent.get(trace_id).ok_or_else(|| format!("a trace nobody sent: {text}"))?;
        if field(line, "request_id") != **request_id {
            return Err(format!("another request's id: {text}"));
        }
        count += 1;
    }
    if count == 0 { Err("no handler has written a line".to_owned()) } else { Ok(format!("{count} lines")) }
}

/// Every line with its JSON.
pub(super) fn all(seen: &Seen) -> Result<Vec<(String, Json)>> {
    let lines = seen.quickstart.lines().into_iter();
    lines
        .map(|text| {
            Json::parse(&text).map(|json| (text.clone(), json)).map_err(|error| format!("{error}: {text}"))
        })
        .collect()
}

/// The access lines by their trace; two of one trace are an error.
pub(super) fn access_lines(lines: &[(String, Json)]) -> Result<HashMap<&str, &Json>> {
    let mut by_trace = HashMap::new();
    for (text, line) in lines.iter().filter(|(_, line)| field(line, "target") == ACCESS) {
        if by_trace.insert(field(line, "trace_id"), line).is_some() {
            return Err(format!("a second access line: {text}"));
        }
    }
    Ok(by_trace)
}

/// The text of a field, empty where there is none.
pub(super) fn field<'a>(line: &'a Json, name: &str) -> &'a str {
    line.at(&[name]).and_then(Json::text).unwrap_or_default()
}

fn describes(line: &Json, sent: &Sent) -> Result {
    let planned = &sent.planned;
    let path = planned.target.split('?').next().unwrap_or_default();
    let texts = [
        ("request_id", planned.request_id.as_str()),
        ("route", planned.series.route),
        ("method", planned.series.method),
        ("path", path),
    ];
    for (name, expected) in texts {
        let value = field(line, name);
        if value != expected {
            return Err(format!("{name} is `{value}`, not `{expected}`"));
        }
    }
    let status = line.at(&["status_code"]).and_then(Json::number);
    if status != Some(f64::from(planned.series.status)) {
        return Err(format!("status_code is {status:?}, not {}", planned.series.status));
    }
    let slow = planned.series.route == "/api/slow";
    let milliseconds = line.at(&["duration_ms"]).and_then(Json::number);
    match milliseconds {
        Some(milliseconds) if milliseconds > if slow { 49.0 } else { 0.0 } => Ok(()),
        other => Err(format!("duration_ms is {other:?}")),
    }
}
