//! Fields as typed bytes, written without formatting; and back.
//!
//! A field of an event is its index and a value, a field of a span its key and a value. A value is a tag and behind it
//! eight bytes, one, none, or a length and a text. What a user's code prints is printed here, since it cannot be kept.

use std::error::Error;
use std::fmt::{self, Debug, Write};

use obs_core::fields::{Chain, Fields, Value, guarded};
use obs_core::redact::Rules;
use tracing_core::field::Visit;
use tracing_core::{Event, Field};

use super::raw::Raw;
use crate::format::{Kind, Site};

/// The most bytes that the fields of one event take, and those of the spans it stands in: 16 KiB each.
pub(super) const MAX_BYTES: usize = 16 * 1024;
/// What a cut text ends in.
const CUT: &str = "…";
/// The head of a field with a text behind it: index, tag and length.
const HEAD: usize = 2 + 1 + 4;
/// What a field takes at most beside a text.
const ROOM: usize = HEAD + 8 + CUT.len();

const TEXT: u8 = 0;
const PRINTED: u8 = 1;
const SIGNED: u8 = 2;
const UNSIGNED: u8 = 3;
const FLOAT: u8 = 4;
const FALSE: u8 = 5;
const TRUE: u8 = 6;
const SECRET: u8 = 7;
const WIDE: u8 = 8;

/// A value as it was held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Held<'a> {
    /// One with a type of its own.
    Value(Value<'a>),
    /// What a user's code has printed.
    Printed(&'a str),
    /// A whole number of 128 bits, in digits.
    Wide(&'a str),
    /// One that was never looked at.
    Secret,
}

/// Writes the fields of an event; whether any was cut or left out.
#[inline]
pub(super) fn event(event: &Event<'_>, site: &Site, out: &mut Raw) -> bool {
    out.begin();
    let mut encoder = Encoder { out, site, is_cut: false };
    event.record(&mut encoder);
    encoder.is_cut
}

struct Encoder<'a> {
    out: &'a mut Raw,
    site: &'a Site,
    is_cut: bool,
}

impl Encoder<'_> {
    /// Whether the field is to be held, with room for a number.
    #[inline]
    fn takes(&mut self, field: &Field) -> bool {
        if self.out.len + ROOM > MAX_BYTES {
            self.is_cut = true;
            return false;
        }
        if self.site.has_secrets && self.is_secret(field) {
            self.head(field, SECRET);
            return false;
        }
        true
    }

    #[cold]
    fn is_secret(&self, field: &Field) -> bool {
        self.site.key(field.index()).is_none_or(|key| key.kind == Kind::Secret)
    }

    #[inline]
    fn head(&mut self, field: &Field, tag: u8) {
        let [low, high] = (field.index() as u16).to_le_bytes();
        self.out.put([low, high, tag]);
    }

    #[inline]
    fn head_of_text(&mut self, field: &Field, tag: u8, len: usize) {
        let [low, high] = (field.index() as u16).to_le_bytes();
        let [a, b, c, d] = (len as u32).to_le_bytes();
        self.out.put([low, high, tag, a, b, c, d]);
    }

    #[inline]
    fn number(&mut self, field: &Field, tag: u8, bits: u64) {
        if self.takes(field) {
            let [low, high] = (field.index() as u16).to_le_bytes();
            let [a, b, c, d, e, f, g, h] = bits.to_le_bytes();
            self.out.put([low, high, tag, a, b, c, d, e, f, g, h]);
        }
    }

    /// A whole number that has no type of its own here.
    #[cold]
    fn wide(&mut self, field: &Field, digits: &str) {
        if !self.takes(field) {
            return;
        }
        if self.out.len + HEAD + digits.len() > MAX_BYTES {
            self.is_cut = true;
            return;
        }
        self.head_of_text(field, WIDE, digits.len());
        self.out.push(digits.as_bytes());
    }

    #[inline(never)]
    fn text_careful(&mut self, field: &Field, value: &str) {
        if self.takes(field) {
            let room = MAX_BYTES - CUT.len() - HEAD - self.out.len;
            let (kept, end) = if value.len() <= room { (value, "") } else { (up_to(value, room), CUT) };
            self.is_cut |= !end.is_empty();
            self.head_of_text(field, TEXT, kept.len() + end.len());
            self.out.push(kept.as_bytes());
            self.out.push(end.as_bytes());
        }
    }

    #[inline]
    fn print(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        if !self.takes(field) {
            return;
        }
        self.head_of_text(field, PRINTED, 0);
        let start = self.out.len;
        let mut text = Text { out: self.out, is_cut: false };
        guarded(&mut text, value);
        if text.is_cut {
            self.out.push(CUT.as_bytes());
            self.is_cut = true;
        }
        let printed = (self.out.len - start) as u32;
        if let Some(place) = self.out.bytes.get_mut(start - 4..start) {
            place.copy_from_slice(&printed.to_le_bytes());
        }
    }
}

