//! Message and attributes as fields of an OTLP `LogRecord` in protobuf, for outputs that send records and no lines.
//!
//! Time, severity and ids are put in front of them where the record is framed. All lengths are known before anything
//! is written, so that each stands in its shortest form.

use std::io::Write;
use std::net::IpAddr;

use obs_core::fields::Value;
use obs_export::proto::{bytes_len, varint_len};

use super::value::{Bounds, Fit, Said, cut_to};
use crate::format::Buffer;
use crate::format::text::CUT;

const BODY: u8 = 5 << 3 | LEN;
const ATTRIBUTES: u8 = 6 << 3 | LEN;
const KEY: u8 = 1 << 3 | LEN;
const VALUE: u8 = 2 << 3 | LEN;
const STRING: u8 = 1 << 3 | LEN;
const BOOL: u8 = 2 << 3;
const INT: u8 = 3 << 3;
const DOUBLE: u8 = 4 << 3 | FIXED64;
const LEN: u8 = 2;
const FIXED64: u8 = 1;

/// The longest text and value that lengths of one byte are enough for, whatever the key is.
const SHORT_TEXT: usize = 80;

/// What stands around a text and its key at most.
const AROUND: usize = 24;

/// An `AnyValue`: a text with or without the mark of a cut, or a few bytes.
enum Any<'a> {
    Text(&'a str, &'static str),
    Few([u8; 11], usize),
}

impl Any<'_> {
    /// Without its length.
    fn few((bytes, len): ([u8; 16], usize)) -> Self {
        let mut few = [0; 11];
        few.copy_from_slice(&bytes[1..12]);
        Self::Few(few, len - 1)
    }

    fn len(&self) -> usize {
        match self {
            Self::Text(text, mark) => bytes_len(1, text.len() + mark.len()),
            Self::Few(_, len) => *len,
        }
    }

    fn push(&self, out: &mut Buffer) {
        match self {
            Self::Text(text, mark) => {
                push_head(out, STRING, text.len() + mark.len());
                out.extend(text.as_bytes());
                out.extend(mark.as_bytes());
            }
            Self::Few(bytes, len) => out.extend(&bytes[..*len]),
        }
    }
}

/// The key of an attribute, made ahead: from the head of the attribute, whose length is still to come, to the tag of the
/// value.
#[derive(Clone, Debug)]
pub(super) struct Known {
    bytes: [u8; 40],
    len: usize,
}

impl Known {
    /// Nothing for a key that is too long to be copied so.
    pub(super) fn new(key: &str) -> Option<Self> {
        let mut out = Buffer::new();
        push_head(&mut out, ATTRIBUTES, 0);
        push_head(&mut out, KEY, key.len());
        out.extend(key.as_bytes());
        out.push(VALUE);
        let mut bytes = [0; 40];
        let len = out.len();
        bytes.get_mut(..len)?.copy_from_slice(out.as_slice());
        Some(Self { bytes, len })
    }

    /// Appends a whole attribute, or nothing where it is not one of the many that are short. There is room for a number.
    #[inline]
    pub(super) fn push(&self, out: &mut Buffer, said: Said<'_>, bounds: Bounds) -> bool {
        let (bytes, len) = match said {
            Said::Value(Value::Str(text)) | Said::Printed(text) => return self.push_text(out, text, bounds),
            Said::Value(Value::I64(value)) => int(value),
            Said::Value(Value::U64(value)) if value <= i64::MAX as u64 => int(value as i64),
            Said::Value(Value::F64(value)) => tagged(DOUBLE, value.to_le_bytes()),
            Said::Value(Value::Bool(value)) => tagged(BOOL, [u8::from(value)]),
            Said::Value(Value::U64(_)) | Said::Address(_) | Said::Thousandths(_) => return false,
        };
        out.extend_attribute((&self.bytes, self.len), (&bytes, len));
        true
    }

    fn push_text(&self, out: &mut Buffer, text: &str, bounds: Bounds) -> bool {
        let fits = out.len() + self.len + text.len() + 2 * AROUND <= bounds.limit;
        let is_short = text.len() <= bounds.field.unwrap_or(SHORT_TEXT).min(SHORT_TEXT);
        if !(fits && is_short) {
            return false;
        }
        let (len, mut head) = (text.len() as u8, [0; 16]);
        [head[0], head[1], head[2]] = [len + 2, STRING, len];
        let begin = out.len();
        out.extend_attribute((&self.bytes, self.len), (&head, 3));
        // The text counts in.
        out.add_to(begin + 1, len);
        out.extend(text.as_bytes());
        true
    }
}

/// A value of few bytes behind its length and its tag, and how many that are.
#[inline]
fn tagged<const N: usize>(tag: u8, value: [u8; N]) -> ([u8; 16], usize) {
    let mut bytes = [0; 16];
    [bytes[0], bytes[1]] = [N as u8 + 1, tag];
    bytes[2..N + 2].copy_from_slice(&value);
    (bytes, N + 2)
}

#[inline]
fn int(value: i64) -> ([u8; 16], usize) {
    let mut rest = value as u64;
    if rest < 0x80 {
        return tagged(INT, [rest as u8]);
    }
    let (mut bytes, mut len) = ([0; 16], 2);
    for byte in &mut bytes[2..12] {
        len += 1;
        if rest < 0x80 {
            *byte = rest as u8;
            break;
        }
        *byte = rest as u8 | 0x80;
        rest >>= 7;
    }
    [bytes[0], bytes[1]] = [len as u8 - 1, INT];
    (bytes, len)
}

