//! The reader of log records as rotel prints them.

/// A log record as rotel saw it; what it did not print is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Printed {
    /// Out of the resource the record came with.
    pub(super) service: String,
    pub(super) severity: String,
    pub(super) body: String,
    pub(super) trace_id: String,
    pub(super) span_id: String,
    /// Names, and values with their types, such as `Int(7)`.
    pub(super) attributes: Vec<(String, String)>,
}

/// Reads the detailed form: a resource with its attributes, then for each record a line `LogRecord #n`, one line for
/// each field and one for each attribute, and the flags at last.
pub(super) fn parse(output: &str) -> Vec<Printed> {
    let (mut records, mut open) = (Vec::new(), None::<Printed>);
    let (mut service, mut in_resource) = (String::new(), false);
    for line in output.lines() {
        if line.starts_with("ResourceLog #") {
            in_resource = true;
        }
        let attribute = line.trim().strip_prefix("-> ").and_then(|rest| rest.split_once(": "));
        if line.starts_with("LogRecord #") {
            in_resource = false;
            open = Some(Printed { service: service.clone(), ..Printed::default() });
        } else if let (true, Some(("service.name", value))) = (in_resource, attribute) {
            text(value).clone_into(&mut service);
        }
        let Some(record) = &mut open else { continue };
        if let Some((name, value)) = attribute {
            record.attributes.push((name.to_owned(), value.to_owned()));
            continue;
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match name.trim() {
            "SeverityNumber" => value.clone_into(&mut record.severity),
            "Body" => text(value).clone_into(&mut record.body),
            "Trace ID" => value.clone_into(&mut record.trace_id),
            "Span ID" => value.clone_into(&mut record.span_id),
            // What is not printed to its end is none yet.
            "Flags" => records.extend(open.take()),
            _ => {}
        }
    }
    records
}

fn text(value: &str) -> &str {
    value.strip_prefix("Str(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_from_between_other_lines() {
        let output = "INFO Starting: x\nResourceLog #0\nResource attributes:\n     -> service.name: Str(shop)\n\
                      ScopeLogs #0\nLogRecord #0\nSeverityText: INFO\nSeverityNumber: SEVERITY_NUMBER_INFO(9)\n\
                      Body: Str(line 0: a)\nAttributes:\n     -> number: Int(0)\n    Trace ID       : 0a\n    \
                      Span ID        : 0b\nFlags: 3\nSpan #0\n    Trace ID       : 0c\nLogRecord #1\nBody: Str(b)\n";
        let expected = Printed {
            service: "shop".into(),
            severity: "SEVERITY_NUMBER_INFO(9)".into(),
            body: "line 0: a".into(),
            trace_id: "0a".into(),
            span_id: "0b".into(),
            attributes: vec![("number".into(), "Int(0)".into())],
        };
        assert_eq!(parse(output), [expected]);
    }
}
