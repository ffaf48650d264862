//! A trace as Jaeger gives it, and as it is compared: one line for each span, indented under the one it is a part of.

use std::fmt::Write;

use crate::Result;
use crate::e2e::lines::field;
use crate::json::Json;

/// A span out of OTLP's JSON.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Span {
    pub(super) service: String,
    pub(super) trace_id: String,
    pub(super) span_id: String,
    /// Empty for one that is part of nothing.
    pub(super) parent_id: String,
    pub(super) name: String,
    kind: i64,
    start: u64,
    end: u64,
    status: i64,
    message: String,
    attributes: Vec<(String, String)>,
    events: Vec<(String, Vec<(String, String)>)>,
}

/// The spans of an answer, by their start.
pub(super) fn read(answer: &Json) -> Result<Vec<Span>> {
    let list = |json: &Json, name: &str| json.at(&[name]).map(Json::array).unwrap_or_default().to_vec();
    let result = answer.at(&["result"]).ok_or_else(|| format!("no result in {answer}"))?;
    let mut spans = Vec::new();
    for resource in list(result, "resourceSpans") {
        let attributes = attributes(resource.at(&["resource"]));
        let service = attributes.iter().find(|(name, _)| name == "service.name");
        let service = service.map(|(_, value)| value.trim_matches('"').to_owned()).unwrap_or_default();
        for scope in list(&resource, "scopeSpans") {
            for span in list(&scope, "spans") {
                spans.push(one(&span, &service)?);
            }
        }
    }
    spans.sort_by_key(|span| span.start);
    Ok(spans)
}

fn one(json: &Json, service: &str) -> Result<Span> {
    let text = |name: &str| field(json, name).to_owned();
    let nanos = |name: &str| field(json, name).parse().map_err(|_| format!("no {name} in {json}"));
    let number = |json: Option<&Json>| json.and_then(Json::number).unwrap_or_default() as i64;
    let events = json.at(&["events"]).map(Json::array).unwrap_or_default();
    let mut events: Vec<_> =
        events.iter().map(|it| (field(it, "name").to_owned(), attributes(Some(it)))).collect();
    events.sort();
    Ok(Span {
        service: service.to_owned(),
        trace_id: text("traceId"),
        span_id: text("spanId"),
        parent_id: text("parentSpanId"),
        name: text("name"),
        kind: number(json.at(&["kind"])),
        start: nanos("startTimeUnixNano")?,
        end: nanos("endTimeUnixNano")?,
        status: number(json.at(&["status", "code"])),
        message: json.at(&["status", "message"]).and_then(Json::text).unwrap_or_default().to_owned(),
        attributes: attributes(Some(json)),
        events,
    })
}

/// Names and values, by name; a number is told from a text that looks like one.
fn attributes(of: Option<&Json>) -> Vec<(String, String)> {
    let list = of.and_then(|of| of.at(&["attributes"])).map(Json::array).unwrap_or_default();
    let mut attributes: Vec<_> = list
        .iter()
        .map(|attribute| {
            let value = match attribute.at(&["value"]).map(Json::members) {
                Some([(kind, value)]) if kind == "stringValue" => crate::json::quoted(&value.to_string()),
                Some([(_, value)]) => value.to_string(),
                other => format!("{other:?}"),
            };
            (field(attribute, "key").to_owned(), value)
        })
        .collect();
    attributes.sort();
    attributes
}

const KINDS: [&str; 6] = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
const STATUSES: [&str; 3] = ["unset", "OK", "ERROR"];

/// All spans of the trace that begins under `root`, a line each with its attributes below it, in which a span's own id is
/// `{span_id}`. Spans of one parent stand in the order of their start. One that hangs on nothing, or begins before what it is a part of, is an error.
pub(super) fn tree(spans: &[Span], root: &str) -> Result<String> {
    let mut text = String::new();
    let told = below(spans, root, None, 0, &mut text)?;
    if told == spans.len() {
        return Ok(text);
    }
    Err(format!("{told} of {} spans hang under {root}:\n{text}\nof {spans:#?}", spans.len()))
}