impl Visit for Encoder<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.number(field, FLOAT, value.to_bits());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, SIGNED, value.cast_unsigned());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, UNSIGNED, value);
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.wide(field, itoa::Buffer::new().format(value));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.wide(field, itoa::Buffer::new().format(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if self.takes(field) {
            self.head(field, if value { TRUE } else { FALSE });
        }
    }

    #[inline]
    fn record_str(&mut self, field: &Field, value: &str) {
        if self.site.has_secrets || self.out.len + value.len() + ROOM > MAX_BYTES {
            return self.text_careful(field, value);
        }
        self.head_of_text(field, TEXT, value.len());
        self.out.push(value.as_bytes());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.print(field, format_args!("{}", Chain(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.print(field, format_args!("{value:?}"));
    }
}

/// Takes printed text until it is full, then refuses.
struct Text<'a> {
    out: &'a mut Raw,
    is_cut: bool,
}

impl Write for Text<'_> {
    #[inline]
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if self.is_cut {
            return Err(fmt::Error);
        }
        let room = (MAX_BYTES - CUT.len()).saturating_sub(self.out.len);
        if part.len() <= room {
            self.out.push(part.as_bytes());
            return Ok(());
        }
        self.out.push(up_to(part, room).as_bytes());
        self.is_cut = true;
        Err(fmt::Error)
    }
}

/// The longest beginning of `text` of at most `most` bytes.
fn up_to(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Appends the fields of a span, which are values already, in about `most` bytes; whether any was cut or left out.
pub(super) fn span(fields: &Fields, out: &mut Vec<u8>, most: usize) -> bool {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    let mut count = 0u32;
    let mut is_cut = false;
    for (key, value) in fields.iter() {
        let taken = out.len() - start + HEAD + key.len() + 8 + CUT.len();
        let Some(room) = most.checked_sub(taken) else {
            is_cut = true;
            continue;
        };
        out.extend_from_slice(&(key.len() as u16).to_le_bytes());
        out.extend_from_slice(key.as_bytes());
        match value {
            Value::Str(text) if text.len() > room => {
                push_text(out, up_to(text, room), CUT);
                is_cut = true;
            }
            value => push_value(out, value),
        }
        count += 1;
    }
    if let Some(place) = out.get_mut(start..start + 4) {
        place.copy_from_slice(&count.to_le_bytes());
    }
    is_cut
}

fn push_text(out: &mut Vec<u8>, text: &str, end: &str) {
    out.push(TEXT);
    out.extend_from_slice(&((text.len() + end.len()) as u32).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(end.as_bytes());
}

fn push_value(out: &mut Vec<u8>, value: Value<'_>) {
    let mut number = |tag: u8, bits: u64| {
        out.push(tag);
        out.extend_from_slice(&bits.to_le_bytes());
    };
    match value {
        Value::I64(value) => number(SIGNED, value.cast_unsigned()),
        Value::U64(value) => number(UNSIGNED, value),
        Value::F64(value) => number(FLOAT, value.to_bits()),
        Value::Bool(value) => out.push(if value { TRUE } else { FALSE }),
        Value::Str(text) => push_text(out, text, ""),
    }
}

/// Reads what the functions above have written; ends where it makes no sense.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    fn chunk<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (chunk, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*chunk)
    }

    fn text(&mut self, len: usize) -> Option<&'a str> {
        let (text, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        str::from_utf8(text).ok()
    }

    fn value(&mut self) -> Option<Held<'a>> {
        let [tag] = self.chunk()?;
        let value = match tag {
            TEXT | PRINTED | WIDE => {
                let len = u32::from_le_bytes(self.chunk()?) as usize;
                let text = self.text(len)?;
                return Some(match tag {
                    TEXT => Held::Value(Value::Str(text)),
                    PRINTED => Held::Printed(text),
                    _ => Held::Wide(text),
                });
            }
            SECRET => return Some(Held::Secret),
            SIGNED => Value::I64(i64::from_le_bytes(self.chunk()?)),
            UNSIGNED => Value::U64(u64::from_le_bytes(self.chunk()?)),
            FLOAT => Value::F64(f64::from_bits(u64::from_le_bytes(self.chunk()?))),
            FALSE | TRUE => Value::Bool(tag == TRUE),
            _ => return None,
        };
        Some(Held::Value(value))
    }

    /// The next field of an event.
    pub(super) fn field(&mut self) -> Option<(usize, Held<'a>)> {
        let index = u16::from_le_bytes(self.chunk()?);
        Some((usize::from(index), self.value()?))
    }

    /// The fields of a span, judged once more by the rules they were judged by when they were set: where a text was cut,
    /// it may end in the beginning of a secret.
    pub(super) fn span(&mut self, rules: &Rules) -> Fields {
        let mut fields = Fields::new();
        fields.judge_by(rules);
        let count = self.chunk().map_or(0, u32::from_le_bytes);
        for _ in 0..count {
            let Some((key, value)) = self.pair() else { break };
            fields.set(key.to_owned(), value);
        }
        fields
    }

    fn pair(&mut self) -> Option<(&'a str, Value<'a>)> {
        let len = u16::from_le_bytes(self.chunk()?);
        let key = self.text(usize::from(len))?;
        match self.value()? {
            Held::Value(value) => Some((key, value)),
            _ => None,
        }
    }

    /// Where the copy of the next span begins.
    pub(super) fn place(&mut self) -> Option<u32> {
        self.chunk().map(u32::from_le_bytes)
    }
}
