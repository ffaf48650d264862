//! A line as a message of RFC 5424, section 6, framed by its length.

use obs_export::socket::counted;

use super::{Facility, Framed};
use crate::format::push_micros;
use crate::ship::Frame;
use crate::ship::frame::severity;

/// The most characters of each part (RFC 5424, section 6).
pub(super) const HOSTNAME: usize = 255;
const APP_NAME: usize = 48;
const MSGID: usize = 32;
pub(super) const SD_NAME: usize = 32;

/// What all messages of an output have in common.
#[derive(Debug)]
pub(super) struct Message {
    facility: Facility,
    /// ` HOSTNAME APP-NAME PROCID `
    who: Vec<u8>,
    /// `[obs@32473`
    open: Vec<u8>,
}

impl Message {
    pub(super) fn new(facility: Facility, hostname: &str, app_name: &str, sd_id: &str) -> Self {
        let mut who = vec![b' '];
        push_name(&mut who, hostname, HOSTNAME);
        who.push(b' ');
        push_name(&mut who, app_name, APP_NAME);
        who.extend_from_slice(format!(" {} ", std::process::id()).as_bytes());
        Self { facility, who, open: format!("[{sd_id}").into_bytes() }
    }
}

impl Frame for Message {
    fn frame(&self, line: &Framed<'_>, out: &mut Vec<u8>) {
        counted::push(out, |out| {
            out.push(b'<');
            let mut digits = itoa::Buffer::new();
            out.extend_from_slice(digits.format(self.facility.priority(severity(line.level))).as_bytes());
            out.extend_from_slice(b">1 ");
            push_micros(line.at, out);
            out.extend_from_slice(&self.who);
            push_name(out, kind(line.target), MSGID);
            out.push(b' ');
            match &line.said {
                None => out.push(b'-'),
                Some(said) => {
                    out.extend_from_slice(&self.open);
                    push_param(out, "trace_id", &said.trace_id.to_hex());
                    push_param(out, "span_id", &said.span_id.to_hex());
                    if let Some(id) = &said.request_id {
                        push_param(out, "request_id", id.as_bytes());
                    }
                    out.push(b']');
                }
            }
            // Without a byte order mark, which stands in the way of who reads the line as JSON: MSG-ANY of the grammar.
            out.push(b' ');
            out.extend_from_slice(line.line);
        });
    }
}

/// As much of a target from its end as fits, in whole segments.
fn kind(target: &str) -> &str {
    let mut rest = target;
    while rest.len() > MSGID {
        match rest.split_once("::") {
            Some((_, behind)) => rest = behind,
            None => return rest,
        }
    }
    rest
}

/// Appends what names may have, PRINTUSASCII, with `_` for each other character; `-` where there is nothing.
fn push_name(out: &mut Vec<u8>, name: &str, most: usize) {
    let before = out.len();
    out.extend(name.chars().take(most).map(|char| match char {
        '!'..='~' => char as u8,
        _ => b'_',
    }));
    if out.len() == before {
        out.push(b'-');
    }
}

/// Appends a parameter; a quote, a backslash and a closing bracket of its value have a backslash in front (section 6.3.3).
fn push_param(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.push(b' ');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"=\"");
    for byte in value {
        if matches!(byte, b'"' | b'\\' | b']') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_to_their_characters_and_lengths() {
        let name = |text: &str, most| {
            let mut out = Vec::new();
            push_name(&mut out, text, most);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(name("", 8), "-");
        assert_eq!(name("a b\n\0é\u{7f}~", 48), "a_b____~");
        assert_eq!(name("éééé", 3), "___");
        assert_eq!(name(&"x".repeat(300), HOSTNAME).len(), 255);
    }

    #[test]
    fn the_end_of_a_target_tells_most() {
        assert_eq!(kind("shop::cart"), "shop::cart");
        assert_eq!(kind("a_shop_of_many_things::payment::card"), "payment::card");
        let long = "x".repeat(40);
        assert_eq!(kind(&format!("shop::{long}")), long);
        assert_eq!(kind(&long), long);
    }

    #[test]
    fn a_value_cannot_end_its_parameter() {
        let mut out = Vec::new();
        push_param(&mut out, "request_id", br#"a"b\c]d["#);
        assert_eq!(out, br#" request_id="a\"b\\c\]d[""#);
    }
}
