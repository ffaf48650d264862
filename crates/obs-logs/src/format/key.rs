//! Keys as they stand on a line: which names are the line's own, and each name rendered ahead for every format.

use obs_core::keys::field;

use super::buffer::SHORT;
use super::escape::{self, Style};
use super::site::written_bit;
use super::{Buffer, hash};

/// Keys that are the line's own.
const RESERVED: [&str; 11] = [
    field::TIMESTAMP,
    field::LEVEL,
    field::TARGET,
    field::MESSAGE,
    field::SERVICE,
    field::TRACE_ID,
    field::SPAN_ID,
    field::REQUEST_ID,
    field::CALLER,
    field::TRUNCATED,
    field::RECORDED,
];

/// The name a user's field has on a line, in two parts: the prefix is empty or `field.`.
pub(super) fn name_of(key: &str) -> (&'static str, &str) {
    // Raw identifiers keep their mark in `tracing`'s field names.
    let key = key.strip_prefix("r#").unwrap_or(key);
    if RESERVED.contains(&key) { ("field.", key) } else { ("", key) }
}

/// Appends `,"name":`.
pub(super) fn push_json_key(out: &mut Buffer, name: (&str, &str)) {
    out.extend(b",\"");
    out.extend(name.0.as_bytes());
    escape::push(out, name.1, Style::Quoted);
    out.extend(b"\":");
}

/// `,"name":"`, ready to be copied; without its last byte it is the key of a number.
#[derive(Clone, Debug)]
pub(super) struct JsonKey {
    /// The bytes once more, where they are few enough to be copied by one move.
    short: [u8; SHORT],
    bytes: Box<[u8]>,
}

impl JsonKey {
    pub(super) fn new(name: (&str, &str)) -> Self {
        let mut out = Buffer::new();
        push_json_key(&mut out, name);
        out.push(b'"');
        let bytes = out.as_slice();
        let mut short = [0; SHORT];
        short.iter_mut().zip(bytes).for_each(|(short, byte)| *short = *byte);
        Self { short, bytes: bytes.into() }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Appends key and text in quotes, if both may be copied as they are; else changes nothing and says so.
    #[inline(always)]
    pub(super) fn push_with_clean(&self, out: &mut Buffer, text: &str) -> bool {
        self.bytes.len() <= SHORT && out.extend_quoted(&self.short, self.bytes.len(), text.as_bytes())
    }

    /// Appends the key of a value without quotes and the first `len` bytes of `value`, or changes nothing and says so.
    #[inline(always)]
    pub(super) fn push_with_value(&self, out: &mut Buffer, value: [u8; 8], len: usize) -> bool {
        let key_len = self.bytes.len() - 1;
        key_len < SHORT && out.extend_pair((&self.short, key_len), (value, len))
    }

    /// Appends the key of a text, with the opening quote.
    #[inline(always)]
    pub(super) fn push_for_text(&self, out: &mut Buffer) {
        self.push(out, self.bytes.len());
    }

    /// Appends the key of a value without quotes.
    #[inline(always)]
    pub(super) fn push_for_number(&self, out: &mut Buffer) {
        self.push(out, self.bytes.len() - 1);
    }

    #[inline(always)]
    fn push(&self, out: &mut Buffer, len: usize) {
        if len <= SHORT {
            out.extend_short(&self.short, len);
        } else {
            out.extend(&self.bytes[..len]);
        }
    }
}

/// Appends ` name=`.
pub(super) fn push_pretty_key(out: &mut Buffer, name: (&str, &str)) {
    out.push(b' ');
    out.extend(name.0.as_bytes());
    escape::push(out, name.1, Style::Bare);
    out.push(b'=');
}

fn pretty_key(name: (&str, &str)) -> Vec<u8> {
    let mut out = Buffer::new();
    push_pretty_key(&mut out, name);
    out.as_slice().to_vec()
}

/// Appends ` name=`, from which a reader gets the name back: what may not stand in a key is escaped.
pub(super) fn push_logfmt_key(out: &mut Buffer, name: (&str, &str)) {
    out.push(b' ');
    out.extend(name.0.as_bytes());
    escape::push_key(out, name.1);
    out.push(b'=');
}

fn logfmt_key(name: (&str, &str)) -> Vec<u8> {
    let mut out = Buffer::new();
    push_logfmt_key(&mut out, name);
    out.as_slice().to_vec()
}

/// The hash of a final name.
pub(super) fn hash_of(name: (&str, &str)) -> u64 {
    hash::of([name.0, name.1])
}

/// A key as it stands on a line of each format.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) json: JsonKey,
    pub(super) pretty: Vec<u8>,
    pub(super) logfmt: Vec<u8>,
}

impl Names {
    pub(super) fn new(name: (&str, &str)) -> Self {
        Self { json: JsonKey::new(name), pretty: pretty_key(name), logfmt: logfmt_key(name) }
    }
}

/// A key of ours, on one kind of line.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    pub(crate) name: &'static str,
    pub(super) names: Names,
    pub(super) hash: u64,
    /// Its bit in the set of fields that were written.
    pub(crate) bit: u64,
}

impl Label {
    /// The keys of one kind of line, of which there are at most 64.
    pub(crate) fn all<const N: usize>(names: [&'static str; N]) -> [Self; N] {
        let mut index = 0;
        names.map(|name| {
            index += 1;
            let whole = ("", name);
            Self { name, names: Names::new(whole), hash: hash_of(whole), bit: written_bit(index - 1) }
        })
    }

    /// Its place among the keys of its kind of line.
    pub(super) fn index(&self) -> usize {
        self.bit.trailing_zeros() as usize
    }
}
