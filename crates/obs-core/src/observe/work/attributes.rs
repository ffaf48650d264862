//! The attributes of one operation, on the stack.

use crate::fields::Value;

/// A list of attributes that allocates nothing. What does not fit is left out; there is room for all that the conventions have for
/// one operation.
#[derive(Debug)]
pub struct Attributes<'a> {
    pairs: [(&'static str, Value<'a>); Attributes::MOST],
    len: usize,
}

impl<'a> Attributes<'a> {
    /// How many there may be.
    pub const MOST: usize = 24;

    pub(super) fn new() -> Self {
        Self { pairs: [("", Value::Bool(false)); Self::MOST], len: 0 }
    }

    /// A text; an empty one is none.
    pub fn text(&mut self, key: &'static str, value: &'a str) {
        if !value.is_empty() {
            self.put(key, Value::Str(value));
        }
    }

    /// A number.
    pub fn number(&mut self, key: &'static str, value: i64) {
        self.put(key, Value::I64(value));
    }

    /// Any value.
    pub fn put(&mut self, key: &'static str, value: Value<'a>) {
        if let Some(slot) = self.pairs.get_mut(self.len) {
            *slot = (key, value);
            self.len += 1;
        }
    }

    pub(super) fn as_slice(&self) -> &[(&'static str, Value<'a>)] {
        &self.pairs[..self.len]
    }
}
