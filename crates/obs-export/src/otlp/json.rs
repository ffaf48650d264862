//! Export requests as OTLP's JSON, written from their protobuf on the worker's thread.
//!
//! What waits, in memory or in a journal, is protobuf whatever is spoken; only what is sent is written anew. By "JSON
//! Protobuf Encoding" of the OTLP specification: names in lower camel case, ids in hexadecimal instead of base64,
//! integers of 64 bits as strings, enumerations as numbers. Floats that are no numbers are the strings that the JSON
//! mapping of protobuf has for them.

use std::io::Write;

use crate::http::base64;
use crate::proto::{Malformed, Reader, Wire};

/// The media type of OTLP over HTTP in its text form.
pub const CONTENT_TYPE_JSON: &str = "application/json";

/// Messages inside of one another, beyond which nothing is written: what we encode has far fewer.
const DEEPEST: usize = 32;

/// How the value of a field is written.
#[derive(Clone, Copy)]
enum As {
    Text,
    /// Bytes that are an id.
    Hex,
    Base64,
    /// Integers of 32 bits, and enumerations.
    Number,
    /// Integers of 64 bits without a sign.
    Long,
    /// The same with a sign.
    SignedLong,
    Float,
    Flag,
    One(&'static [Field]),
    /// Entries that follow one another.
    Many(&'static [Field]),
}

struct Field {
    number: u32,
    name: &'static str,
    shown: As,
}

const fn field(number: u32, name: &'static str, shown: As) -> Field {
    Field { number, name, shown }
}

/// All that is of one resource, in both requests.
const fn of_resource(name: &'static str, scopes: &'static [Field]) -> [Field; 3] {
    [
        field(1, "resource", As::One(&RESOURCE)),
        field(2, name, As::Many(scopes)),
        field(3, "schemaUrl", As::Text),
    ]
}

/// All that is of one scope, in both requests.
const fn of_scope(name: &'static str, entries: &'static [Field]) -> [Field; 3] {
    [field(1, "scope", As::One(&SCOPE)), field(2, name, As::Many(entries)), field(3, "schemaUrl", As::Text)]
}

/// `ExportTraceServiceRequest`.
static TRACES: [Field; 1] = [field(1, "resourceSpans", As::Many(&RESOURCE_SPANS))];
static RESOURCE_SPANS: [Field; 3] = of_resource("scopeSpans", &SCOPE_SPANS);
static SCOPE_SPANS: [Field; 3] = of_scope("spans", &SPAN);
static SPAN: [Field; 16] = [
    field(1, "traceId", As::Hex),
    field(2, "spanId", As::Hex),
    field(3, "traceState", As::Text),
    field(4, "parentSpanId", As::Hex),
    field(5, "name", As::Text),
    field(6, "kind", As::Number),
    field(7, "startTimeUnixNano", As::Long),
    field(8, "endTimeUnixNano", As::Long),
    field(9, "attributes", As::Many(&KEY_VALUE)),
    field(10, "droppedAttributesCount", As::Number),
    field(11, "events", As::Many(&EVENT)),
    field(12, "droppedEventsCount", As::Number),
    field(13, "links", As::Many(&LINK)),
    field(14, "droppedLinksCount", As::Number),
    field(15, "status", As::One(&STATUS)),
    field(16, "flags", As::Number),
];
static EVENT: [Field; 4] = [
    field(1, "timeUnixNano", As::Long),
    field(2, "name", As::Text),
    field(3, "attributes", As::Many(&KEY_VALUE)),
    field(4, "droppedAttributesCount", As::Number),
];
static LINK: [Field; 6] = [
    field(1, "traceId", As::Hex),
    field(2, "spanId", As::Hex),
    field(3, "traceState", As::Text),
    field(4, "attributes", As::Many(&KEY_VALUE)),
    field(5, "droppedAttributesCount", As::Number),
    field(6, "flags", As::Number),
];
static STATUS: [Field; 2] = [field(2, "message", As::Text), field(3, "code", As::Number)];

/// `ExportLogsServiceRequest`.
static LOGS: [Field; 1] = [field(1, "resourceLogs", As::Many(&RESOURCE_LOGS))];
static RESOURCE_LOGS: [Field; 3] = of_resource("scopeLogs", &SCOPE_LOGS);
static SCOPE_LOGS: [Field; 3] = of_scope("logRecords", &LOG_RECORD);
static LOG_RECORD: [Field; 11] = [
    field(1, "timeUnixNano", As::Long),
    field(2, "severityNumber", As::Number),
    field(3, "severityText", As::Text),
    field(5, "body", As::One(&ANY_VALUE)),
    field(6, "attributes", As::Many(&KEY_VALUE)),
    field(7, "droppedAttributesCount", As::Number),
    field(8, "flags", As::Number),
    field(9, "traceId", As::Hex),
    field(10, "spanId", As::Hex),
    field(11, "observedTimeUnixNano", As::Long),
    field(12, "eventName", As::Text),
];

static RESOURCE: [Field; 2] =
    [field(1, "attributes", As::Many(&KEY_VALUE)), field(2, "droppedAttributesCount", As::Number)];
static SCOPE: [Field; 4] = [
    field(1, "name", As::Text),
    field(2, "version", As::Text),
    field(3, "attributes", As::Many(&KEY_VALUE)),
    field(4, "droppedAttributesCount", As::Number),
];
static KEY_VALUE: [Field; 2] = [field(1, "key", As::Text), field(2, "value", As::One(&ANY_VALUE))];
static ANY_VALUE: [Field; 7] = [
    field(1, "stringValue", As::Text),
    field(2, "boolValue", As::Flag),
    field(3, "intValue", As::SignedLong),
    field(4, "doubleValue", As::Float),
    field(5, "arrayValue", As::One(&ARRAY)),
    field(6, "kvlistValue", As::One(&PAIRS)),
    field(7, "bytesValue", As::Base64),
];
static ARRAY: [Field; 1] = [field(1, "values", As::Many(&ANY_VALUE))];
static PAIRS: [Field; 1] = [field(1, "values", As::Many(&KEY_VALUE))];

/// Which request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// `ExportTraceServiceRequest`.
    Traces,
    /// `ExportLogsServiceRequest`.
    Logs,
}

/// Appends `request`, whose parts follow one another, as JSON. Fields that are not known are left out.
///
/// # Errors
/// [`Malformed`] for what is no such message; what was appended by then is no JSON.
pub fn json(out: &mut Vec<u8>, request: Request, message: &[u8]) -> Result<(), Malformed> {
    let fields = match request {
        Request::Traces => &TRACES[..],
        Request::Logs => &LOGS,
    };
    object(out, fields, message, 0)
}

fn object(out: &mut Vec<u8>, fields: &[Field], message: &[u8], depth: usize) -> Result<(), Malformed> {
    if depth > DEEPEST {
        return Err(Malformed);
    }
    out.push(b'{');
    // Bits of the fields that stand there already; all numbers are small.
    let mut written = 0u32;
    for part in Reader::new(message) {
        let (number, value) = part?;
        let Some(field) = fields.iter().find(|field| field.number == number) else { continue };
        if written & 1 << number != 0 {
            continue;
        }
        if written != 0 {
            out.push(b',');
        }
        written |= 1 << number;
        text(out, field.name);
        out.push(b':');
        match (field.shown, value) {
            (As::Many(inner), Wire::Bytes(_)) => list(out, (number, inner), message, depth)?,
            (As::One(inner), Wire::Bytes(value)) => object(out, inner, value, depth + 1)?,
            (shown, value) => scalar(out, shown, value)?,
        }
    }
    out.push(b'}');
    Ok(())
}

/// All entries of one field, wherever in the message they stand.
fn list(
    out: &mut Vec<u8>,
    (number, fields): (u32, &[Field]),
    message: &[u8],
    depth: usize,
) -> Result<(), Malformed> {
    out.push(b'[');
    let mut is_first = true;
    for part in Reader::new(message) {
        let (found, Wire::Bytes(entry)) = part? else { continue };
        if found == number {
            if !std::mem::take(&mut is_first) {
                out.push(b',');
            }
            object(out, fields, entry, depth + 1)?;
        }
    }
    out.push(b']');
    Ok(())
}

fn scalar(out: &mut Vec<u8>, shown: As, value: Wire<'_>) -> Result<(), Malformed> {
    // Writing to memory does not fail.
    let _ = match (shown, value) {
        (As::Text, Wire::Bytes(bytes)) => {
            text(out, &String::from_utf8_lossy(bytes));
            Ok(())
        }
        (As::Hex, Wire::Bytes(bytes)) => {
            out.push(b'"');
            for byte in bytes {
                let _ = write!(out, "{byte:02x}");
            }
            out.write_all(b"\"")
        }
        (As::Base64, Wire::Bytes(bytes)) => write!(out, "\"{}\"", base64::standard(bytes)),
        (As::Number, Wire::Varint(number)) => write!(out, "{number}"),
        (As::Number, Wire::Fixed32(number)) => write!(out, "{number}"),
        (As::Long, Wire::Fixed64(number) | Wire::Varint(number)) => write!(out, "\"{number}\""),
        (As::SignedLong, Wire::Varint(number)) => write!(out, "\"{}\"", number as i64),
        (As::Flag, Wire::Varint(flag)) => write!(out, "{}", flag != 0),
        (As::Float, Wire::Fixed64(bits)) => float(out, f64::from_bits(bits)),
        _ => return Err(Malformed),
    };
    Ok(())
}

fn float(out: &mut Vec<u8>, number: f64) -> std::io::Result<()> {
    if number.is_nan() {
        out.write_all(b"\"NaN\"")
    } else if number.is_infinite() {
        out.write_all(if number > 0.0 { b"\"Infinity\"" } else { b"\"-Infinity\"" })
    } else {
        // The shortest text that is read back as the same number.
        write!(out, "{number:?}")
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut clean = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&text.as_bytes()[clean..at]);
        clean = at + 1;
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            byte => {
                let _ = write!(out, "\\u{byte:04x}");
            }
        }
    }
    out.extend_from_slice(&text.as_bytes()[clean..]);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otlp::Envelope;
    use crate::proto;

    #[test]
    fn an_envelope_and_its_entries_are_one_object() {
        let mut span = Vec::new();
        proto::bytes(&mut span, 1, &[0xab; 16]);
        proto::bytes(&mut span, 5, b"a \"b\"\n\x01\\");
        proto::uint(&mut span, 6, 2);
        proto::fixed64(&mut span, 7, u64::MAX);
        // A field of a version to come.
        proto::uint(&mut span, 99, 1);
        let mut entries = Vec::new();
        proto::bytes(&mut entries, 2, &span);
        proto::bytes(&mut entries, 2, b"");
        let mut request = Vec::new();
        let mut resource = obs_core::Resource::new("shop");
        resource.set("telemetry.sdk.name", "x");
        resource.set("telemetry.sdk.language", "x");
        resource.set("telemetry.sdk.version", "x");
        Envelope::new(&resource).write(entries.len(), &mut request);
        request.extend_from_slice(&entries);
        let mut out = Vec::new();
        json(&mut out, Request::Traces, &request).unwrap();
        let written = String::from_utf8(out).unwrap();
        let spans = r#""spans":[{"traceId":"abababababababababababababababab","name":"a \"b\"\n\u0001\\","kind":2,"startTimeUnixNano":"18446744073709551615"},{}]}]}]}"#;
        assert!(written.ends_with(spans), "{written}");
        let head = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}},"#;
        assert!(written.starts_with(head), "{written}");
    }

    #[test]
    fn what_is_no_message_is_refused_and_nothing_is_too_deep() {
        let mut out = Vec::new();
        assert_eq!(json(&mut out, Request::Traces, b"\x0a\x7fshort"), Err(Malformed));
        // A text where a message is due, a number where a text is.
        assert_eq!(json(&mut out, Request::Logs, b"\x08\x01"), Err(Malformed));
        let mut value = Vec::new();
        for _ in 0..100 {
            let (mut array, mut any) = (Vec::new(), Vec::new());
            proto::bytes(&mut array, 1, &value);
            proto::bytes(&mut any, 5, &array);
            value = any;
        }
        assert_eq!(object(&mut out, &ANY_VALUE, &value, 0), Err(Malformed));
    }

    #[test]
    fn floats_are_written_as_they_are_read() {
        for (number, written) in [
            (0.1, "0.1"),
            (-0.0, "-0.0"),
            (1e300, "1e300"),
            (f64::NAN, "\"NaN\""),
            (f64::INFINITY, "\"Infinity\""),
            (f64::NEG_INFINITY, "\"-Infinity\""),
        ] {
            let mut out = Vec::new();
            float(&mut out, number).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), written);
        }
    }
}
