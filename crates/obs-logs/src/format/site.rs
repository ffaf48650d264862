//! What is known of a call site before it is reached: its head, its keys, which of them are secret or stand twice.
//!
//! Made once per call site and thread, so that a line copies keys and judges none.

use std::ptr;

use obs_core::keys::field;
use obs_core::redact::Rules;
use tracing_core::{Level, Metadata};

use super::escape::Style;
use super::key::{Label, Names, hash_of, name_of};
use super::logfmt::push_logfmt_text;
use super::seen::Seen;
use super::text::Text;
use super::{Buffer, hash};
use crate::counts::Counter;
use crate::plan::Planned;
use crate::policy::rank;

/// The most bytes of a target or file name on a line; as static text they are far shorter.
const MAX_NAME: usize = 1_024;

/// Set in the numbers of our own kinds of line.
const OWN: u64 = 1 << 63;

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
#[derive(Debug)]
pub(crate) struct Key {
    pub(super) names: Names,
    pub(crate) kind: Kind,
    /// Its place among the fields of the call site.
    pub(super) index: u32,
    /// The bit of this field and of the first one of the same name.
    pub(crate) bits: u64,
    /// The first field of the same name, where there is one.
    pub(crate) same_as: Option<usize>,
    /// Whether it may be written at sight: no secret, no message, no namesake in front.
    pub(crate) plain: bool,
    /// What its text was last.
    pub(crate) seen: Seen,
}

impl Key {
    /// A key of the line's own that is written as a field is.
    pub(crate) fn own(name: &str) -> Self {
        let names = Names::new(("", name));
        Self {
            names,
            kind: Kind::Plain,
            index: u32::MAX,
            bits: 0,
            same_as: None,
            plain: true,
            seen: Seen::default(),
        }
    }
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
    /// How severe that is, for queues that tell lines apart.
    pub(crate) rank: u8,
    /// Where its lines are counted.
    pub(crate) counter: Counter,
    /// What is done with its lines.
    pub(crate) planned: Planned,
    /// The target, escaped.
    pub(super) target: Vec<u8>,
    /// `Z","level":"INFO","target":"shop"`
    pub(super) json_head: Vec<u8>,
    /// `,"caller":"src/main.rs:7"`, or empty.
    pub(super) json_caller: Vec<u8>,
    /// ` caller=src/main.rs:7`, or empty.
    pub(super) pretty_caller: Vec<u8>,
    /// `Z level=INFO target=shop`
    pub(super) logfmt_head: Vec<u8>,
    /// ` caller=src/main.rs:7`, or empty.
    pub(super) logfmt_caller: Vec<u8>,
    pub(super) keys: Vec<Key>,
    /// The hash of each key.
    hashes: Vec<u64>,
    /// The bits of all keys.
    pub(super) mask: u128,
    pub(crate) message: Message,
    pub(super) raw: Raw,
    /// Whether any of its fields is secret.
    pub(crate) has_secrets: bool,
    /// What is secret.
    pub(crate) rules: Rules,
}

