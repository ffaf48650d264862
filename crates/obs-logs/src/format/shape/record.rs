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

/// What stands around a text and its key at most.
const AROUND: usize = 24;

/// An `AnyValue`: a text with or without the mark of a cut, or a few bytes.
enum Any<'a> {
    Text(&'a str, &'static str),
    Few([u8; 11], usize),
}

impl Any<'_> {
    fn tagged(tag: u8, value: &[u8]) -> Self {
        let mut bytes = [tag; 11];
        let rest = &mut bytes[1..];
        let len = value.len().min(rest.len());
        rest[..len].copy_from_slice(&value[..len]);
        Self::Few(bytes, len + 1)
    }

    fn int(value: i64) -> Self {
        let (mut bytes, mut len, mut rest) = ([0; 10], 0, value as u64);
        for byte in &mut bytes {
            len += 1;
            if rest < 0x80 {
                *byte = rest as u8;
                break;
            }
            *byte = rest as u8 | 0x80;
            rest >>= 7;
        }
        Self::tagged(INT, &bytes[..len])
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

/// Appends the message.
pub(super) fn push_body(out: &mut Buffer, text: &str, bounds: Bounds) -> Fit {
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
        Said::Value(Value::I64(value)) => (Any::int(value), Fit::Whole),
        Said::Value(Value::U64(value)) => match i64::try_from(value) {
            Ok(value) => (Any::int(value), Fit::Whole),
            // The protocol has none without a sign.
            Err(_) => (Any::Text(digits.format(value), ""), Fit::Whole),
        },
        Said::Value(Value::F64(value)) => (Any::tagged(DOUBLE, &value.to_le_bytes()), Fit::Whole),
        Said::Value(Value::Bool(value)) => (Any::tagged(BOOL, &[u8::from(value)]), Fit::Whole),
        Said::Address(value) => (Any::Text(address_in(&mut address, value), ""), Fit::Whole),
        Said::Thousandths(value) => {
            (Any::tagged(DOUBLE, &(value as f64 / 1_000.0).to_le_bytes()), Fit::Whole)
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

fn push_head(out: &mut Buffer, tag: u8, len: usize) {
    let (mut bytes, mut rest) = ([tag; 11], len as u64);
    let count = varint_len(rest);
    for byte in &mut bytes[1..=count] {
        *byte = rest as u8 | 0x80;
        rest >>= 7;
    }
    bytes[count] &= 0x7f;
    out.extend_short(&bytes, count + 1);
}
