//! Takes fields that its caller has read already, so that a user's `Debug` runs once for all signals.

use obs_core::context::Context;
use obs_core::fields::{Fields, Value};
use tracing_core::Metadata;

use super::special::Special;
use super::{Recording, Span};

impl Span {
    /// What stands for a span that is recorded elsewhere, such as a request's: its ids are a parent's, and nothing
    /// is recorded here.
    pub fn bound(context: Context) -> Self {
        let mut bound = Self::unsampled(context);
        bound.is_bound = true;
        bound
    }

    /// As [`Span::describe`], with first fields that were read before.
    pub fn describe_by(&mut self, metadata: &'static Metadata<'static>, fields: &Fields) {
        if let Some(recording) = &mut self.recording {
            recording.place(metadata);
            recording.take_first(fields);
        }
    }

    /// As [`Span::record`], with fields that were read before.
    pub fn record_by(&mut self, fields: &Fields) {
        if let Some(recording) = &mut self.recording {
            recording.take(fields);
        }
    }
}

/// Whether a field sets a part of the span instead of an attribute.
fn is_special(key: &str, value: Value<'_>) -> bool {
    Special::is_key(key) && matches!(value, Value::Str(_))
}

impl Recording {
    fn take_first(&mut self, fields: &Fields) {
        self.take_special(fields);
        self.set_first(fields, is_special);
    }

    fn take(&mut self, fields: &Fields) {
        self.take_special(fields);
        self.set_all(fields, is_special);
    }

    fn take_special(&mut self, fields: &Fields) {
        for (key, value) in fields.iter() {
            if let (true, Value::Str(text)) = (Special::is_key(key), value) {
                self.special.set(key, text, self.fields.rules());
            }
        }
    }
}