/// What a call site is made of, for shapes that call things by other names.
#[derive(Debug)]
pub(super) struct Raw {
    /// Tells call sites apart, and kinds of lines of our own.
    pub(super) id: u64,
    pub(super) target: &'static str,
    pub(super) place: Option<(&'static str, u32)>,
    /// The fields' names in the code.
    pub(super) names: Vec<&'static str>,
    /// Whether it is one of our own kinds of line.
    pub(super) is_own: bool,
}

impl Site {
    pub(crate) fn new(metadata: &'static Metadata<'static>, rules: &Rules) -> Self {
        let mut site = Self::of(metadata.target(), *metadata.level(), rules);
        site.raw.is_own = false;
        // The address of what is static is that of nothing else.
        site.raw.id = ptr::from_ref(metadata).addr() as u64;
        site.raw.place = metadata.file().map(|file| (file, metadata.line().unwrap_or_default()));
        if let Some(file) = metadata.file() {
            let line = metadata.line().unwrap_or_default().to_string();
            let name = bounded(file, Style::Quoted);
            site.json_caller = [b",\"caller\":\"", &*name, b":", line.as_bytes(), b"\""].concat();
            site.pretty_caller = [b" caller=", &*bounded(file, Style::Bare), b":", line.as_bytes()].concat();
            site.logfmt_caller = logfmt(" caller=", &format!("{file}:{line}"));
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
    pub(crate) fn of(target: &'static str, level: Level, rules: &Rules) -> Self {
        let name = bounded(target, Style::Quoted);
        // No address has its highest bit set in a process.
        let id = hash::of([target, level.as_str()]) | OWN;
        let raw = Raw { id, target, place: None, names: Vec::new(), is_own: true };
        Self {
            level,
            rank: rank(level),
            counter: Counter::of(level, target),
            planned: Planned::default(),
            target: bounded(target, Style::Bare),
            json_head: [b"Z\",\"level\":\"", level.as_str().as_bytes(), b"\",\"target\":\"", &*name, b"\""]
                .concat(),
            json_caller: Vec::new(),
            pretty_caller: Vec::new(),
            logfmt_head: logfmt(&format!("Z level={level} target="), target),
            logfmt_caller: Vec::new(),
            keys: Vec::new(),
            hashes: Vec::new(),
            mask: 0,
            message: Message::First,
            raw,
            has_secrets: false,
            rules: rules.clone(),
        }
    }

    /// The same with keys of ours, which fields that ride on it give way to.
    pub(crate) fn knowing(mut self, labels: &[Label]) -> Self {
        for label in labels {
            self.mask |= hash::bit(label.hash);
            self.hashes.push(label.hash);
            self.raw.names.push(label.name);
            self.raw.id = (self.raw.id.rotate_left(7) ^ label.hash) | OWN;
        }
        self
    }

    fn push_key(&mut self, index: usize, key: &'static str) {
        self.raw.names.push(key);
        let is_message = key == field::MESSAGE;
        if is_message && index > 0 {
            self.message = Message::Later;
        }
        let name = if is_message { ("", key) } else { name_of(key) };
        let names = Names::new(name);
        let hash = hash_of(name);
        let same_as = self.hashes.iter().position(|known| *known == hash);
        let kind = match () {
            () if is_message => Kind::Message,
            () if self.rules.is_secret(key) => Kind::Secret,
            () => Kind::Plain,
        };
        self.has_secrets |= kind == Kind::Secret;
        self.mask |= hash::bit(hash);
        self.hashes.push(hash);
        let bits = written_bit(index) | same_as.map_or(0, written_bit);
        let plain = kind == Kind::Plain && same_as.is_none();
        let index = index as u32;
        self.keys.push(Key { names, kind, index, bits, same_as, plain, seen: Seen::default() });
    }

    /// Its target.
    #[cfg(feature = "framed")]
    pub(crate) fn target(&self) -> &'static str {
        self.raw.target
    }

    /// Where it is in the code, where that is known.
    #[cfg(feature = "framed")]
    pub(crate) fn place(&self) -> Option<(&'static str, u32)> {
        self.raw.place
    }

    /// The field at `index`.
    #[inline]
    pub(crate) fn key(&self, index: usize) -> Option<&Key> {
        self.keys.get(index)
    }

    /// The name of a field in the code.
    pub(crate) fn name_of(&self, key: &Key) -> &'static str {
        self.raw.names.get(key.index as usize).copied().unwrap_or_default()
    }

    /// The message's field, where there is one.
    pub(crate) fn message_key(&self) -> Option<&Key> {
        self.keys.iter().find(|key| key.kind == Kind::Message)
    }

    /// The message's place among the fields, where there is one.
    pub(crate) fn message_index(&self) -> Option<usize> {
        self.keys.iter().position(|key| key.kind == Kind::Message)
    }

    /// Whether a field of this name was written, given the bits of the fields that were.
    pub(super) fn has_written(&self, hash: u64, written: u64) -> bool {
        // Most often it is not there: looking for it alone is a loop the compiler makes short.
        self.hashes.contains(&hash)
            && (0..).zip(&self.hashes).any(|(index, known)| *known == hash && is_written(written, index))
    }
}

/// The bit of a field in the set of fields that were written.
pub(super) fn written_bit(index: usize) -> u64 {
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

/// `head` and behind it `text`, in quotes where it needs them.
fn logfmt(head: &str, text: &str) -> Vec<u8> {
    let mut out = Buffer::new();
    out.extend(head.as_bytes());
    push_logfmt_text(&mut out, text, head.len() + MAX_NAME);
    out.as_slice().to_vec()
}