/// Appends the message.
pub(super) fn push_body(out: &mut Buffer, text: &str, bounds: Bounds) -> Fit {
    let is_short = text.len() <= bounds.field.unwrap_or(SHORT_TEXT).min(SHORT_TEXT);
    if is_short && out.len() + text.len() + 2 * AROUND <= bounds.limit {
        let len = text.len() as u8;
        out.extend_short(&[BODY, len + 2, STRING, len], 4);
        out.extend(text.as_bytes());
        return Fit::Whole;
    }
    let (any, fit) = bounded(text, out.len(), bounds);
    push_head(out, BODY, any.len());
    any.push(out);
    fit
}

/// Appends an attribute, whole but for its text.
pub(super) fn push_attribute(out: &mut Buffer, key: &str, said: Said<'_>, bounds: Bounds) -> Fit {
    let mut digits = itoa::Buffer::new();
    let mut address = [0; 45];
    let (any, fit) = match said {
        Said::Value(Value::Str(text)) | Said::Printed(text) => bounded(text, out.len() + key.len(), bounds),
        Said::Value(Value::I64(value)) => (Any::few(int(value)), Fit::Whole),
        Said::Value(Value::U64(value)) => match i64::try_from(value) {
            Ok(value) => (Any::few(int(value)), Fit::Whole),
            // The protocol has none without a sign.
            Err(_) => (Any::Text(digits.format(value), ""), Fit::Whole),
        },
        Said::Value(Value::F64(value)) => (Any::few(tagged(DOUBLE, value.to_le_bytes())), Fit::Whole),
        Said::Value(Value::Bool(value)) => (Any::few(tagged(BOOL, [u8::from(value)])), Fit::Whole),
        Said::Address(value) => (Any::Text(address_in(&mut address, value), ""), Fit::Whole),
        Said::Thousandths(value) => {
            (Any::few(tagged(DOUBLE, (value as f64 / 1_000.0).to_le_bytes())), Fit::Whole)
        }
    };
    let len = any.len();
    push_head(out, ATTRIBUTES, bytes_len(1, key.len()) + bytes_len(2, len));
    push_head(out, KEY, key.len());
    out.extend(key.as_bytes());
    push_head(out, VALUE, len);
    any.push(out);
    fit
}

/// As much of a text as there is room for behind `before` bytes.
fn bounded(text: &str, before: usize, bounds: Bounds) -> (Any<'_>, Fit) {
    let room = bounds.limit.saturating_sub(before).saturating_sub(AROUND);
    let (text, cut) = cut_to(text, bounds.field);
    let (text, full) = cut_to(text, Some(room));
    match (cut, full) {
        (_, true) => (Any::Text(text, CUT), Fit::Full),
        (true, false) => (Any::Text(text, CUT), Fit::Cut),
        (false, false) => (Any::Text(text, ""), Fit::Whole),
    }
}

/// An IPv4 address that came through an IPv6 socket is one of IPv4.
fn address_in(bytes: &mut [u8; 45], address: IpAddr) -> &str {
    let mut rest = &mut bytes[..];
    // The longest there is has 39 bytes.
    let _ = write!(rest, "{}", address.to_canonical());
    let len = 45 - rest.len();
    str::from_utf8(&bytes[..len]).unwrap_or_default()
}

#[inline]
fn push_head(out: &mut Buffer, tag: u8, len: usize) {
    if len < 0x80 {
        return out.extend_short(&[tag, len as u8], 2);
    }
    push_long_head(out, tag, len);
}

fn push_long_head(out: &mut Buffer, tag: u8, len: usize) {
    let (mut bytes, mut rest) = ([tag; 11], len as u64);
    let count = varint_len(rest);
    for byte in &mut bytes[1..=count] {
        *byte = rest as u8 | 0x80;
        rest >>= 7;
    }
    bytes[count] &= 0x7f;
    out.extend_short(&bytes, count + 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_ahead_is_what_is_made_from_its_parts() {
        let texts = [0, 1, 79, 80, 81, 127, 128].map(|len| "é".repeat(len / 2) + &"x".repeat(len % 2));
        let texts = texts.iter().flat_map(|text| [Said::Value(Value::Str(text)), Said::Printed(text)]);
        let ints =
            (0..64).flat_map(|bit| [1_i64 << bit, (1_i64 << bit).wrapping_sub(1), -(1_i64 << (bit / 2))]);
        let ints = ints.flat_map(|int| [Said::Value(Value::I64(int)), Said::Value(Value::U64(int as u64))]);
        let others = [0.0, -1.5, f64::NAN].map(|float| Said::Value(Value::F64(float)));
        let others = others.into_iter().chain([true, false].map(|truth| Said::Value(Value::Bool(truth))));
        let mut ahead = 0;
        for said in texts.chain(ints).chain(others) {
            for key in ["", "k", &"k".repeat(35), &"k".repeat(36)] {
                for (limit, field) in [(1_000, None), (1_000, Some(40)), (180, None)] {
                    let bounds = Bounds { limit, field };
                    let (mut parts, mut known) = (Buffer::new(), Buffer::new());
                    let fit = push_attribute(&mut parts, key, said, bounds);
                    if Known::new(key).is_some_and(|key| key.push(&mut known, said, bounds)) {
                        ahead += 1;
                        assert_eq!((known.as_slice(), fit), (parts.as_slice(), Fit::Whole), "{key} {said:?}");
                    } else {
                        assert_eq!(known.len(), 0, "{key} {said:?}");
                    }
                }
            }
        }
        assert!(ahead > 2_000, "{ahead}");
    }
}
