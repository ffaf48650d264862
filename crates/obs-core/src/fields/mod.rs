//! Typed fields of a span or event in two flat buffers: what both logs and traces render from.

mod bounded;
mod chain;
mod guarded;
#[cfg(test)]
mod tests;
#[cfg(feature = "tracing")]
mod visit;

use std::borrow::Cow;
use std::fmt::Write;

pub use bounded::Bounded;
pub use chain::Chain;
pub use guarded::{PANICKED, guarded};

use crate::redact::{self, Rules};

/// One value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Text.
    Str(&'a str),
    /// A signed integer.
    I64(i64),
    /// An unsigned integer.
    U64(u64),
    /// A float; may be NaN or infinite.
    F64(f64),
    /// True or false.
    Bool(bool),
}

macro_rules! from {
    ($($kind:ty => $value:ident),+) => {
        $(impl From<$kind> for Value<'_> {
            fn from(value: $kind) -> Self {
                Self::$value(value.into())
            }
        })+
    };
}

from!(bool => Bool, i8 => I64, i16 => I64, i32 => I64, i64 => I64, u8 => U64, u16 => U64, u32 => U64, u64 => U64, f32 => F64, f64 => F64);

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Str(value)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Str(value)
    }
}

#[derive(Clone, Copy, Debug)]
enum Stored {
    Text { start: u32, len: u32 },
    I64(i64),
    U64(u64),
    F64(f64),
    Bool(bool),
}

/// An ordered list of fields, each key once: setting a key again replaces its value. Values under secret keys (see
/// [`redact::is_secret`]) are never stored, nor are secrets inside of texts ([`redact::find`]).
///
/// Reusable: [`Fields::clear`] keeps both buffers. At most [`Fields::MAX_TEXT`] bytes of text are kept; longer texts
/// are cut and end in `…`.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    entries: Vec<(Cow<'static, str>, Stored)>,
    /// A bit for each key there may be: where it is not set, the key is none of them.
    seen: u64,
    text: String,
    /// Bytes of `text` that belong to values which were replaced.
    unused: usize,
    /// What is secret.
    rules: Rules,
}

/// Replaced text is taken out once it is at least this many bytes, and half of all or the list is full.
const COMPACT_ABOVE: usize = 1_024;

const CUT: &str = "…";

/// What a full list may grow by: one mark for each value that found no room, and what is replaced between two
/// compactions.
const MARKS: usize = COMPACT_ABOVE + (Fields::MAX_FIELDS + 1) * CUT.len();

/// One of 64 bits for a key: other keys of a list mostly have others.
#[inline]
fn bit_of(key: &str) -> u64 {
    let bytes = key.as_bytes();
    let (middle, last) = (bytes.get(bytes.len() / 2), bytes.last());
    let sum = |byte: Option<&u8>, times: usize| byte.map_or(0, |byte| usize::from(*byte) * times);
    1 << ((bytes.len() + sum(middle, 7) + sum(last, 13)) % 64)
}

impl Fields {
    /// The most text kept in one list, in bytes.
    pub const MAX_TEXT: usize = 64 * 1024;
    /// The most fields kept in one list; further keys are ignored.
    pub const MAX_FIELDS: usize = 256;

    /// An empty list; allocates nothing.
    pub const fn new() -> Self {
        Self { entries: Vec::new(), seen: 0, text: String::new(), unused: 0, rules: Rules::new() }
    }

