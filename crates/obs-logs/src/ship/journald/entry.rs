//! A record as an entry of the journal: lines of `NAME=value`, and for values with a line break the name, a line break,
//! their length in 64 bits, little endian, and themselves (systemd, "Native Journal Protocol").

use std::borrow::Cow;

use super::flat;
use super::frame::BETWEEN;

/// The most characters of a name that the journal takes.
const NAME: usize = 64;

/// What is on each line as a field in front of it.
const BESIDE: [&str; 4] = ["trace_id", "span_id", "request_id", "caller"];

/// Names that mean something to the journal; a field of a user's that has one gets another.
const TAKEN: [&str; 8] =
    ["MESSAGE", "PRIORITY", "CODE_FILE", "CODE_LINE", "CODE_FUNC", "TRACE_ID", "SPAN_ID", "REQUEST_ID"];

/// Appends the entry of one record.
pub(super) fn push(record: &[u8], identifier: &str, out: &mut Vec<u8>) {
    let between = record.iter().position(|byte| *byte == BETWEEN).unwrap_or(0);
    let (beside, line) = record.split_at(between);
    let line = String::from_utf8_lossy(line.strip_prefix(&[BETWEEN]).unwrap_or(line));
    out.extend_from_slice(beside);
    push_field(out, "SYSLOG_IDENTIFIER", identifier);
    let Some(members) = flat::members(&line) else { return push_field(out, "MESSAGE", &line) };
    let value_of = |wanted: &str| members.iter().find(|(name, _)| name == wanted).map(|(_, value)| &**value);
    // An entry without a message is not shown.
    push_field(out, "MESSAGE", value_of("message").or_else(|| value_of("target")).unwrap_or_default());
    for (name, value) in &members {
        if name != "message" && !BESIDE.contains(&&**name) {
            push_field(out, &name_of(name), value);
        }
    }
}

/// A name as the journal takes it: capitals, digits and `_`, a capital first, at most 64; other characters become `_`.
fn name_of(name: &str) -> Cow<'_, str> {
    let clean = |char: char| if char.is_ascii_alphanumeric() { char.to_ascii_uppercase() } else { '_' };
    let mut out: String = name.chars().take(NAME).map(clean).collect();
    let is_taken = TAKEN.contains(&&*out) || out.starts_with("SYSLOG_");
    if is_taken || !out.starts_with(|first: char| first.is_ascii_uppercase()) {
        out.insert_str(0, "FIELD_");
        out.truncate(NAME);
    }
    out.into()
}

fn push_field(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    if value.contains('\n') {
        out.push(b'\n');
        out.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        out.push(b'=');
    }
    out.extend_from_slice(value.as_bytes());
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_the_journal_takes() {
        for (name, expected) in [
            ("order", "ORDER"),
            ("http.status-code", "HTTP_STATUS_CODE"),
            ("größe", "GR__E"),
            ("", "FIELD_"),
            ("_pid", "FIELD__PID"),
            ("2nd", "FIELD_2ND"),
            ("=x", "FIELD__X"),
            ("priority", "FIELD_PRIORITY"),
            ("Message", "FIELD_MESSAGE"),
            ("syslog_identifier", "FIELD_SYSLOG_IDENTIFIER"),
            ("message_id", "MESSAGE_ID"),
        ] {
            assert_eq!(name_of(name), expected);
        }
        for long in ["x".repeat(100), format!("_{}", "x".repeat(100))] {
            assert_eq!(name_of(&long).len(), 64);
        }
    }

    #[test]
    fn a_line_that_is_no_flat_object_is_the_message() {
        let mut out = Vec::new();
        push(b"PRIORITY=6\n\0INFO shop: said {", "orders", &mut out);
        assert_eq!(out, b"PRIORITY=6\nSYSLOG_IDENTIFIER=orders\nMESSAGE=INFO shop: said {\n");
    }
}
