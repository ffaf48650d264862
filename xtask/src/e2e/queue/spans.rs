//! Spans of messages as rotel prints them, to the last attribute.

/// A span; what was not printed is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Printed {
    /// Out of the resource it came with.
    pub(super) service: String,
    pub(super) trace_id: String,
    pub(super) span_id: String,
    pub(super) parent_id: String,
    pub(super) name: String,
    /// Without `SPAN_KIND_`.
    pub(super) kind: String,
    /// Whether its status is an error, and what that says.
    pub(super) error: Option<String>,
    /// Names, and values with their types, such as `Int(7)`.
    pub(super) attributes: Vec<(String, String)>,
    /// The trace and the span of each.
    pub(super) links: Vec<(String, String)>,
}

impl Printed {
    /// The value of an attribute, with its type.
    pub(super) fn attribute(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

/// Which part of a span is being printed.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Resource,
    Fields,
    Attributes,
    Link,
    Other,
}

/// Reads the detailed form. Of the last one not all may be there yet.
pub(super) fn parse(output: &str) -> Vec<Printed> {
    let (mut spans, mut service, mut part) = (Vec::<Printed>::new(), String::new(), Part::Other);
    for line in output.lines() {
        part = match line.trim() {
            text if text.starts_with("ResourceSpans #") => Part::Resource,
            text if text.starts_with("Span #") => {
                spans.push(Printed { service: service.clone(), ..Printed::default() });
                Part::Fields
            }
            "Attributes:" if part == Part::Fields => Part::Attributes,
            text if text.starts_with("SpanLink #") => {
                spans.iter_mut().next_back().into_iter().for_each(|span| span.links.push(Default::default()));
                Part::Link
            }
            "Events:" | "Links:" => Part::Other,
            text if text.starts_with("ScopeSpans #") || text.starts_with("SpanEvent #") => Part::Other,
            _ => part,
        };
        let pair = line.trim().strip_prefix("-> ").and_then(|rest| rest.split_once(": "));
        match (part, pair, spans.last_mut()) {
            (Part::Resource, Some(("service.name", value)), _) => text(value).clone_into(&mut service),
            (Part::Attributes, Some((name, value)), Some(span)) => {
                span.attributes.push((name.to_owned(), value.to_owned()));
            }
            (Part::Link, Some((name, value)), Some(span)) => {
                if let Some(link) = span.links.last_mut() {
                    match name {
                        "Trace ID" => value.clone_into(&mut link.0),
                        "ID" => value.clone_into(&mut link.1),
                        _ => {}
                    }
                }
            }
            (Part::Fields, _, Some(span)) => field(span, line),
            _ => {}
        }
    }
    spans
}

fn field(span: &mut Printed, line: &str) {
    let Some((name, value)) = line.split_once(':') else { return };
    let value = value.trim();
    match name.trim() {
        "Trace ID" => value.clone_into(&mut span.trace_id),
        "Parent ID" => value.clone_into(&mut span.parent_id),
        "ID" => value.clone_into(&mut span.span_id),
        "Name" => value.clone_into(&mut span.name),
        "Kind" => value.trim_start_matches("SPAN_KIND_").clone_into(&mut span.kind),
        "Status code" if value == "STATUS_CODE_ERROR" => span.error = Some(String::new()),
        "Status message" if span.error.is_some() => span.error = Some(value.to_owned()),
        _ => {}
    }
}

fn text(value: &str) -> &str {
    value.strip_prefix("Str(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_with_attributes_status_and_links() {
        let output = "INFO Starting: x\nResourceSpans #0\nResource attributes:\n     -> service.name: Str(taker)\nScopeSpans #0\n\
            InstrumentationScope obs 0.1.0\nSpan #0\n    Trace ID       : 0a\n    Parent ID      : 0b\n    ID             : 0c\n    \
            Name           : process orders\n    Kind           : SPAN_KIND_CONSUMER\nStart time: 1\n    Status code    : \
            STATUS_CODE_ERROR\n    Status message : bad: very\nAttributes:\n     -> messaging.message.body.size: Int(5)\nEvents:\n\
            SpanEvent #0\n     -> Name: an event\n     -> Attributes::\n          -> level: Str(WARN)\nLinks:\nSpanLink #0\n     \
            -> Trace ID: 0d\n     -> ID: 0e\n     -> TraceState: \n";
        let expected = Printed {
            service: "taker".into(),
            trace_id: "0a".into(),
            span_id: "0c".into(),
            parent_id: "0b".into(),
            name: "process orders".into(),
            kind: "CONSUMER".into(),
            error: Some("bad: very".into()),
            attributes: vec![("messaging.message.body.size".into(), "Int(5)".into())],
            links: vec![("0d".into(), "0e".into())],
        };
        assert_eq!(parse(output), [expected]);
    }
}
