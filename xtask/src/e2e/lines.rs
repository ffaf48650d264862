//! The lines a service has written, read.

use std::collections::{HashMap, HashSet};

use crate::Result;
use crate::json::Json;

/// The target of access lines.
pub(super) const ACCESS: &str = "obs::access";

/// Fields every line has, in this order.
const ALWAYS: [&str; 4] = ["timestamp", "level", "target", "message"];

/// A line as it was written, and its JSON.
pub(super) type Line = (String, Json);

/// Reads each; one that is no JSON is an error.
pub(super) fn parse(lines: Vec<String>) -> Result<Vec<Line>> {
    let parse = |text: String| match Json::parse(&text) {
        Ok(json) => Ok((text, json)),
        Err(error) => Err(format!("{error}: {text}")),
    };
    lines.into_iter().map(parse).collect()
}

/// That each begins with what every line has, and has no key twice.
pub(super) fn well_formed(lines: &[Line]) -> Result {
    for (text, line) in lines {
        let names: Vec<_> = line.members().iter().map(|(name, _)| name.as_str()).collect();
        if names.iter().collect::<HashSet<_>>().len() != names.len() {
            return Err(format!("a key twice in {text}"));
        }
        if names.get(..ALWAYS.len()) != Some(&ALWAYS[..]) {
            return Err(format!("it does not begin with {} in {text}", ALWAYS.join(", ")));
        }
    }
    Ok(())
}

/// The access lines by their trace; two of one trace are an error.
pub(super) fn access_lines(lines: &[Line]) -> Result<HashMap<&str, &Json>> {
    let mut by_trace = HashMap::new();
    for (text, line) in lines.iter().filter(|(_, line)| field(line, "target") == ACCESS) {
        if by_trace.insert(field(line, "trace_id"), line).is_some() {
            return Err(format!("a second access line: {text}"));
        }
    }
    Ok(by_trace)
}

/// That every other line of a trace has the request id that came with it; how many there are.
pub(super) fn request_ids_match(lines: &[Line], by_trace: &HashMap<&str, &str>) -> Result<usize> {
    let mut count = 0;
    for (text, line) in lines.iter().filter(|(_, line)| field(line, "target") != ACCESS) {
        let trace_id = field(line, "trace_id");
        if trace_id.is_empty() {
            continue;
        }
        let request_id = by_trace.get(trace_id).ok_or_else(|| format!("a trace nobody sent: {text}"))?;
        if field(line, "request_id") != *request_id {
            return Err(format!("another request's id: {text}"));
        }
        count += 1;
    }
    Ok(count)
}

/// The text of a field, empty where there is none.
pub(super) fn field<'a>(line: &'a Json, name: &str) -> &'a str {
    line.at(&[name]).and_then(Json::text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[&str]) -> Vec<Line> {
        parse(texts.iter().map(|text| (*text).to_owned()).collect()).unwrap()
    }

    #[test]
    fn a_second_access_line_and_another_requests_id_are_told() {
        let access = r#"{"target":"obs::access","trace_id":"a","request_id":"r"}"#;
        assert_eq!(access_lines(&lines(&[access])).unwrap().len(), 1);
        assert!(access_lines(&lines(&[access, access])).is_err());
        let ids = HashMap::from([("a", "r")]);
        let own = r#"{"target":"t","trace_id":"a","request_id":"r"}"#;
        assert_eq!(request_ids_match(&lines(&[access, own, r#"{"target":"t"}"#]), &ids), Ok(1));
        for other in [
            r#"{"target":"t","trace_id":"a","request_id":"s"}"#,
            r#"{"target":"t","trace_id":"b","request_id":"r"}"#,
        ] {
            assert!(request_ids_match(&lines(&[other]), &ids).is_err());
        }
    }

    #[test]
    fn a_line_begins_with_its_time_level_target_and_message() {
        let good = r#"{"timestamp":"t","level":"INFO","target":"a","message":"m","b":1}"#;
        assert_eq!(well_formed(&lines(&[good])), Ok(()));
        assert!(well_formed(&lines(&[&good.replace("\"b\"", "\"level\"")])).is_err());
        assert!(
            well_formed(&lines(&[r#"{"level":"INFO","timestamp":"t","target":"a","message":"m"}"#])).is_err()
        );
        assert!(parse(vec!["{".to_owned()]).is_err());
    }
}
