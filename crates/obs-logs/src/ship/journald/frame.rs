//! What the logging thread hands over: what stands beside the line as fields already, and the line as it is. Taking it apart is
//! left for the thread that sends it.

use obs_export::socket::counted;

use super::Framed;
use crate::ship::Frame;
use crate::ship::frame::severity;

/// Stands between the two; neither has one: control characters are escaped on lines.
pub(super) const BETWEEN: u8 = 0;

/// A line as a record.
#[derive(Debug)]
pub(super) struct Entry;

impl Frame for Entry {
    fn frame(&self, line: &Framed<'_>, out: &mut Vec<u8>) {
        counted::push(out, |out| {
            let mut field = |name: &str, value: &[u8]| {
                out.extend_from_slice(name.as_bytes());
                out.push(b'=');
                out.extend_from_slice(value);
                out.push(b'\n');
            };
            field("PRIORITY", &[b'0' + severity(line.level)]);
            // A path with a line break in it would begin a field.
            if let Some((file, number)) = line.place
                && !file.bytes().any(|byte| byte < b' ')
            {
                field("CODE_FILE", file.as_bytes());
                field("CODE_LINE", itoa::Buffer::new().format(number).as_bytes());
            }
            if let Some(said) = &line.said {
                field("TRACE_ID", &said.trace_id.to_hex());
                field("SPAN_ID", &said.span_id.to_hex());
                if let Some(id) = &said.request_id {
                    field("REQUEST_ID", id.as_bytes());
                }
            }
            out.push(BETWEEN);
            out.extend_from_slice(line.line);
        });
    }
}
