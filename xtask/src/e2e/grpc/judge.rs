//! What grpcio has counted, on the other side of the calls.

use std::path::Path;
use std::process::Command;

use super::super::counts::Counts;
use crate::Result;
use crate::json::Json;

const SCRIPT: &str = include_str!("judge.py");

/// A call as Python has seen it.
#[derive(Debug, PartialEq)]
pub(super) struct Call {
    pub(super) trace_id: String,
    pub(super) span_id: String,
    pub(super) method: String,
    pub(super) code: String,
}

/// All calls.
#[derive(Debug, PartialEq)]
pub(super) struct Seen {
    /// By method and code.
    pub(super) calls: Counts,
    pub(super) each: Vec<Call>,
    /// By method: messages of requests and of answers, of calls that went well.
    pub(super) messages: Vec<(String, f64, f64)>,
}

pub(super) fn command(python: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(python);
    command.args(["-c", SCRIPT]).args(arguments);
    command
}

/// What it says at its end.
pub(super) fn read(said: &str) -> Result<Seen> {
    let json = Json::parse(said)?;
    let faults = json.at(&["faults"]).ok_or_else(|| format!("no faults in {said}"))?.array();
    if let Some(fault) = faults.first() {
        return Err(format!("{} faults, such as {fault}", faults.len()));
    }
    let members = |name: &str| json.at(&[name]).map(Json::members).unwrap_or_default().to_vec();
    let calls = members("calls").into_iter().map(|(key, count)| {
        let key = key.split(' ').map(str::to_owned).collect();
        (key, count.number().unwrap_or_default())
    });
    let each = json.at(&["ids"]).map(Json::array).unwrap_or_default().iter().map(|call| {
        let text = |at: usize| call.array().get(at).and_then(Json::text).unwrap_or_default().to_owned();
        Call { trace_id: text(0), span_id: text(1), method: text(2), code: text(3) }
    });
    let messages = members("messages").into_iter().map(|(method, counts)| {
        let count = |at: usize| counts.array().get(at).and_then(Json::number).unwrap_or_default();
        (method, count(0), count(1))
    });
    let seen = Seen { calls: calls.collect(), each: each.collect(), messages: messages.collect() };
    if seen.each.is_empty() { Err("it has seen no call".to_owned()) } else { Ok(seen) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_says_is_read_and_a_fault_is_one() {
        let said = r#"{"calls":{"Unary OK":2},"ids":[["a","b","Unary","OK"]],"messages":{"Unary":[2,3]},"faults":[]}"#;
        let seen = read(said).unwrap();
        assert_eq!(seen.calls, Counts::from([(vec!["Unary".to_owned(), "OK".to_owned()], 2.0)]));
        assert_eq!((seen.each[0].span_id.as_str(), seen.each[0].code.as_str()), ("b", "OK"));
        assert_eq!(seen.messages, [("Unary".to_owned(), 2.0, 3.0)]);
        assert!(read(&said.replace("\"faults\":[]", "\"faults\":[\"x\"]")).is_err());
        assert!(read(r#"{"faults":[]}"#).is_err(), "nothing seen is nothing checked");
    }
}
