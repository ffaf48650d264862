//! What VictoriaLogs has, held against what was said.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use super::sender::Told;
use super::server::Victoria;
use super::ways::Way;
use crate::Result;
use crate::e2e::eventually::eventually;
use crate::e2e::lines::field;
use crate::e2e::pipe::{pipe, said};
use crate::json::Json;

/// Times in nanoseconds by their traces, of the file beside.
pub(super) struct Times(HashMap<String, u64>);

impl Times {
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("lines.otlp");
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut times = HashMap::new();
        for line in text.lines() {
            let line = Json::parse(line)?;
            let first = |json: Option<&Json>| json.and_then(|json| json.array().first()).cloned();
            let resource = first(line.at(&["resourceLogs"])).ok_or("no resource")?;
            let scope = first(resource.at(&["scopeLogs"])).ok_or("no scope")?;
            let record = first(scope.at(&["logRecords"])).ok_or("no record")?;
            let nanos = field(&record, "timeUnixNano").parse().map_err(|_| format!("no time in {record}"))?;
            times.insert(field(&record, "traceId").to_owned(), nanos);
        }
        Ok(Self(times))
    }
}

/// Times as VictoriaLogs tells them, in nanoseconds, by `date`.
fn nanos(times: &[&str]) -> Result<Vec<u64>> {
    let mut input = String::new();
    for time in times {
        // Into memory: that does not fail.
        let _ = writeln!(input, "{time}");
    }
    let output = pipe(Command::new("date").args(["-u", "-f", "-", "+%s%N"]), input.as_bytes())?;
    let said = said(&output);
    let parse = |line: &str| line.parse().map_err(|_| format!("date said `{line}`"));
    said.lines().map(parse).collect()
}

/// All lines of a way, once there are at least so many.
pub(super) fn lines(victoria: &Victoria, way: &Way, count: usize) -> Result<Vec<Json>> {
    eventually(|| {
        let found = victoria.query(way.tenant, "*")?;
        if found.len() < count {
            return Err(format!("{}: {} lines of {count}", way.name, found.len()));
        }
        Ok(found)
    })
}

/// That each line came as it was said, at its time, and once, but for so many that may have come again. How many did.
pub(super) fn all(found: &[Json], way: &Way, told: &[Told], times: &Times, twice: usize) -> Result<usize> {
    let by_trace: HashMap<&str, &Told> = told.iter().map(|told| (told.trace_id.as_str(), told)).collect();
    let mut missing = by_trace.clone();
    let at: Vec<&str> = found.iter().map(|line| field(line, "_time")).collect();
    let mut again = 0;
    for (line, nanos) in found.iter().zip(nanos(&at)?) {
        let trace_id = field(line, way.trace_id);
        let told = *by_trace.get(trace_id).ok_or_else(|| format!("a line nobody said: {line}"))?;
        again += usize::from(missing.remove(trace_id).is_none());
        let seen = [
            field(line, "_msg"),
            field(line, way.span_id),
            field(line, way.request_id),
            field(line, "_stream"),
        ];
        if seen != [told.message.as_str(), &told.span_id, &told.request_id, way.stream] {
            return Err(format!("{seen:?} in {line}, of {told:?} in the stream {}", way.stream));
        }
        let said = times.0.get(trace_id).ok_or_else(|| format!("no time of {trace_id}"))?;
        if nanos != said - said % way.exact {
            return Err(format!("at {nanos}, not at {said}: {line}"));
        }
    }
    if !missing.is_empty() || again > twice {
        return Err(format!("{}: {} missing and {again} twice, of {}", way.name, missing.len(), told.len()));
    }
    Ok(again)
}

/// That a line is found by its trace, and by its request.
pub(super) fn searched(victoria: &Victoria, way: &Way, told: &Told) -> Result {
    for (name, id) in [(way.trace_id, &told.trace_id), (way.request_id, &told.request_id)] {
        let query = format!("{name:?}:=\"{id}\"");
        let found = victoria.query(way.tenant, &query)?;
        match &found[..] {
            [line] if field(line, "_msg") == told.message => {}
            _ => return Err(format!("{}: {query} finds {} lines: {found:?}", way.name, found.len())),
        }
    }
    Ok(())
}
