//! What is known of a call site before it is reached: its head, its keys, which of them are secret or stand twice.
//!
//! Made once per call site and thread, so that a line copies keys and judges none.

use obs_core::keys::field;
use obs_core::redact;
use tracing_core::{Level, Metadata};

use super::buffer::SHORT;
use super::escape::{self, Style};
use super::text::Text;
use super::{Buffer, hash};

/// The most bytes of a target or file name on a line; as static text they are far shorter.
const MAX_NAME: usize = 1_024;
/// Keys that are the line's own.
const RESERVED: [&str; 10] = [
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

/// The hash of a final name.
pub(super) fn hash_of(name: (&str, &str)) -> u64 {
    if name.0.is_empty() { hash::of(name.1) } else { hash::of(&format!("{}{}", name.0, name.1)) }
}

/// A key of ours, rendered for both formats.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    pub(super) json: JsonKey,
    pub(super) pretty: Vec<u8>,
}

impl Label {
    pub(crate) fn new(name: &str) -> Self {
        Self { json: JsonKey::new(("", name)), pretty: pretty_key(("", name)) }
    }
}

/// What a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Written under its key.
    Plain,
    /// Written under its key as `[redacted]`.
    Secret,
    /// The message.
    Message,
}

/// One field of a call site.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(super) json: JsonKey,
    pub(super) pretty: Vec<u8>,
    pub(crate) kind: Kind,
    /// The bit of this field and of the first one of the same name.
    pub(crate) bits: u64,
    /// The first field of the same name, where there is one.
    pub(crate) same_as: Option<usize>,
    /// Whether it may be written at sight: no secret, no message, no namesake in front.
    pub(crate) plain: bool,
}

/// Where the message stands among the fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// In front, as the macros put it, or nowhere.
    First,
    /// Behind other fields.
    Later,
}

/// One call site, or one kind of line of our own.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) level: Level,
    /// The target, escaped.
    pub(super) target: Vec<u8>,
    /// `Z","level":"INFO","target":"shop"`
    pub(super) json_head: Vec<u8>,
    /// `,"caller":"src/main.rs:7"`, or empty.
    pub(super) json_caller: Vec<u8>,
    /// ` caller=src/main.rs:7`, or empty.
    pub(super) pretty_caller: Vec<u8>,
    pub(super) keys: Vec<Key>,
    /// The hash of each key.
    hashes: Vec<u64>,
    /// The bits of all keys.
    pub(super) mask: u128,
    pub(crate) message: Message,
}

impl Site {
    pub(crate) fn new(metadata: &Metadata<'_>) -> Self {
        let mut site = Self::of(metadata.target(), *metadata.level());
        if let Some(file) = metadata.file() {
            let line = metadata.line().unwrap_or_default().to_string();
            let name = bounded(file, Style::Quoted);
            site.json_caller = [b",\"caller\":\"", &*name, b":", line.as_bytes(), b"\""].concat();
            site.pretty_caller = [b" caller=", &*bounded(file, Style::Bare), b":", line.as_bytes()].concat();
        }
        for (index, key) in metadata.fields().iter().enumerate() {
            site.push_key(index, key.name());
        }
        if site.message == Message::Later {
            site.keys.iter_mut().for_each(|key| key.plain = false);
        }
        site
    }

    /// A line of our own: no fields of a user's and no caller.
    pub(crate) fn of(target: &str, level: Level) -> Self {
        let name = bounded(target, Style::Quoted);
        Self {
            level,
            target: bounded(target, Style::Bare),
            json_head: [b"Z\",\"level\":\"", level.as_str().as_bytes(), b"\",\"target\":\"", &*name, b"\""]
                .concat(),
            json_caller: Vec::new(),
            pretty_caller: Vec::new(),
            keys: Vec::new(),
            hashes: Vec::new(),
            mask: 0,
            message: Message::First,
        }
    }

    fn push_key(&mut self, index: usize, key: &'static str) {
        let is_message = key == field::MESSAGE;
        if is_message && index > 0 {
            self.message = Message::Later;
        }
        let name = if is_message { ("", key) } else { name_of(key) };
        let (json, pretty) = (JsonKey::new(name), pretty_key(name));
        let hash = hash_of(name);
        let same_as = self.hashes.iter().position(|known| *known == hash);
        let kind = match () {
            () if is_message => Kind::Message,
            () if redact::is_secret(key) => Kind::Secret,
            () => Kind::Plain,
        };
        self.mask |= hash::bit(hash);
        self.hashes.push(hash);
        let bits = written_bit(index) | same_as.map_or(0, written_bit);
        self.keys.push(Key {
            json,
            pretty,
            kind,
            bits,
            same_as,
            plain: kind == Kind::Plain && same_as.is_none(),
        });
    }

    /// The field at `index`.
    #[inline]
    pub(crate) fn key(&self, index: usize) -> Option<&Key> {
        self.keys.get(index)
    }

    /// Whether a field of this name was written, given the bits of the fields that were.
    pub(super) fn has_written(&self, hash: u64, written: u64) -> bool {
        // Most often it is not there: looking for it alone is a loop the compiler makes short.
        self.hashes.contains(&hash)
            && (0..).zip(&self.hashes).any(|(index, known)| *known == hash && is_written(written, index))
    }
}

/// The bit of a field in the set of fields that were written.
fn written_bit(index: usize) -> u64 {
    if index < 64 { 1 << index } else { 0 }
}

/// Whether a field is in the set; fields beyond the set's width are taken for written.
pub(crate) fn is_written(written: u64, index: usize) -> bool {
    index >= 64 || written & written_bit(index) != 0
}

fn bounded(text: &str, style: Style) -> Vec<u8> {
    let mut out = Buffer::new();
    Text { out: &mut out, limit: MAX_NAME, style, cut: false }.push(text);
    out.as_slice().to_vec()
}
