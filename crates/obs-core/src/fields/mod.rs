//! Typed fields of a span or event in two flat buffers: what both logs and traces render from.

#[cfg(feature = "tracing")]
mod visit;

use std::borrow::Cow;

use crate::redact;

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

#[derive(Clone, Copy, Debug)]
enum Stored {
    Text { start: u32, len: u32 },
    I64(i64),
    U64(u64),
    F64(f64),
    Bool(bool),
}

/// An ordered list of fields, each key once: setting a key again replaces its value. Values under secret keys (see
/// [`redact::is_secret`]) are never stored.
///
/// Reusable: [`Fields::clear`] keeps both buffers. At most [`Fields::MAX_TEXT`] bytes of text are kept; longer texts
/// are cut and end in `…`.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    entries: Vec<(Cow<'static, str>, Stored)>,
    text: String,
}

const CUT: &str = "…";

impl Fields {
    /// The most text kept in one list, in bytes.
    pub const MAX_TEXT: usize = 64 * 1024;
    /// The most fields kept in one list; further keys are ignored.
    pub const MAX_FIELDS: usize = 256;

    /// An empty list; allocates nothing.
    pub const fn new() -> Self {
        Self { entries: Vec::new(), text: String::new() }
    }

    /// Empties the list and keeps its memory.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.text.clear();
    }

    /// How many keys.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Sets `key`, in its old place where it is known.
    pub fn set(&mut self, key: impl Into<Cow<'static, str>>, value: Value<'_>) {
        let key = key.into();
        let value = if redact::is_secret(&key) { Value::Str(redact::REDACTED) } else { value };
        let stored = match value {
            Value::Str(text) => self.store(|all| all.push_str(text)),
            Value::I64(value) => Stored::I64(value),
            Value::U64(value) => Stored::U64(value),
            Value::F64(value) => Stored::F64(value),
            Value::Bool(value) => Stored::Bool(value),
        };
        self.put(key, stored);
    }

    /// Sets `key` to what `value` prints, without a copy in between. A `value` that panics leaves the list as it was.
    pub fn set_display(&mut self, key: impl Into<Cow<'static, str>>, value: std::fmt::Arguments<'_>) {
        let key = key.into();
        if redact::is_secret(&key) {
            return self.set(key, Value::Str(""));
        }
        let stored = self.store(|all| {
            // Writing to a `String` fails only when the value's own code says so; what it wrote until then is kept.
            let _ = std::fmt::Write::write_fmt(all, value);
        });
        self.put(key, stored);
    }

    /// The value of `key`.
    pub fn find(&self, key: &str) -> Option<Value<'_>> {
        self.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    /// Keys and values, in the order the keys were first set.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        self.entries.iter().map(|(key, stored)| {
            let value = match *stored {
                Stored::Text { start, len } => {
                    let (start, len) = (start as usize, len as usize);
                    Value::Str(self.text.get(start..start + len).unwrap_or_default())
                }
                Stored::I64(value) => Value::I64(value),
                Stored::U64(value) => Value::U64(value),
                Stored::F64(value) => Value::F64(value),
                Stored::Bool(value) => Value::Bool(value),
            };
            (key.as_ref(), value)
        })
    }

    fn store(&mut self, write: impl FnOnce(&mut String)) -> Stored {
        let start = self.text.len();
        write(&mut self.text);
        if self.text.len() > Self::MAX_TEXT {
            let mut end = Self::MAX_TEXT.saturating_sub(CUT.len()).max(start);
            while !self.text.is_char_boundary(end) {
                end -= 1;
            }
            self.text.truncate(end.max(start));
            self.text.push_str(CUT);
        }
        Stored::Text { start: start as u32, len: (self.text.len() - start) as u32 }
    }

    fn put(&mut self, key: Cow<'static, str>, stored: Stored) {
        if let Some((_, old)) = self.entries.iter_mut().find(|(known, _)| *known == key) {
            // The old text stays behind in the buffer until `clear`; MAX_TEXT bounds it.
            *old = stored;
        } else if self.entries.len() < Self::MAX_FIELDS {
            self.entries.push((key, stored));
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
    fn secrets_are_never_stored() {
        let mut fields = Fields::new();
        fields.set("password", Value::Str("hunter2"));
        fields.set_display("api_key", format_args!("hunter2"));
        fields.set("pin", Value::U64(1234));
        assert!(fields.iter().all(|(_, value)| value == Value::Str(redact::REDACTED)), "{fields:?}");
        assert!(!format!("{fields:?}").contains("hunter2"));
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
}