    /// Empties the list and keeps its memory.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.seen = 0;
        self.text.clear();
        self.unused = 0;
    }

    /// What is secret from here on; default all that is known. Emptying the list does not change it.
    #[inline]
    pub fn judge_by(&mut self, rules: &Rules) {
        if !self.rules.is_same(rules) {
            self.rules = rules.clone();
        }
    }

    /// What is secret.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// How many keys.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How much memory the list holds, in use or not, in bytes: what [`Fields::clear`] would keep.
    pub fn capacity_bytes(&self) -> usize {
        self.text.capacity() + self.entries.capacity() * size_of::<(Cow<'static, str>, Stored)>()
    }

    /// Sets `key`, in its old place where it is known.
    pub fn set(&mut self, key: impl Into<Cow<'static, str>>, value: Value<'_>) {
        let key = key.into();
        let value = if self.is_secret(&key) { Value::Str(redact::REDACTED) } else { value };
        let stored = match value {
            Value::Str(text) => self.store_str(text),
            Value::I64(value) => Stored::I64(value),
            Value::U64(value) => Stored::U64(value),
            Value::F64(value) => Stored::F64(value),
            Value::Bool(value) => Stored::Bool(value),
        };
        self.put(key, stored);
    }

    /// Sets `key` to what `value` prints, without a copy in between. Where its code panics the text ends in
    /// [`PANICKED`].
    pub fn set_display(&mut self, key: impl Into<Cow<'static, str>>, value: std::fmt::Arguments<'_>) {
        let key = key.into();
        if self.is_secret(&key) {
            return self.set(key, Value::Str(""));
        }
        let stored = self.store(|all| guarded(all, value));
        let stored = self.without_secrets(stored);
        self.put(key, stored);
    }

    /// Sets `key` to the text of an error and its causes, as [`Chain`] prints them.
    pub fn set_error(
        &mut self,
        key: impl Into<Cow<'static, str>>,
        error: &(dyn std::error::Error + 'static),
    ) {
        self.set_display(key, format_args!("{}", Chain(error)));
    }

    /// Sets all fields of `later` here.
    pub fn merge(&mut self, later: &Self) {
        later.pairs().for_each(|(key, value)| self.set(key, value));
    }

    /// Makes this list the same as `other` without the fields that are `left_out`. Keeps its memory.
    pub fn copy_from(&mut self, other: &Self, mut left_out: impl FnMut(&str, Value<'_>) -> bool) {
        self.entries.clear();
        self.text.clear();
        self.text.push_str(&other.text);
        (self.seen, self.unused) = (other.seen, other.unused);
        self.entries.reserve(other.entries.len());
        for (key, stored) in &other.entries {
            if !left_out(key, other.value(*stored)) {
                self.entries.push((key.clone(), *stored));
            } else if let Stored::Text { len, .. } = stored {
                self.unused += *len as usize;
            }
        }
    }

    /// The value of `key`.
    pub fn find(&self, key: &str) -> Option<Value<'_>> {
        if self.seen & bit_of(key) == 0 {
            return None;
        }
        self.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    /// Keys and values, in the order the keys were first set.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        self.entries.iter().map(|(key, stored)| (key.as_ref(), self.value(*stored)))
    }

    #[inline]
    fn value(&self, stored: Stored) -> Value<'_> {
        match stored {
            Stored::Text { start, len } => {
                let (start, len) = (start as usize, len as usize);
                Value::Str(self.text.get(start..start + len).unwrap_or_default())
            }
            Stored::I64(value) => Value::I64(value),
            Stored::U64(value) => Value::U64(value),
            Stored::F64(value) => Value::F64(value),
            Stored::Bool(value) => Value::Bool(value),
        }
    }

    /// As [`Fields::iter`], with keys as they are held: those of the program's text are copied for nothing.
    pub fn pairs(&self) -> impl Iterator<Item = (Cow<'static, str>, Value<'_>)> {
        self.entries.iter().map(|(key, stored)| (key.clone(), self.value(*stored)))
    }

    #[inline]
    #[expect(clippy::ptr_arg, reason = "whether it is borrowed decides how it is asked")]
    fn is_secret(&self, key: &Cow<'static, str>) -> bool {
        match key {
            Cow::Borrowed(key) => self.rules.is_secret_static(key),
            Cow::Owned(key) => self.rules.is_secret(key),
        }
    }

    fn store_str(&mut self, text: &str) -> Stored {
        let judged = text.get(..Self::MOST_JUDGED).unwrap_or(text);
        if text.len() > Self::MOST_JUDGED || self.rules.is_suspicious(judged.as_bytes()) {
            return self.store_judged(text);
        }
        self.store_clean(text)
    }

    /// How much of a text is judged: more than is kept, so that a secret is seen whole before the text is cut.
    const MOST_JUDGED: usize = Self::MAX_TEXT + Self::BEYOND;
    const BEYOND: usize = 2 * 1_024;

    #[cold]
    fn store_judged(&mut self, text: &str) -> Stored {
        let mut end = text.len().min(Self::MOST_JUDGED);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let rules = self.rules.clone();
        let clean = rules.redact(&text[..end]);
        if end == text.len() {
            return self.store_clean(&clean);
        }
        // With secrets out, what is kept could reach as far as where half of one may stand.
        let mut kept = clean.len().saturating_sub(Self::BEYOND);
        while !clean.is_char_boundary(kept) {
            kept -= 1;
        }
        self.store(|all| {
            // What finds no room is marked as this is.
            let _ = all.write_str(&clean[..kept]).and_then(|()| all.write_str(CUT));
        })
    }

    /// Takes the secrets out of a text that was stored last.
    #[inline]
    fn without_secrets(&mut self, stored: Stored) -> Stored {
        match stored {
            Stored::Text { start, .. }
                if self.rules.is_suspicious(&self.text.as_bytes()[start as usize..]) =>
            {
                self.replace_secrets(start as usize)
            }
            stored => stored,
        }
    }

    #[cold]
    fn replace_secrets(&mut self, start: usize) -> Stored {
        if let Cow::Owned(clean) = self.rules.redact(&self.text[start..]) {
            self.text.truncate(start);
            return self.store_clean(&clean);
        }
        Stored::Text { start: start as u32, len: (self.text.len() - start) as u32 }
    }

    fn store_clean(&mut self, text: &str) -> Stored {
        let start = self.text.len();
        // Below half of the bound the text may grow as it likes.
        if start + text.len() > Self::MAX_TEXT / 2 {
            return self.store_long(text);
        }
        self.text.push_str(text);
        Stored::Text { start: start as u32, len: text.len() as u32 }
    }

    #[cold]
    fn store_long(&mut self, text: &str) -> Stored {
        self.store(|all| {
            // What finds no room is marked.
            let _ = all.write_str(text);
        })
    }

    fn store(&mut self, write: impl FnOnce(&mut Bounded<'_>)) -> Stored {
        let start = self.text.len();
        let mut bounded = Bounded::new(&mut self.text, Self::MAX_TEXT);
        write(&mut bounded);
        if bounded.is_cut() {
            self.mark_cut(start);
        }
        Stored::Text { start: start as u32, len: (self.text.len() - start) as u32 }
    }

    /// Puts the mark where the value that begins at `start` was cut.
    #[cold]
    fn mark_cut(&mut self, start: usize) {
        let mut end = Self::MAX_TEXT.saturating_sub(CUT.len()).max(start);
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        self.text.truncate(end);
        if self.text.capacity() - self.text.len() < CUT.len() {
            self.text.reserve_exact(MARKS);
        }
        self.text.push_str(CUT);
    }

    /// Takes replaced text out, so that a field that is set again and again never fills the list.
    fn compact(&mut self) {
        let full = self.text.len() > Self::MAX_TEXT;
        if self.unused < COMPACT_ABOVE || !full && self.unused * 2 < self.text.len() {
            return;
        }
        let mut kept = String::with_capacity(self.text.len() - self.unused);
        for (_, stored) in &mut self.entries {
            if let Stored::Text { start, len } = stored {
                let begin = *start as usize;
                *start = kept.len() as u32;
                kept.push_str(self.text.get(begin..begin + *len as usize).unwrap_or_default());
            }
        }
        self.text = kept;
        self.unused = 0;
    }

    #[inline]
    fn put(&mut self, key: Cow<'static, str>, stored: Stored) {
        let bit = bit_of(&key);
        if self.seen & bit == 0 && self.entries.len() < Self::MAX_FIELDS {
            self.seen |= bit;
            self.entries.push((key, stored));
        } else {
            self.put_among(key, stored);
        }
    }

    /// Of a key that may be one of those there are.
    fn put_among(&mut self, key: Cow<'static, str>, stored: Stored) {
        if let Some((_, old)) = self.entries.iter_mut().find(|(known, _)| *known == key) {
            if let Stored::Text { len, .. } = std::mem::replace(old, stored) {
                self.unused += len as usize;
                self.compact();
            }
        } else if self.entries.len() < Self::MAX_FIELDS {
            self.seen |= bit_of(&key);
            self.entries.push((key, stored));
        } else {
            self.refuse(stored);
        }
    }

    #[cold]
    fn refuse(&mut self, stored: Stored) {
        // Nothing would ever take out what no entry points to.
        if let Stored::Text { start, .. } = stored {
            self.text.truncate(start as usize);
        }
    }
}