fn below(
    spans: &[Span],
    parent: &str,
    around: Option<&Span>,
    depth: usize,
    text: &mut String,
) -> Result<usize> {
    let mut told = 0;
    for span in spans.iter().filter(|span| span.parent_id == parent) {
        if span.start > span.end || around.is_some_and(|around| span.start < around.start) {
            return Err(format!("{span:?} does not begin within {around:?}"));
        }
        let indent = "  ".repeat(depth);
        let known = |names: &[&'static str], number: i64| {
            usize::try_from(number).ok().and_then(|number| names.get(number)).copied().unwrap_or("unknown")
        };
        let (kind, status) = (known(&KINDS, span.kind), known(&STATUSES, span.status));
        let message = if span.message.is_empty() { String::new() } else { format!(" `{}`", span.message) };
        // Into memory: that does not fail.
        let _ = writeln!(text, "{indent}{} {kind} {} {status}{message}", span.service, span.name);
        for (name, value) in &span.attributes {
            let value = value.replace(&format!("={}\"", span.span_id), "={span_id}\"");
            let _ = writeln!(text, "{indent}    {name} = {value}");
        }
        for (name, attributes) in &span.events {
            let _ = writeln!(text, "{indent}    event {name}");
            for (name, value) in attributes {
                let _ = writeln!(text, "{indent}        {name} = {value}");
            }
        }
        told += 1 + below(spans, &span.span_id, Some(span), depth + 1, text)?;
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(span_id: &str, parent_id: &str, start: u64) -> Span {
        let of = |text: &str| text.to_owned();
        let (span_id, parent_id) = (of(span_id), of(parent_id));
        let name = format!("n{span_id}");
        Span { service: of("s"), span_id, parent_id, name, kind: 3, start, end: start + 1, ..Span::default() }
    }

    #[test]
    fn spans_are_read_and_stand_under_what_they_are_a_part_of() {
        let answer = r#"{"result":{"resourceSpans":[{"resource":{"attributes":[
            {"key":"service.name","value":{"stringValue":"shop"}}]},"scopeSpans":[{"spans":[
            {"traceId":"0a","spanId":"02","parentSpanId":"01","name":"b","kind":3,
             "startTimeUnixNano":"5","endTimeUnixNano":"6","status":{"code":2,"message":"no"},
             "attributes":[{"key":"z","value":{"stringValue":"?on=02"}},{"key":"a","value":{"stringValue":"7"}},{"key":"b","value":{"intValue":"7"}}],
             "events":[{"name":"e","attributes":[{"key":"k","value":{"boolValue":true}}]}]},
            {"traceId":"0a","spanId":"01","parentSpanId":"ff","name":"a","kind":2,
             "startTimeUnixNano":"4","endTimeUnixNano":"9","status":{}}]}]}]}}"#;
        let spans = read(&Json::parse(answer).unwrap()).unwrap();
        let expected = "shop SERVER a unset\n  shop CLIENT b ERROR `no`\n      a = \"7\"\n      b = 7\n      z = \"?on={span_id}\"\n      \
                        event e\n          k = true\n";
        assert_eq!(tree(&spans, "ff").as_deref(), Ok(expected));
    }

    #[test]
    fn what_hangs_on_nothing_or_begins_too_early_is_told() {
        let whole = [span("1", "0", 1), span("2", "1", 2), span("3", "1", 3)];
        assert_eq!(
            tree(&whole, "0").unwrap(),
            "s CLIENT n1 unset\n  s CLIENT n2 unset\n  s CLIENT n3 unset\n"
        );
        assert!(tree(&[span("1", "0", 1), span("2", "9", 2)], "0").is_err(), "it hangs on nothing");
        assert!(tree(&[span("1", "0", 2), span("2", "1", 1)], "0").is_err(), "it begins before its parent");
        assert!(
            tree(&[span("1", "0", 1), span("1", "0", 1), span("2", "1", 2)], "0").is_err(),
            "one came twice"
        );
    }
}
