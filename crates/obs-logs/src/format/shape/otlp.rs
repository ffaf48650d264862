//! What a line of OTLP begins with and how bad it is: the protobuf JSON form of `LogsData`, one of it a line.
//!
//! So one line is what the Collector's `otlpjsonfile` receiver decodes at once. Integers of 64 bits are strings, ids
//! are hex, enumerations are numbers (OTLP specification, "JSON Protobuf Encoding").

use obs_core::Resource;
use tracing_core::Level;

use crate::format::Buffer;
use crate::format::escape::Style;
use crate::format::text::Text;

/// `{"resourceLogs":[{"resource":{"attributes":[...]},"scopeLogs":[{"scope":{"name":"`
pub(super) fn push_open(out: &mut Buffer, resource: &Resource, max: usize) {
    out.extend(b"{\"resourceLogs\":[{\"resource\":{\"attributes\":[");
    for (index, (key, value)) in resource.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend(b"{\"key\":\"");
        push_text(out, key, max);
        out.extend(b"\",\"value\":{\"stringValue\":\"");
        push_text(out, value, max);
        out.extend(b"\"}}");
    }
    out.extend(b"]},\"scopeLogs\":[{\"scope\":{\"name\":\"");
}

/// The scope's name and all up to the time.
pub(super) fn push_scope(out: &mut Buffer, target: &str, max: usize) {
    push_text(out, target, max);
    out.extend(b"\"},\"logRecords\":[{\"timeUnixNano\":\"");
}

/// What stands between the time and the body.
pub(super) fn push_severity(out: &mut Buffer, level: Level) {
    // The first number of each range of the data model.
    let number: &[u8] = match level {
        Level::TRACE => b"1",
        Level::DEBUG => b"5",
        Level::INFO => b"9",
        Level::WARN => b"13",
        Level::ERROR => b"17",
    };
    out.extend(b"\",\"severityNumber\":");
    out.extend(number);
    out.extend(b",\"severityText\":\"");
    out.extend(level.as_str().as_bytes());
    out.push(b'"');
}

/// Ends record, scope and resource.
pub(super) const END: &[u8] = b"}]}]}]}\n";

fn push_text(out: &mut Buffer, text: &str, max: usize) {
    let limit = out.len() + max;
    Text { out, limit, style: Style::Quoted, cut: false }.push(text);
}
