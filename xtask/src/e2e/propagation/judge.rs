//! OpenTelemetry's own propagators for Python: what they write, and what they make of headers.

use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::e2e::lines::field;
use crate::e2e::pipe::{pipe, said};
use crate::json::{Json, quoted};

/// Names and values, as they go on the wire.
pub(super) type Headers = Vec<(String, String)>;

const SCRIPT: &str = include_str!("judge.py");

/// What was found in headers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Found {
    pub(super) valid: bool,
    pub(super) trace_id: String,
    pub(super) span_id: String,
    pub(super) sampled: bool,
    pub(super) state: String,
    pub(super) baggage: String,
}

/// A caller that is to be written as headers.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) trace_id: String,
    pub(super) span_id: String,
    pub(super) sampled: bool,
    pub(super) state: &'static [(&'static str, &'static str)],
    pub(super) baggage: &'static [(&'static str, &'static str)],
}

/// Has callers written in a format.
pub(super) fn write(python: &Path, format: &str, callers: &[Caller]) -> Result<Vec<Headers>> {
    let asked = callers.iter().map(|caller| {
        let list = |pairs: &[(&str, &str)]| pairs_of(pairs.iter().copied());
        format!(
            "{{\"format\":{},\"trace_id\":{},\"span_id\":{},\"sampled\":{},\"state\":{},\"baggage\":{}}}\n",
            quoted(format),
            quoted(&caller.trace_id),
            quoted(&caller.span_id),
            caller.sampled,
            list(caller.state),
            list(caller.baggage)
        )
    });
    let headers = |answer: &Json| {
        let pairs = answer.at(&["headers"]).map(Json::array).unwrap_or_default();
        let text =
            |pair: &Json, at: usize| pair.array().get(at).and_then(Json::text).unwrap_or_default().to_owned();
        pairs.iter().map(|pair| (text(pair, 0), text(pair, 1))).collect()
    };
    Ok(ask(python, asked.collect(), callers.len())?.iter().map(headers).collect())
}

/// Has headers read in a format.
pub(super) fn read(python: &Path, format: &str, all: &[Headers]) -> Result<Vec<Found>> {
    let asked = all.iter().map(|headers| {
        let headers = pairs_of(headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        format!("{{\"format\":{},\"headers\":{headers}}}\n", quoted(format))
    });
    let found = |answer: &Json| Found {
        valid: answer.at(&["valid"]) == Some(&Json::Bool(true)),
        trace_id: field(answer, "trace_id").to_owned(),
        span_id: field(answer, "span_id").to_owned(),
        sampled: answer.at(&["sampled"]) == Some(&Json::Bool(true)),
        state: field(answer, "state").to_owned(),
        baggage: field(answer, "baggage").to_owned(),
    };
    Ok(ask(python, asked.collect(), all.len())?.iter().map(found).collect())
}

fn pairs_of<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let pairs: Vec<_> = pairs.map(|(name, value)| format!("[{},{}]", quoted(name), quoted(value))).collect();
    format!("[{}]", pairs.join(","))
}

fn ask(python: &Path, input: String, answers: usize) -> Result<Vec<Json>> {
    let output = pipe(Command::new(python).args(["-c", SCRIPT]), input.as_bytes())?;
    if !output.status.success() {
        return Err(format!("the propagators of Python: {}", said(&output)));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let answered = text.lines().map(Json::parse).collect::<Result<Vec<_>>>()?;
    match answered.len() {
        count if count == answers => Ok(answered),
        count => Err(format!("{count} answers of {answers}")),
    }
}
