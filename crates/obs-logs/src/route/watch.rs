//! What routes want to know of a line, noted while it is written.

use std::fmt;

use obs_core::fields::{Fields, Value};

use super::condition::{Fact, FieldIs, MODULE};
use super::glob::Module;

/// One thing to watch for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Watched {
    /// On the event, a span or the request; what is innermost counts.
    Field(FieldIs),
    /// On the event alone.
    Module(Module),
}

/// The answers of one line.
pub(crate) struct Watch<'a> {
    watched: &'a [Watched],
    /// What is known of each, where its field was seen.
    answers: &'a mut Vec<Option<bool>>,
    text: &'a mut String,
}

impl Watched {
    pub(super) fn of(fact: &Fact) -> Option<Self> {
        match fact {
            Fact::Field(field) => Some(Self::Field(field.clone())),
            Fact::Module(module) => Some(Self::Module(module.clone())),
            _ => None,
        }
    }

    fn is(&self, fact: &Fact) -> bool {
        match (self, fact) {
            (Self::Field(one), Fact::Field(other)) => one == other,
            (Self::Module(one), Fact::Module(other)) => one == other,
            _ => false,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Field(field) => &field.name,
            Self::Module(_) => MODULE,
        }
    }

    fn judge(&self, value: Value<'_>, text: &mut String) -> bool {
        let test = match (self, value) {
            (Self::Module(module), Value::Str(value)) => return module.matches(value),
            (Self::Module(_), _) => return false,
            (Self::Field(field), _) => &field.value,
        };
        let mut number =
            |number: f64, printed: fmt::Arguments<'_>| test.is_met_by_number(number, printed, text);
        match value {
            Value::Str(value) => test.is_met_by_text(value),
            Value::Bool(value) => test.is_met_by_text(if value { "true" } else { "false" }),
            Value::I64(value) => number(value as f64, format_args!("{value}")),
            Value::U64(value) => number(value as f64, format_args!("{value}")),
            Value::F64(value) => number(value, format_args!("{value}")),
        }
    }
}

impl<'a> Watch<'a> {
    pub(crate) fn new(
        watched: &'a [Watched],
        answers: &'a mut Vec<Option<bool>>,
        text: &'a mut String,
    ) -> Self {
        answers.clear();
        answers.resize(watched.len(), None);
        Self { watched, answers, text }
    }

    /// Whether it wants to know a field of this name.
    #[inline]
    pub(crate) fn asks(&self, name: &str) -> bool {
        self.watched.iter().any(|watched| watched.name() == name)
    }

    /// A field of the event's, or one of our own.
    pub(crate) fn own(&mut self, name: &str, value: Value<'_>) {
        self.see(name, value, true);
    }

    /// Fields of a span or of the request.
    pub(crate) fn around(&mut self, fields: &Fields) {
        fields.iter().for_each(|(name, value)| self.see(name, value, false));
    }

    /// The first value counts: what is further out comes later.
    fn see(&mut self, name: &str, value: Value<'_>, own: bool) {
        for (watched, answer) in self.watched.iter().zip(self.answers.iter_mut()) {
            let counts = own || matches!(watched, Watched::Field(_));
            if answer.is_none() && counts && watched.name() == name {
                *answer = Some(watched.judge(value, self.text));
            }
        }
    }

    pub(super) fn is_so(&self, fact: &Fact) -> bool {
        let mut pairs = self.watched.iter().zip(self.answers.iter());
        pairs.find(|(watched, _)| watched.is(fact)).is_some_and(|(_, answer)| *answer == Some(true))
    }
}
