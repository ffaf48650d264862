//! Typed fields of a span or event in two flat buffers: what both logs and traces render from.

mod bounded;
mod chain;
mod guarded;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_first_place_and_their_last_value() {
        let mut fields = Fields::new();
        fields.set("a", Value::I64(1));
        fields.set("b", Value::Str("x"));
        fields.set("a", Value::Bool(true));
        fields.set_display("c", format_args!("{}-{}", 1, 2));
        let all: Vec<_> = fields.iter().collect();
        assert_eq!(all, [("a", Value::Bool(true)), ("b", Value::Str("x")), ("c", Value::Str("1-2"))]);
    }

    #[test]
    fn keys_whose_bits_meet_are_told_apart() {
        let mut fields = Fields::new();
        for round in 0..2 {
            for key in 0..200_u64 {
                assert_eq!(fields.find(&format!("key{key}")).is_some(), round > 0);
                fields.set(format!("key{key}"), Value::U64(key + round));
            }
        }
        assert_eq!(fields.len(), 200);
        assert!((0..200).all(|key| fields.find(&format!("key{key}")) == Some(Value::U64(key + 1))));
        let mut copy = Fields::new();
        copy.copy_from(&fields, |key, _| key == "key7");
        copy.set("key8", Value::Bool(true));
        copy.set("key7", Value::Bool(true));
        assert_eq!((copy.len(), copy.find("key8")), (200, Some(Value::Bool(true))));
        copy.clear();
        assert_eq!(copy.find("key8"), None);
    }

    #[test]
    fn merging_sets_what_came_later() {
        let (mut fields, mut later) = (Fields::new(), Fields::new());
        fields.set("a", Value::I64(1));
        fields.set("b", Value::Str("x"));
        later.set("b", Value::Str("y"));
        later.set(String::from("c"), Value::Bool(true));
        fields.merge(&later);
        let all: Vec<_> = fields.iter().collect();
        assert_eq!(all, [("a", Value::I64(1)), ("b", Value::Str("y")), ("c", Value::Bool(true))]);
    }

    #[test]
    fn a_copy_is_whole_or_without_what_is_left_out() {
        let (mut fields, mut copy) = (Fields::new(), Fields::new());
        copy.set("old", Value::Str("gone"));
        for (key, value) in [("a", Value::I64(1)), ("b", Value::Str("x")), ("c", Value::Str("y"))] {
            fields.set(key, Value::Str("replaced"));
            fields.set(key, value);
        }
        copy.copy_from(&fields, |_, _| false);
        assert!(copy.iter().eq(fields.iter()));
        copy.set("b", Value::Str("later"));
        assert_eq!(copy.find("c"), Some(Value::Str("y")));
        copy.copy_from(&fields, |key, _| key == "b");
        let all: Vec<_> = copy.iter().collect();
        assert_eq!(all, [("a", Value::I64(1)), ("c", Value::Str("y"))]);
    }

    #[test]
    fn secrets_are_never_stored() {
        let mut fields = Fields::new();
        fields.set("password", Value::Str("hunter2"));
        fields.set_display("api_key", format_args!("hunter2"));
        fields.set("pin", Value::U64(1234));
        assert!(fields.iter().all(|(_, value)| value == Value::Str(redact::REDACTED)), "{fields:?}");
        assert!(!format!("{fields:?}").contains("hunter2"));
    }

    #[test]
    fn secrets_inside_of_texts_are_never_stored_and_what_is_beside_them_is() {
        let mut fields = Fields::new();
        fields.set("a", Value::Str("x=1 password=hunter2 y=2"));
        fields.set_display("b", format_args!("{}ord{}hunt{}", "passw", "=", "er2 y=2"));
        fields.set("c", Value::Str("clean"));
        let long = format!(
            "{}password=hunter2 {}",
            "a ".repeat(Fields::MAX_TEXT / 2 - 100),
            "pwd=hunter2 ".repeat(20_000)
        );
        let mut other = Fields::new();
        other.set("long", Value::Str(&long));
        assert!(!other.text.contains("hunt") && other.text.ends_with(CUT), "{}", other.text.len());
        let all: Vec<_> = fields.iter().map(|(_, value)| value).collect();
        let expected = ["x=1 password=[redacted] y=2", "password=[redacted] y=2", "clean"];
        assert_eq!(all, expected.map(Value::Str));
        assert!(!fields.text.contains("hunter2"));
    }

    #[test]
    fn rules_of_ones_own_are_kept_when_the_list_is_emptied() {
        let mut fields = Fields::new();
        fields.judge_by(&Rules::new().secret_key("iban").plain_key("token").without_patterns());
        fields.clear();
        for key in ["iban", "token", "text"] {
            fields.set(key, Value::Str("pin=12345"));
        }
        let all: Vec<_> = fields.iter().map(|(_, value)| value).collect();
        assert_eq!(all, [redact::REDACTED, "pin=12345", "pin=12345"].map(Value::Str));
    }

    #[test]
    fn a_field_that_is_set_again_and_again_never_fills_the_list() {
        let mut fields = Fields::new();
        fields.set("other", Value::Str("kept"));
        for n in 0..10_000 {
            fields.set_display("state", format_args!("this is state number {n}"));
        }
        assert_eq!(fields.find("state"), Some(Value::Str("this is state number 9999")));
        assert_eq!(fields.find("other"), Some(Value::Str("kept")));
        assert!(fields.text.capacity() < 8 * COMPACT_ABOVE, "{}", fields.text.capacity());
    }

    #[test]
    fn a_value_whose_code_panics_is_marked_and_the_rest_stays() {
        struct Mad;
        impl std::fmt::Debug for Mad {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("half")?;
                panic!("no")
            }
        }
        let mut fields = Fields::new();
        fields.set("a", Value::Str("x"));
        fields.set_display("b", format_args!("{:?}", Mad));
        let all: Vec<_> = fields.iter().collect();
        assert_eq!(all, [("a", Value::Str("x")), ("b", Value::Str("half[panicked]"))]);
    }

    #[test]
    fn an_error_brings_its_causes() {
        #[derive(Debug)]
        struct Outer(std::num::ParseIntError);
        impl std::fmt::Display for Outer {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("no such port")
            }
        }
        impl std::error::Error for Outer {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                Some(&self.0)
            }
        }
        let mut fields = Fields::new();
        fields.set_error("error", &Outer("x".parse::<u8>().unwrap_err()));
        assert_eq!(fields.find("error"), Some(Value::Str("no such port: invalid digit found in string")));
    }

    #[test]
    fn text_and_count_are_bounded_and_a_cut_is_marked() {
        let mut fields = Fields::new();
        fields.set("a", Value::Str(&"é".repeat(Fields::MAX_TEXT)));
        let Some(Value::Str(text)) = fields.find("a") else { panic!() };
        assert!(text.len() <= Fields::MAX_TEXT && text.ends_with("é…"));
        fields.set("b", Value::Str("later"));
        assert_eq!(fields.find("b"), Some(Value::Str("…")));
        for n in 0..Fields::MAX_FIELDS + 5 {
            fields.set(format!("k{n}"), Value::U64(n as u64));
        }
        assert_eq!(fields.len(), Fields::MAX_FIELDS);
    }

    /// Prints until it is told to stop, and counts the bytes it got rid of.
    struct Endless(std::cell::Cell<usize>);

    impl std::fmt::Debug for Endless {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            loop {
                f.write_str("0123456789")?;
                self.0.set(self.0.get() + 10);
            }
        }
    }

    const MOST: usize = Fields::MAX_TEXT + MARKS;

    #[test]
    fn a_value_that_prints_for_ever_is_stopped() {
        let (mut fields, endless) = (Fields::new(), Endless(0.into()));
        fields.set("a", Value::Str("x"));
        fields.set_display("b", format_args!("{endless:?}"));
        let Some(Value::Str(text)) = fields.find("b") else { panic!() };
        assert!(text.starts_with("0123456789") && text.ends_with("…"));
        assert_eq!(fields.text.len(), Fields::MAX_TEXT);
        assert!(endless.0.get() <= Fields::MAX_TEXT, "{:?}", endless.0);
        fields.set_display("c", format_args!("{endless:?}"));
        assert_eq!(fields.find("c"), Some(Value::Str("…")));
        assert!(fields.text.capacity() <= MOST, "{}", fields.text.capacity());
    }

    #[test]
    fn memory_is_bounded_however_the_list_is_filled() {
        let huge = "x".repeat(10 * Fields::MAX_TEXT);
        for size in [7, 1_000, 40_000, huge.len()] {
            let mut fields = Fields::new();
            for n in 0..2_000 {
                fields.set(format!("k{}", n % (Fields::MAX_FIELDS + 20)), Value::Str(&huge[..size]));
                assert!(fields.text.capacity() <= MOST, "{size} {n} {}", fields.text.capacity());
            }
            for n in 0..20_000 {
                fields.set_display("k1", format_args!("{}{n}", &huge[..size.min(500)]));
                assert!(fields.text.capacity() <= MOST, "{size} {n} {}", fields.text.capacity());
            }
            assert!(fields.text.len() >= fields.unused);
            assert!(fields.capacity_bytes() >= fields.text.capacity());
        }
    }

    #[test]
    fn a_refused_key_leaves_no_text() {
        let mut fields = Fields::new();
        for n in 0..Fields::MAX_FIELDS {
            fields.set(format!("k{n}"), Value::Str("kept"));
        }
        let before = fields.text.clone();
        for n in 0..1_000 {
            fields.set(format!("more{n}"), Value::Str("refused"));
            fields.set_display(format!("others{n}"), format_args!("refused {n}"));
        }
        fields.set_display("endless", format_args!("{:?}", Endless(0.into())));
        assert_eq!(fields.text, before);
        fields.set("k0", Value::Str("new"));
        assert_eq!(fields.find("k0"), Some(Value::Str("new")));
        assert_eq!(fields.find("k1"), Some(Value::Str("kept")));
        assert_eq!(fields.len(), Fields::MAX_FIELDS);
    }
}
